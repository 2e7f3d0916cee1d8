"""`combinepc from_files=1`: the combined person_course from the files `person_course.csv.gz` of the courses.

For courses whose files are kept and whose tables are not. Columns are matched by name, whatever their order;
those that a file lacks are NULL, those that no person_course has are left out and told.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import InputError, SourceAbsent
from edxtasks.notes import Notes
from edxtasks.printable import SHOWN_COURSES, listed, printable_path
from edxtasks.table import LoadedFrom, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Schema

FILE = "person_course.csv.gz"
_VERSION = 1
_LONGEST_FIELD = 1 << 24
_BOOLEANS = {"true": True, "false": False}


def from_files(table: Table, courses: tuple[CourseKey, ...]) -> Table:
    """The combined table, made from the files of the courses instead of their tables."""

    def sources(course: CourseKey, settings: Settings) -> Mapping[str, Path | None]:
        found = {f"{FILE} of {one}": _file(one, settings) for one in courses}
        if not any(found.values()):
            raise InputError(
                f"none of the {len(courses)} chosen courses has a file {FILE} in its SQL directory: "
                "make it first (doit person_course)"
            )
        return found

    def build(
        course: CourseKey,
        settings: Settings,
        sources: dict[str, Path | None],
        scratch: Path,
        notes: Notes,
    ) -> Content:
        return _rows(list(sources.items()), table.schema, notes)

    if table.fault:
        return table
    return replace(table, made=LoadedFrom(sources, build, _VERSION), inputs={})


def _file(course: CourseKey, settings: Settings) -> Path | None:
    try:
        path = sql_directory(course, settings) / FILE
    except SourceAbsent:
        return None
    return path if path.is_file() else None


def _rows(files: list[tuple[str, Path | None]], schema: Schema, notes: Notes) -> Iterator[Row]:
    absent = [label.removeprefix(f"{FILE} of ") for label, path in files if path is None]
    if absent:
        notes.say(f"no {FILE}, and so left out: {listed(absent, SHOWN_COURSES)}")
    for _, path in files:
        if path is not None:
            yield from rows_of_file(path, schema, notes)


def rows_of_file(path: Path, schema: Schema, notes: Notes) -> Iterator[Row]:
    """The rows of a CSV file, plain or gzip, with the types of a schema.

    Booleans in either spelling, an empty field is NULL, times `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, with
    or without ` UTC` behind. Raises `InputError`, with the line, for a file or value that cannot be read;
    the value is not shown.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115
    with opened as binary, io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            header = next(reader, [])
            readers = [_READERS[schema[name].type] if name in schema.names else None for name in header]
            _tell_columns(path, header, schema, notes)
            for record in reader:
                if len(record) != len(header):
                    raise InputError(
                        f"{path}, line {reader.line_num}: expected {len(header)} fields as in the header, "
                        f"found {len(record)}. Make the file anew (doit person_course)."
                    )
                yield {
                    name: _value(path, reader.line_num, name, read, field)
                    for name, read, field in zip(header, readers, record, strict=True)
                    if read is not None
                }
        except (csv.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"{path}, after line {reader.line_num}: expected CSV in UTF-8, found something else "
                f"({type(error).__name__}). Make the file anew (doit person_course)."
            ) from None


def _tell_columns(path: Path, header: list[str], schema: Schema, notes: Notes) -> None:
    if "user_id" not in header:
        raise InputError(f"{path}: expected a header with the columns of person_course, found none")
    missing = [name for name in schema.names if name not in header]
    unknown = [name for name in header if name not in schema.names]
    if missing:
        notes.say(f"{printable_path(path)} lacks {', '.join(missing)}, which is NULL for its rows")
    if unknown:
        notes.say(f"{printable_path(path)} has columns that are left out: {listed(unknown, 20)}")


def _value(path: Path, line: int, name: str, read: Callable[[str], object], field: str) -> object:
    if not field:
        return None
    try:
        return read(field)
    except (ValueError, KeyError):
        raise InputError(
            f"{path}, line {line}: the value of {name} cannot be read (it is not shown: it may be personal). "
            "Make the file anew (doit person_course)."
        ) from None


def _time(text: str) -> str:
    return f"{text.removesuffix(' UTC')}+00:00"


_READERS: Mapping[str, Callable[[str], object]] = {
    "STRING": str,
    "INTEGER": int,
    "FLOAT": float,
    "BOOLEAN": lambda text: _BOOLEANS[text.lower()],
    "TIMESTAMP": _time,
    "DATE": str,
}
