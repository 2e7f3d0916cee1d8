"""The internal table `course_facts`: what is the same for all registrants of a course.

One row: the date of the dump, the number of chapters, and the passing grade. Chapters are counted in the
first of these that tells: the content analysis (`course_metainfo`, key `count_chapter`), the course
structure of the dump, the course axis. The passing grade is the cut-off `pass` of the grading policy, else
its least positive cut-off, at which edX's LMS lets a learner pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from pathlib import Path

import orjson

from edxtasks.directories import dump_date, sql_directory
from edxtasks.dumps.file_pieces import pieces
from edxtasks.errors import InputError
from edxtasks.printable import printable_path
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
dump_time TIMESTAMP -- the dump's date at 00:00 UTC; NULL where its directory has no date
n_chapters INTEGER -- number of chapters; NULL where nothing tells
passing_grade FLOAT -- least grade to pass, 0 to 1; NULL where nothing tells
""")

STRUCTURE_FILES = ("course_structure-prod-analytics.json.gz", "course_structure.json")
"""Course structure of the dump, in the order in which the files are looked for."""

_CUTOFF = "overall_cutoff_for_"


def sources(of: Instance) -> dict[str, Path | None]:
    """The course structure of the dump, None where it was not delivered."""
    directory = sql_directory(of.course, of.settings)
    found = (directory / name for name in STRUCTURE_FILES)
    return {"course_structure": next((path for path in found if path.is_file()), None)}


def build(inputs: BuildInputs) -> Content:
    """The one row, from the tables `course_metainfo`, `course_axis`, `grading_policy` and the structure file.

    Raises `InputError` for a structure file that is not JSON.
    """
    day = dump_date(inputs.course, inputs.settings)
    path = inputs.files["course_structure"]
    counts = (
        _from_metainfo(inputs.rows("course_metainfo") or ()),
        _from_structure(path) if path is not None else None,
        _from_axis(inputs.rows("course_axis")),
    )
    chapters = next((count for count in counts if count is not None), None)
    if chapters is None:
        inputs.messages.add("number of chapters not known: explored is NULL")
    return [
        {
            "dump_time": datetime.combine(day, time(), UTC) if day is not None else None,
            "n_chapters": chapters,
            "passing_grade": passing_grade(next(iter(inputs.rows("grading_policy") or ()), {})),
        }
    ]


def passing_grade(policy: Row) -> float | None:
    """The passing grade that a row of `grading_policy` tells: cut-offs stand on every row."""
    cutoffs = {name: value for name, value in policy.items() if name.startswith(_CUTOFF)}
    numbers = {
        name: float(value)
        for name, value in cutoffs.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    named = numbers.get(f"{_CUTOFF}pass")
    return named if named is not None else min((n for n in numbers.values() if n > 0), default=None)


def _from_metainfo(rows: Iterable[Row]) -> int | None:
    for row in rows:
        value = str(row["value"]).strip()
        if row["key"] == "count_chapter" and value.isdecimal():
            return int(value)
    return None


def _from_axis(rows: Iterable[Row] | None) -> int | None:
    return None if rows is None else sum(row["category"] == "chapter" for row in rows)


def _from_structure(path: Path) -> int:
    content = b"".join(pieces(path))
    try:
        blocks = orjson.loads(content)
    except orjson.JSONDecodeError:
        blocks = None
    if not isinstance(blocks, dict):
        raise InputError(
            f"{printable_path(path)}: expected a JSON object of blocks, found something else. "
            "Fetch the file again, or remove it: the course axis tells the chapters too."
        )
    return sum(isinstance(block, dict) and block.get("category") == "chapter" for block in blocks.values())


TABLE = Table(
    command="person_course",
    sets=("doall",),
    internal=True,
    grain="one row",
    schema=SCHEMA,
    inputs={
        "grading_policy": Need.OPTIONAL,
        "course_metainfo": Need.BORROWED,
        "course_axis": Need.OPTIONAL,
    },
    builder=PythonModel(
        version=1, build=build, sources=sources, reads={"file:course_structure.json": Need.OPTIONAL}
    ),
)
