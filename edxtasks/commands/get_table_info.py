"""`doit get_table_info DATASET TABLE`: columns, size and times of a table."""

from __future__ import annotations

from edxtasks.build.table_status import time_text
from edxtasks.commands.ending import FAILED
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.commands.tables import (
    print_json,
    require_dataset,
    table_id,
    table_of_words,
    warehouse_to_read,
)
from edxtasks.printable import say
from edxtasks.warehouse.missing import missing_table


class GetTableInfo(DataCommand):
    """Tell what the warehouse knows of a table, without its rows."""

    name = "get_table_info"
    doc_purpose = "tell the columns, size and times of a table"
    doc_usage = "DATASET TABLE"
    doc_description = (
        "JSON; times are UTC. Of a table that is not there: null, and exit status 1. A course key stands for "
        "its dataset."
    )
    takes_words = 2
    heeds = ("table", "dataset_latest")
    means = {"table": "the table"}
    only_looks = True

    def perform(self, request: Request) -> int:
        """A JSON object, or null."""
        warehouse, name = warehouse_to_read(request.settings), table_of_words(request)
        info = warehouse.info(name)
        if info is None:
            print_json(None)
            require_dataset(warehouse, name.dataset)
            say(str(missing_table(warehouse, name)))
            return FAILED
        print_json(
            {
                "id": table_id(warehouse, name.dataset, name.table, request.settings),
                "schema": {"fields": info.schema.as_json()},
                "numRows": info.rows,
                "numBytes": info.bytes,
                "creationTime": time_text(info.created),
                "lastModifiedTime": time_text(info.modified),
                "description": info.description,
            }
        )
        return 0
