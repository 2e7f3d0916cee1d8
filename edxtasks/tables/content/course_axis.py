"""The table `course_axis`: one row per module of the course, in the order of the course.

It leads from the module ids of logs and database to titles, chapters, assignments and due dates. Beside the
table stand `course_axis.json` (a JSON object a row), `axis_ORG__NUMBER__RUN.csv`, the same compressed as
`course_axis.csv.gz`, and the bundle (docs/course-content.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson

from edxtasks.content.archive import read_archive
from edxtasks.content.axis import AxisRow, axis_rows, why_no_row
from edxtasks.content.bundle import bundle_name, make_bundle
from edxtasks.content.dates import timestamp_text
from edxtasks.content.files_beside_tables import csv_bytes, write_beside
from edxtasks.content.findings import Findings
from edxtasks.content.place import tarball
from edxtasks.errors import InputError
from edxtasks.printable import printable_path
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import Column, Schema

OUTPUT_FILES = ("course_axis.json", "course_axis.csv.gz", "axis_{course}.csv", "xbundle_{course}.xml")
"""Files written into the dated directory; `{course}` is ORG__NUMBER__RUN."""

PUBLISHED_FILES = ("course_axis.json", "xbundle_{course}.xml")
"""Those that are published in the storage folder of the course."""

_DATA = (
    Column("ytid", "STRING", "YouTube id: of a video as 1.00:<id>, of an embedded one in html bare"),
    Column("weight", "FLOAT", "weight of a problem"),
    Column("group_id_to_child", "STRING", "split_test: groups and their content, JSON as in the export"),
    Column("user_partition_id", "STRING", "split_test: id of the partition of the learners"),
    Column("itype", "STRING", "problem: kind of its responses, mixed when there are several"),
    Column("num_items", "INTEGER", "problem: number of its responses"),
    Column("has_solution", "BOOLEAN", "problem: true where it has a solution with content, else NULL"),
    Column("has_image", "BOOLEAN", "problem: true where it shows an image, else NULL"),
)

SCHEMA = Schema(
    (
        Column("category", "STRING", "kind of module (XML tag): course, chapter, problem, video, …"),
        Column("index", "INTEGER", "place in the course, from 1"),
        Column("url_name", "STRING", "key of the module within its category"),
        Column("name", "STRING", "display name"),
        Column("gformat", "STRING", "assignment type; NULL where none is set"),
        Column("due", "TIMESTAMP", "due date, its own or inherited"),
        Column("start", "TIMESTAMP", "release date, its own or inherited, never before that of its parent"),
        Column("module_id", "STRING", "org/number/category/url_name; html: org/number/sequence/position"),
        Column("course_id", "STRING", "course key, slash form"),
        Column("path", "STRING", "/chapter/sequence/position…"),
        Column("data", "RECORD", "what is particular to the kind of module", _DATA),
        Column("chapter_mid", "STRING", "module_id of the chapter that it is in"),
        Column("graded", "STRING", "true or false; NULL where it is not set"),
        Column("parent", "STRING", "url_name of the parent; NULL for the root, empty where that has none"),
        Column("is_split", "BOOLEAN", "whether it is in a split_test"),
        Column("split_url_name", "STRING", "url_name of that split_test (the outermost)"),
    )
)

CSV_COLUMNS = (
    "index",
    "url_name",
    "category",
    "gformat",
    "start",
    "due",
    "name",
    "path",
    "module_id",
    "data",
    "chapter_mid",
    "graded",
    "parent",
    "is_split",
    "split_url_name",
)
"""Columns of the CSV files, in their order."""


def sources(of: Instance) -> dict[str, Path | None]:
    """`tarball`: the course export, from the pinned dump if there is a pin.

    Raises `SourceAbsentError` when there is none, and what `edxtasks.directories.sql_directory` raises.
    """
    return {"tarball": tarball(of.course, of.settings)}


def build(inputs: BuildInputs) -> Content:
    """The rows of the table; the files are written beside the export.

    Raises `InputError` when the export cannot be read or gives no row; then nothing is written.
    """
    course, settings, messages = inputs.course, inputs.settings, inputs.messages
    path = inputs.file("tarball")
    findings = Findings()
    files = read_archive(path, findings)
    bundle = make_bundle(files, course, str(path), findings)
    axis = bundle
    if settings.axis_include_hidden:
        # The published bundle never has more than the course shows.
        axis = make_bundle(files, course, str(path), Findings(), with_hidden=True)
    rows = axis_rows(axis, course, findings, include_hidden=settings.axis_include_hidden)
    if not rows:
        told = "".join(f"\n  {line}" for line in findings.lines())
        raise InputError(
            f"{printable_path(path)}: expected the course export of {course}, found no module in it: "
            f"{why_no_row(axis, findings)}. Is it an export of edX (OLX), of this course, and whole? Fetch "
            f"or export it again; the table before, if there is one, stays.{told}"
        )
    messages.count("files", len(files))
    findings.tell(messages)
    table = csv_bytes(CSV_COLUMNS, map(_csv_row, rows), quote_all=True)
    contents = (json_lines(rows), table, table, bundle.to_bytes())
    names = (name.format(course=course.directory) for name in OUTPUT_FILES)
    assert bundle_name(course) == OUTPUT_FILES[3].format(course=course.directory)
    write_beside(path.parent, inputs.scratch, dict(zip(names, contents, strict=True)), messages)
    return rows


def json_lines(rows: Sequence[AxisRow]) -> bytes:
    """The file `course_axis.json`."""
    return b"".join(
        orjson.dumps({name: _plain(value) for name, value in row.items()}, option=orjson.OPT_APPEND_NEWLINE)
        for row in rows
    )


def _csv_row(row: AxisRow) -> list[object]:
    return [orjson.dumps(row[name]).decode() if name == "data" else _plain(row[name]) for name in CSV_COLUMNS]


def _plain(value: object) -> object:
    return timestamp_text(value) if isinstance(value, datetime) else value


TABLE = Table(
    command="axis2bq",
    sets=("doall",),
    grain="index",
    schema=SCHEMA,
    builder=PythonModel(
        version=2,
        build=build,
        sources=sources,
        reads={"file:course.xml.tar.gz": Need.REQUIRED, "setting:course_axis_pin_dates": Need.OPTIONAL},
        settings=("axis_include_hidden",),
        outputs=OUTPUT_FILES,
        published_outputs=PUBLISHED_FILES,
        never_empty=True,
    ),
)
