"""`doit get_course_tables COURSE…`: the tables of courses."""

from __future__ import annotations

from edxtasks.build.context import dataset_of
from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.commands.tables import print_json, print_text, require_dataset, warehouse_to_read
from edxtasks.course import CourseKey


class GetCourseTables(DataCommand):
    """List the tables of courses."""

    name = "get_course_tables"
    doc_purpose = "list the tables of courses"
    doc_usage = "COURSE ..."
    doc_description = "For each course a line with its key, and a JSON list of the names, sorted."
    takes_courses = True
    only_looks = True

    def perform(self, request: Request) -> int:
        """A line and a JSON list a course."""
        warehouse = warehouse_to_read(request.settings)

        def tell(course: CourseKey) -> None:
            dataset = dataset_of(course, request.settings)
            require_dataset(warehouse, dataset)
            names = sorted(warehouse.table_types(dataset))
            print_text(f"Course {course}, tables=\n")
            print_json(names)

        return each_course(request, tell)
