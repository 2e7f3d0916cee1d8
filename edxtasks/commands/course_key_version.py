"""`doit course_key_version COURSE…`: which form of keys the events of a course use."""

from __future__ import annotations

from edxtasks.build.log_days import log_directory
from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.course import CourseKey
from edxtasks.logs.key_version import key_version


class CourseKeyVersion(DataCommand):
    """Tell whether the events of courses have keys of old or opaque keys."""

    name = "course_key_version"
    doc_purpose = (
        "tell whether the events of a course have keys of the old form (standard) or opaque ones (v1)"
    )
    doc_usage = "COURSE ..."
    doc_description = "Looks into one split log of each course."
    takes_courses = True
    heeds = ("logs_dir",)

    def perform(self, request: Request) -> int:
        """A line a course."""
        directory = log_directory(request.settings)

        def tell(course: CourseKey) -> None:
            print(f"--> {course}: {key_version(directory, course)}")

        return each_course(request, tell)
