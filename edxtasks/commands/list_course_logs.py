"""`doit list_course_logs COURSE`: which days of the tracking log of a course are loaded."""

from __future__ import annotations

from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.commands.tables import print_json, print_text, require_dataset, warehouse_to_read
from edxtasks.course import CourseKey


class ListCourseLogs(DataCommand):
    """List the tables of the log dataset of a course."""

    name = "list_course_logs"
    doc_purpose = "list the day tables of the tracking log of a course"
    doc_usage = "COURSE ..."
    doc_description = (
        "Their number, and a JSON list of the names, sorted; of several courses each begins with a line that "
        "names the course."
    )
    takes_courses = True
    only_looks = True

    def perform(self, request: Request) -> int:
        """A number and a JSON list a course."""
        warehouse = warehouse_to_read(request.settings)

        def tell(course: CourseKey) -> None:
            require_dataset(warehouse, course.logs_dataset)
            names = sorted(warehouse.table_types(course.logs_dataset))
            if len(request.courses) > 1:
                print_text(f"Course {course}, logs=\n")
            print_text(f"{len(names)}\n")
            print_json(names)

        return each_course(request, tell)
