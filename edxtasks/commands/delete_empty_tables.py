"""`doit delete_empty_tables COURSE…`: remove the tables without rows from the log dataset of a course."""

from __future__ import annotations

from edxtasks.build.context import check_owner, owner_of_logs
from edxtasks.build.log_days import lock_name
from edxtasks.commands.plain import DataCommand, Request, each_course
from edxtasks.commands.tables import SKIPRUN, delete
from edxtasks.course import CourseKey
from edxtasks.printable import say
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import TableName


class DeleteEmptyTables(DataCommand):
    """Remove empty day tables. Other datasets are never touched."""

    name = "delete_empty_tables"
    doc_purpose = "remove the tables without rows from the log datasets of courses"
    doc_usage = "COURSE ..."
    doc_description = "Each table is named. It asks nothing: --skiprun only names them."
    takes_courses = True
    cmd_options = (SKIPRUN,)

    def perform(self, request: Request) -> int:
        """A line a table."""
        warehouse = open_warehouse(request.settings)

        def clear(course: CourseKey) -> None:
            dataset = course.logs_dataset
            if not warehouse.has_dataset(dataset):
                say(f"{course}: there is no dataset {dataset}")
                return
            # No load of this course may fill a table between the look at it and its end.
            with warehouse.lock(lock_name(course)):
                warehouse.refresh(dataset)
                check_owner(warehouse, dataset, owner_of_logs(course))
                found = False
                types = warehouse.table_types(dataset)
                for table, state in sorted(warehouse.states(dataset).items()):
                    if types[table] != "TABLE":
                        continue  # a view has no rows of its own
                    name = TableName(dataset, table)
                    if state.fault:
                        say(f"{name} is left as it is: {state.fault}")
                        continue
                    info = warehouse.info(name)
                    if info is None or info.rows:
                        continue
                    found = True
                    delete(warehouse, name, request.options["skiprun"])
                if not found:
                    say(f"{course}: no table of {dataset} is empty")

        return each_course(request, clear)
