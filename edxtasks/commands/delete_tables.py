"""`doit delete_tables COURSE… --table T`: remove a table of courses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from edxtasks.build.context import check_owner, dataset_of, owner_of
from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.commands.tables import SKIPRUN, delete, table_of_option
from edxtasks.course import CourseKey
from edxtasks.printable import say
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import TableName


class DeleteTables(DataCommand):
    """Remove a table from the datasets of courses."""

    name = "delete_tables"
    doc_purpose = "remove a table of courses"
    doc_usage = "--table=TABLE COURSE ..."
    doc_description = (
        "Each table is named, then removed. It asks nothing: --skiprun only names them. A course without the "
        "table is told. The next run makes the table again; files that were written from it stay."
    )
    takes_courses = True
    heeds: ClassVar[tuple[str, ...]] = ("table",)
    means: ClassVar[Mapping[str, str]] = {"table": "the table"}
    cmd_options = (SKIPRUN,)

    def table(self, request: Request) -> str:
        """The table to be removed."""
        return table_of_option(request)

    def perform(self, request: Request) -> int:
        """A line a table."""
        table, warehouse = self.table(request), open_warehouse(request.settings)

        def remove(course: CourseKey) -> None:
            name = TableName(dataset_of(course, request.settings), table)
            if table not in warehouse.states(name.dataset):
                say(f"{course}: there is no table {name}")
                return
            with warehouse.lock(name):  # a run may be building it
                warehouse.refresh(name.dataset)
                check_owner(warehouse, name.dataset, owner_of(course, request.settings))
                delete(warehouse, name, request.options["skiprun"])

        return each_course(request, remove)
