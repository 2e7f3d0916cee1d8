"""`doit get_course_data COURSE… --table T`: a table of courses as files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edxtasks.build.context import dataset_of
from edxtasks.build.downloads import Source
from edxtasks.commands.download import Download, Warehouses, checked_project, flag
from edxtasks.commands.plain import Request
from edxtasks.commands.tables import table_of_option
from edxtasks.warehouse.base import TableName


class GetCourseData(Download):
    """Write a table of courses to files."""

    name = "get_course_data"
    doc_purpose = "write a table of courses to CSV or JSON files"
    doc_usage = "--table=TABLE COURSE ..."
    doc_description = "Files DATASET__TABLE.csv in the current folder, or one file for all."
    takes_courses = True
    heeds: ClassVar[tuple[str, ...]] = ("table", *Download.heeds)
    means: ClassVar[Mapping[str, str]] = {"table": "the table", **Download.means}
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (
        *Download.cmd_options,
        flag("add_courseid", "course_id as the first column, where there is none"),
    )

    def sources(self, request: Request, warehouses: Warehouses) -> list[Source]:
        """The table of each chosen course."""
        table, project = table_of_option(request), checked_project(request.options["project_id"])
        return [
            Source(
                warehouses.of(project),
                TableName(dataset_of(course, request.settings), table),
                project,
                course if request.options["add_courseid"] else None,
            )
            for course in request.courses
        ]
