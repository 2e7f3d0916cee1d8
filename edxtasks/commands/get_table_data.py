"""`doit get_table_data DATASET TABLE`: columns and rows of a table as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import orjson

from edxtasks.build.downloads import rows_of, schema_fields
from edxtasks.build.row_writers import Values, json_object
from edxtasks.build.table_status import time_text
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.commands.tables import print_text, require_dataset, table_of_words, warehouse_to_read
from edxtasks.warehouse.base import TableInfo
from edxtasks.warehouse.missing import missing_table
from edxtasks.warehouse.schema import Schema

_AT_ONCE = 1_000
"""Rows that are written together."""


class GetTableData(DataCommand):
    """Print a table."""

    name = "get_table_data"
    doc_purpose = "print columns and rows of a table as JSON"
    doc_usage = "DATASET TABLE"
    doc_description = "One JSON document; times are UTC. A course key stands for its dataset."
    takes_words = 2
    heeds = ("table", "dataset_latest")
    means = {"table": "the table"}
    only_looks = True

    def perform(self, request: Request) -> int:
        """A JSON object."""
        warehouse, name = warehouse_to_read(request.settings), table_of_words(request)
        info = warehouse.info(name)
        if info is None:
            require_dataset(warehouse, name.dataset)
            raise missing_table(warehouse, name)
        pieces = _document(info, rows_of(warehouse, name, info.schema))
        while text := "".join(islice(pieces, _AT_ONCE)):
            print_text(text)
        return 0


def _document(info: TableInfo, rows: Iterable[Values]) -> Iterator[str]:
    """The document in pieces, as `json.dumps` with an indent of 4 would write it as a whole."""
    head = {
        "fields": schema_fields(info.schema),
        "field_names": list(info.schema.names),
        "numRows": info.rows,
        "creationTime": time_text(info.created),
        "lastModifiedTime": time_text(info.modified),
    }
    yield json.dumps(head, indent=4, ensure_ascii=False).removesuffix("\n}") + ',\n    "data": ['
    comma = ""
    for row in _objects(info.schema, rows):
        yield f"{comma}\n        {row}"
        comma = ","
    end = "\n    ]" if comma else "]"
    yield f'{end},\n    "data_by_key": {{}}\n}}\n'


def _objects(schema: Schema, rows: Iterable[Values]) -> Iterator[str]:
    """Each row as the text of an object, its members on lines of their own."""
    make, names = json_object(schema), [json.dumps(name, ensure_ascii=False) for name in schema.names]

    def text(row: Sequence[object]) -> str:
        members = zip(names, make(row).values(), strict=True)
        return ",\n            ".join(f"{name}: {_value(value)}" for name, value in members)

    return (f"{{\n            {text(row)}\n        }}" for row in rows)


def _value(value: object) -> str:
    compact = orjson.dumps(value)
    if not isinstance(value, dict | list):
        return compact.decode()
    # A list or record takes several lines, as deep as it lies.
    return json.dumps(orjson.loads(compact), indent=4, ensure_ascii=False).replace("\n", "\n            ")
