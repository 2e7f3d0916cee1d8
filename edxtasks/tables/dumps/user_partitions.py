"""The table `user_partitions`: the group of each learner in each A/B test and other split of the course."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edxtasks.csv_text import CsvWriter
from edxtasks.directories import sql_directory
from edxtasks.dumps import loading, values
from edxtasks.dumps.files import writable_directory
from edxtasks.dumps.reader import COURSE_ID, INTEGER, STRING, Field
from edxtasks.dumps.rows import csv_file, write_json_lines
from edxtasks.dumps.sources import required_file
from edxtasks.messages import Messages
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, JsonLines
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
id INTEGER -- row id in edX's table user_api_usercoursetag
user_id INTEGER -- account id of the learner
key STRING -- the split, such as xblock.partition_service.partition_1
course_id STRING -- course key, slash form
value INTEGER -- group of the learner in it; 1 and 0 for true and false
""")
OUTPUT_FILES = ("user_partitions.csv.gz",)

SOURCE = "user_api_usercoursetag"
FIELDS = (
    Field("id", INTEGER),
    Field("user_id", INTEGER),
    Field("key", STRING),
    Field("course_id", COURSE_ID),
    Field("value", STRING),
)
_WORDS = {"true": 1, "false": 0}


def sources(of: Instance) -> dict[str, Path | None]:
    """`user_api_usercoursetag` of the course's SQL directory; `SourceAbsentError` when it was not
    delivered."""
    return {SOURCE: required_file(sql_directory(of.course, of.settings), SOURCE)}


def build(inputs: BuildInputs) -> Content:
    """The rows as JSON lines in `scratch`; the same as `OUTPUT_FILES` in the SQL directory.

    Raises `InputError` when the file is broken or lacks `user_id` or `key`.
    """
    course, settings, messages = inputs.course, inputs.settings, inputs.messages
    target = inputs.scratch / "user_partitions.json.gz"
    rows = loading.course_rows(
        inputs.files[SOURCE],
        FIELDS,
        course=course,
        key="user_id",
        needed=("key",),
        max_bad_fraction=settings.max_bad_fraction,
        messages=messages,
    )
    folder = writable_directory(sql_directory(course, settings), inputs.scratch, messages)
    with csv_file(folder / OUTPUT_FILES[0], SCHEMA.names) as table:
        write_json_lines(target, _with_groups(rows, table, messages))
    return JsonLines((target,))


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
        messages.add(f"{SOURCE}: {unreadable} values that are neither an integer nor true or false are NULL")


def _group(text: str) -> int | None:
    """The group that `text` spells: an integer, or true and false in any case as 1 and 0."""
    return _WORDS[word] if (word := text.strip().lower()) in _WORDS else values.integer(text)


TABLE = Table(
    command="user_part",
    grain="id",
    schema=SCHEMA,
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"file:user_api_usercoursetag.csv": Need.REQUIRED},
        outputs=OUTPUT_FILES,
    ),
)
