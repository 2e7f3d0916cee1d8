"""`doit course_key_version COURSE…`: which form of keys the events of a course use."""

from __future__ import annotations

from edxtasks.build.log_days import log_directory
from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.course import CourseKey
from edxtasks.logs.key_version import key_version


class CourseKeyVersion(DataCommand):
    """Report whether the events of courses use old or opaque keys."""

    name = "course_key_version"
    doc_purpose = "report whether a course's events use old keys (standard) or opaque keys (v1)"
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
