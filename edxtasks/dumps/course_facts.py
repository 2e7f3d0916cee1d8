"""The internal table `course_facts`: what is the same for all registrants of a course.

One row: the date of the dump, the number of chapters, and the passing grade. Chapters are counted in the
first of these that tells: the content analysis (`course_metainfo`, key `count_chapter`), the course
structure of the dump, the course axis. The passing grade is the cut-off `pass` of the grading policy, else
its least positive cut-off, at which edX's LMS lets a learner pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from pathlib import Path

import orjson

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.directories import dump_date, sql_directory
from edxtasks.dumps.files import pieces
from edxtasks.errors import InputError
from edxtasks.notes import Notes
from edxtasks.printable import printable_path
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
dump_time TIMESTAMP -- the dump's date at 00:00 UTC; NULL where its directory has no date
n_chapters INTEGER -- number of chapters; NULL where nothing tells
passing_grade FLOAT -- least grade to pass, 0 to 1; NULL where nothing tells
""")
VERSION = 1
OUTPUT_FILES: tuple[str, ...] = ()

STRUCTURE_FILES = ("course_structure-prod-analytics.json.gz", "course_structure.json")
"""Course structure of the dump, in the order in which the files are looked for."""

_CUTOFF = "overall_cutoff_for_"


def sources(course: CourseKey, settings: Settings) -> dict[str, Path | None]:
    """The course structure of the dump, None where it was not delivered."""
    directory = sql_directory(course, settings)
    found = (directory / name for name in STRUCTURE_FILES)
    return {"course_structure": next((path for path in found if path.is_file()), None)}


def build(
    course: CourseKey,
    settings: Settings,
    sources: dict[str, Path | None],
    tables: Mapping[str, Iterator[Row] | None],
    scratch: Path,
    notes: Notes,
) -> Content:
    """The one row, from the tables `course_metainfo`, `course_axis`, `grading_policy` and the structure file.

    Raises `InputError` for a structure file that is no JSON.
    """
    day = dump_date(course, settings)
    path = sources["course_structure"]
    counts = (
        _from_metainfo(tables["course_metainfo"] or ()),
        _from_structure(path) if path is not None else None,
        _from_axis(tables["course_axis"]),
    )
    chapters = next((count for count in counts if count is not None), None)
    if chapters is None:
        notes.say("number of chapters not known: explored is NULL")
    return [
        {
            "dump_time": datetime.combine(day, time(), UTC) if day is not None else None,
            "n_chapters": chapters,
            "passing_grade": passing_grade(next(iter(tables["grading_policy"] or ()), {})),
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
