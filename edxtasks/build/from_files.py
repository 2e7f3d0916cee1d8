"""Tables made from CSV files: over courses from a file of each course, or from a file that a person names.

The first (header `from files:`) is for courses whose files are kept and whose tables are not, the second for
what is read in place of an input (header `input NAME: from OPTION`). Columns are matched by name, whatever
their order; those that a file lacks are NULL, those that the table has not are left out and told.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edxtasks.compression import BROKEN, opened
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.printable import SHOWN_COURSES, are, listed, printable_path, quantity
from edxtasks.table import BuildInputs, Instance, PythonModel, Scope, Table, split_list
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Schema

_VERSION = 1
_LONGEST_FIELD = 1 << 24
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class FileForm:
    """A kind of CSV file, for messages: columns that each has, what they are, what to do about a fault."""

    columns: tuple[str, ...]
    whose: str
    remedy: str


def from_named_file(name: str, columns: Schema, path: Path, words: str, grain: str) -> Table:
    """A table of the warehouse made from a CSV file with these columns, which a person named with `words`."""

    def sources(of: Instance) -> Mapping[str, Path | None]:
        if not path.is_file():
            raise InputError(f"{words}: expected a CSV file, found no file {printable_path(path)}")
        return {"file": path}

    def build(inputs: BuildInputs) -> Content:
        form = FileForm(columns.names, f"{words}: {', '.join(columns.names)}", "Mend the file.")
        return rows_of_file(path, columns, form, inputs.messages)

    return Table(
        name,
        schema=columns,
        builder=PythonModel(_VERSION, build, sources),
        description=f"What {words} names",
        scope=Scope.WAREHOUSE,
        grain=grain,
        internal=True,
    )


def from_files(table: Table, file: str) -> Table:
    """A table over courses, made from the files `file` of the courses instead of their tables."""
    source = next(iter(table.inputs), table.name)

    def sources(of: Instance) -> Mapping[str, Path | None]:
        found = {f"{file} of {one}": _file(file, one, of.settings) for one in of.courses}
        if not any(found.values()):
            raise InputError(
                f"no chosen course has a file {file} in its SQL directory: make it first (doit {source})"
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
    form = FileForm((key,), source, f"Rebuild the file (doit {source}).")
    for _, path in files:
        if path is not None:
            yield from rows_of_file(path, table.schema, form, messages)


def rows_of_file(path: Path, schema: Schema, form: FileForm, messages: Messages) -> Iterator[Row]:
    """The rows of a CSV file, plain or gzip, with the types of a schema.

    Names of columns in any case, with or without blanks around; empty lines are none. Booleans in either
    spelling, an empty field is NULL, times `YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC, with or without ` UTC`
    behind. Raises `InputError`, with the line, for a file or value that cannot be read; the value is not
    shown.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    with opened(path) as binary, io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            header = _columns(path, next(reader, []), schema, form, messages)
            readers = [_READERS[schema[name].type] if name in schema.names else None for name in header]
            for record in reader:
                if not record:
                    continue
                if len(record) != len(header):
                    raise InputError(
                        f"{path}, line {reader.line_num}: expected "
                        f"{quantity(len(header), 'field')} as in the header, "
                        f"found {len(record)}. {form.remedy}"
                    )
                yield {
                    name: _value(path, reader.line_num, name, read, field, form)
                    for name, read, field in zip(header, readers, record, strict=True)
                    if read is not None
                }
        except (csv.Error, UnicodeDecodeError, *BROKEN) as error:
            raise InputError(
                f"{path}, after line {reader.line_num}: expected CSV in UTF-8, found something else "
                f"({type(error).__name__}). {form.remedy}"
            ) from None


def _columns(path: Path, header: list[str], schema: Schema, form: FileForm, messages: Messages) -> list[str]:
    """The header with the names of the schema; what it lacks and has too many is told."""
    known = {name.lower(): name for name in schema.names}
    names = [known.get(name.strip().lower(), name) for name in header]
    twice = sorted({name for name in names if name in schema.names and names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: expected each column once in the header, found {', '.join(twice)} twice")
    lacking = [name for name in form.columns if name not in names]
    if lacking:
        found = "none" if len(lacking) == len(form.columns) else f"no {', '.join(lacking)}"
        raise InputError(f"{path}: expected a header with the columns of {form.whose}, found {found}")
    missing = [name for name in schema.names if name not in names]
    unknown = [name for name in names if name not in schema.names]
    if missing:
        messages.add(
            f"{printable_path(path)} lacks {', '.join(missing)}, which {are(len(missing))} NULL for its rows"
        )
    if unknown:
        messages.add(f"{printable_path(path)} has columns that are left out: {listed(unknown, 20)}")
    return names


def _value(
    path: Path, line: int, name: str, read: Callable[[str], object], field: str, form: FileForm
) -> object:
    if not field:
        return None
    try:
        return read(field)
    except (ValueError, KeyError):
        raise InputError(
            f"{path}, line {line}: the value of {name} cannot be read (it is not shown: it may be personal). "
            f"{form.remedy}"
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
