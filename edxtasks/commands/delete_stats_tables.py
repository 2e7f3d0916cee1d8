"""`doit delete_stats_tables COURSE…`: remove the table `stats_activity_by_day` of courses."""

from __future__ import annotations

from typing import ClassVar

from edxtasks.commands.delete_tables import DeleteTables
from edxtasks.commands.plain import Request


class DeleteStatsTables(DeleteTables):
    """`delete_tables` of one table, which programs before this one made."""

    name = "delete_stats_tables"
    doc_purpose = "remove the table stats_activity_by_day of courses"
    doc_usage = "COURSE ..."
    doc_description = "Each table is named, then removed. It asks nothing: --skiprun only names them."
    heeds: ClassVar[tuple[str, ...]] = ()

    def table(self, request: Request) -> str:
        """The table to be removed."""
        return "stats_activity_by_day"
