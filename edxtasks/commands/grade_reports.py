"""`doit grade_reports COURSE…`: where grade reports of the instructor dashboard are to be put."""

from __future__ import annotations

from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory
from edxtasks.dumps.grade_reports import where_to_put


class GradeReports(DataCommand):
    """Say how to get a grade report and where it goes. Nothing is downloaded."""

    name = "grade_reports"
    doc_purpose = "say where to put the grade reports of the instructor dashboard"
    doc_usage = "COURSE ..."
    doc_description = "make_uic reads a report once it is there. edxtasks does not sign in to the dashboard."
    takes_courses = True
    heeds = ("course_base_dir",)

    def perform(self, request: Request) -> int:
        """A line a course."""

        def tell(course: CourseKey) -> None:
            print(where_to_put(course, course_directory(course, request.settings)))

        return each_course(request, tell)
