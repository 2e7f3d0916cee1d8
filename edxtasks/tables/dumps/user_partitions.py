"""The table `user_partitions`: the group of each learner in each A/B test and other split of the course."""

from __future__ import annotations

from collections.abc import Iterator

from edxtasks.csv_text import CsvWriter
from edxtasks.directories import sql_directory
from edxtasks.dumps import values
from edxtasks.dumps.delivered_file import DeliveredFile
from edxtasks.dumps.file_pieces import writable_directory
from edxtasks.dumps.reader import STRING
from edxtasks.dumps.row_files import csv_file
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.table import BuildInputs, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
id INTEGER -- row id in edX's table user_api_usercoursetag
user_id INTEGER -- account id of the learner
key STRING -- the split, such as xblock.partition_service.partition_1
course_id STRING -- course key, slash form
value INTEGER -- group of the learner in it; 1 and 0 for true and false
""")
OUTPUT_FILES = ("user_partitions.csv.gz",)

DELIVERED = DeliveredFile(
    "user_api_usercoursetag", SCHEMA, key="user_id", needed=("key",), kinds={"value": STRING}
)
_WORDS = {"true": 1, "false": 0}


def build(inputs: BuildInputs) -> Content:
    """The rows as JSON lines in `scratch`; the same as `OUTPUT_FILES` in the SQL directory.

    Raises `InputError` when the file is broken or lacks `user_id` or `key`.
    """
    directory = sql_directory(inputs.course, inputs.settings)
    folder = writable_directory(directory, inputs.scratch, inputs.messages)
    with csv_file(folder / OUTPUT_FILES[0], SCHEMA.names) as table:
        return DELIVERED.written(inputs, _with_groups(DELIVERED.rows(inputs), table, inputs.messages))


def _with_groups(
    rows: Iterator[dict[str, object]], table: CsvWriter, messages: Messages
) -> Iterator[dict[str, object]]:
    unreadable = 0
    for row in rows:
        delivered = row["value"]
        row["value"] = _group(delivered) if isinstance(delivered, str) else None
        unreadable += row["value"] is None and delivered is not None
        table.record(row[name] for name in SCHEMA.names)
        yield row
    if unreadable:
        messages.add(
            f"{DELIVERED.source}: {quantity(unreadable, 'value')} that are neither an integer nor "
            "true or false are NULL"
        )


def _group(text: str) -> int | None:
    """The group that `text` spells: an integer, or true and false in any case as 1 and 0."""
    return _WORDS[word] if (word := text.strip().lower()) in _WORDS else values.integer(text)


TABLE = Table(
    command="user_part",
    grain="id",
    schema=SCHEMA,
    builder=DELIVERED.model(version=1, build=build, outputs=OUTPUT_FILES),
)
