"""A table over courses made from a file of each course, in place of their tables (header `from files:`).

For courses whose files are kept and whose tables are not. Columns are matched by name, whatever their order;
those that a file lacks are NULL, those that the table has not are left out and told.
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
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.printable import SHOWN_COURSES, listed, printable_path
from edxtasks.table import BuildInputs, Instance, PythonModel, Table, split_list
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Schema

_VERSION = 1
_LONGEST_FIELD = 1 << 24
_BOOLEANS = {"true": True, "false": False}


def from_files(table: Table, file: str) -> Table:
    """A table over courses, made from the files `file` of the courses instead of their tables."""
    source = next(iter(table.inputs), table.name)

    def sources(of: Instance) -> Mapping[str, Path | None]:
        found = {f"{file} of {one}": _file(file, one, of.settings) for one in of.courses}
        if not any(found.values()):
            raise InputError(
                f"none of the {len(of.courses)} chosen courses has a file {file} in its SQL directory: "
                f"make it first (doit {source})"
            )
        return found

    def build(inputs: BuildInputs) -> Content:
        return _rows(file, list(inputs.files.items()), table, source, inputs.messages)

    if table.fault:
        return table
    return replace(table, builder=PythonModel(_VERSION, build, sources), inputs={})


def _file(file: str, course: CourseKey, settings: Settings) -> Path | None:
    try:
        path = sql_directory(course, settings) / file
    except SourceAbsentError:
        return None
    return path if path.is_file() else None


def _rows(
    file: str, files: list[tuple[str, Path | None]], table: Table, source: str, messages: Messages
) -> Iterator[Row]:
    absent = [label.removeprefix(f"{file} of ") for label, path in files if path is None]
    if absent:
        messages.add(f"no {file}, and so left out: {listed(absent, SHOWN_COURSES)}")
    key = split_list(table.grain)[-1]
    for _, path in files:
        if path is not None:
            yield from rows_of_file(path, table.schema, key, source, messages)


def rows_of_file(path: Path, schema: Schema, key: str, task: str, messages: Messages) -> Iterator[Row]:
    """The rows of a CSV file, plain or gzip, with the types of a schema. `key` is a column that every such
    file has, `task` what makes it.

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
            _tell_columns(path, header, schema, key, task, messages)
            for record in reader:
                if len(record) != len(header):
                    raise InputError(
                        f"{path}, line {reader.line_num}: expected {len(header)} fields as in the header, "
                        f"found {len(record)}. Make the file anew (doit {task})."
                    )
                yield {
                    name: _value(path, reader.line_num, name, read, field, task)
                    for name, read, field in zip(header, readers, record, strict=True)
                    if read is not None
                }
        except (csv.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"{path}, after line {reader.line_num}: expected CSV in UTF-8, found something else "
                f"({type(error).__name__}). Make the file anew (doit {task})."
            ) from None


def _tell_columns(
    path: Path, header: list[str], schema: Schema, key: str, task: str, messages: Messages
) -> None:
    if key not in header:
        raise InputError(f"{path}: expected a header with the columns of {task}, found none")
    missing = [name for name in schema.names if name not in header]
    unknown = [name for name in header if name not in schema.names]
    if missing:
        messages.add(f"{printable_path(path)} lacks {', '.join(missing)}, which is NULL for its rows")
    if unknown:
        messages.add(f"{printable_path(path)} has columns that are left out: {listed(unknown, 20)}")


def _value(path: Path, line: int, name: str, read: Callable[[str], object], field: str, task: str) -> object:
    if not field:
        return None
    try:
        return read(field)
    except (ValueError, KeyError):
        raise InputError(
            f"{path}, line {line}: the value of {name} cannot be read (it is not shown: it may be personal). "
            f"Make the file anew (doit {task})."
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
