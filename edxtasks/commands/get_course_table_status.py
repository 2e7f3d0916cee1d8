"""`doit get_course_table_status COURSE… --table T`: whether courses have a table, how large and how old."""

from __future__ import annotations

from collections import Counter

from edxtasks.build.table_status import HEADER, status_of
from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.commands.tables import print_text, table_of_option, warehouse_to_read
from edxtasks.course import CourseKey
from edxtasks.printable import quantity, say


class GetCourseTableStatus(DataCommand):
    """Tell the status of a table of courses."""

    name = "get_course_table_status"
    doc_purpose = "tell whether courses have a table, with its size and times"
    doc_usage = "--table=TABLE COURSE ..."
    doc_description = (
        "CSV, a line a course; times are UTC, None for no table. The totals go to the standard error."
    )
    takes_courses = True
    heeds = ("table",)
    means = {"table": "the table"}
    only_looks = True
    cmd_options = (
        {
            "name": "output_format_json",
            "long": "output-format-json",
            "type": bool,
            "default": False,
            "help": "JSON lines in place of CSV",
        },
    )

    def perform(self, request: Request) -> int:
        """A line a course."""
        table, warehouse = table_of_option(request), warehouse_to_read(request.settings)
        in_json = request.options["output_format_json"]
        found: Counter[bool] = Counter()
        if not in_json:
            print_text(f"{HEADER}\n")

        def tell(course: CourseKey) -> None:
            status = status_of(warehouse, request.settings, course, table)
            found[status.exists] += 1
            print_text(f"{status.json_line() if in_json else status.line()}\n")

        ended = each_course(request, tell)
        say(f"{quantity(found[True], 'table')} found")
        say(f"{quantity(found[False], 'table')} missing")
        return ended
