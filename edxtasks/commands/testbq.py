"""`doit testbq`: whether the warehouse can be reached, and what datasets it has."""

from __future__ import annotations

from edxtasks.commands.plain import DataCommand, Request
from edxtasks.commands.tables import print_json, warehouse_to_read


class TestBigQuery(DataCommand):
    """List the datasets."""

    __test__ = False
    name = "testbq"
    doc_purpose = "test the access to the warehouse: list its datasets"
    doc_usage = "[--config=FILE]"
    doc_description = "A JSON list of the names. On BigQuery it shows that signing in works."
    only_looks = True

    def perform(self, request: Request) -> int:
        """A JSON list."""
        print_json(warehouse_to_read(request.settings).datasets())
        return 0
