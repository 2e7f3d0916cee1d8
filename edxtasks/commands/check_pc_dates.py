"""`doit check_pc_dates COURSE…`: when `person_course` of courses was last changed."""

from __future__ import annotations

from edxtasks.build.table_status import status_of, time_text
from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.commands.tables import print_text, warehouse_to_read
from edxtasks.course import CourseKey


class CheckPcDates(DataCommand):
    """Tell the age of the table of persons."""

    name = "check_pc_dates"
    doc_purpose = "tell when person_course of courses was last changed"
    doc_usage = "COURSE ..."
    doc_description = (
        "A line a course: COURSE: YYYY-MM-DD HH:MM:SS (UTC), or None where there is no such table."
    )
    takes_courses = True
    only_looks = True

    def perform(self, request: Request) -> int:
        """A line a course."""
        warehouse = warehouse_to_read(request.settings)

        def tell(course: CourseKey) -> None:
            status = status_of(warehouse, request.settings, course, "person_course")
            print_text(f"{course}: {time_text(status.modified)}\n")

        return each_course(request, tell)
