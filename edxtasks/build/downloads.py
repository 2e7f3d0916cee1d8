"""Tables of the warehouse as CSV or JSON-lines files for people: a file a table, or several tables in one.

Rows are streamed from the warehouse to the file, which appears under its name when it is complete
(docs/commands.md tells the forms).
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import orjson

from edxtasks.build.row_writers import PLAIN, RowFile, StoredRows, Values, write_rows, written
from edxtasks.course import CourseKey
from edxtasks.csv_text import CsvForm
from edxtasks.errors import UserError
from edxtasks.files import write_atomically
from edxtasks.printable import listed, printable
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.missing import missing_table
from edxtasks.warehouse.rows import JsonLines
from edxtasks.warehouse.schema import Column, Schema

_TOO_LARGE = 1 << 63
"""What an INTEGER no longer holds, and JSON is not written with."""

_KEPT = ("TABLE", "SNAPSHOT", "CLONE")
"""Types of tables that have rows of their own."""

_AS_TEXT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS

COURSE_ID = Column("course_id", "STRING", "course key, ORG/NUMBER/RUN")


@dataclass(frozen=True)
class Source:
    """A table that somebody wants the rows of.

    `project` is the Google Cloud project that was named for it, "" for none. `course` is the course whose key
    goes before each row where the table has no column `course_id`.
    """

    warehouse: Warehouse
    name: TableName
    project: str = ""
    course: CourseKey | None = None

    def __str__(self) -> str:
        return f"{self.project}:{self.name}" if self.project else str(self.name)

    @property
    def stem(self) -> str:
        """How the names of its files begin."""
        return f"{f'{self.project}__' if self.project else ''}{self.name.dataset}__{self.name.table}"


@dataclass(frozen=True)
class Extract:
    """A table that is there: its columns, and when it was last changed (seconds since 1970)."""

    source: Source
    schema: Schema
    modified: float

    @property
    def course(self) -> CourseKey | None:
        """The course whose key goes before each row."""
        has_one = any(name.lower() == COURSE_ID.name for name in self.schema.names)
        return None if has_one else self.source.course

    @property
    def columns(self) -> Schema:
        """The columns of the rows that `rows` gives."""
        return self.schema if self.course is None else Schema((COURSE_ID, *self.schema))

    def rows(self) -> Iterable[Values]:
        """The rows, streamed."""
        rows = rows_of(self.source.warehouse, self.source.name, self.schema)
        if self.course is None:
            return rows
        first = (str(self.course),)
        return (first + row for row in rows)


def extract(source: Source) -> Extract | None:
    """What is to be known of a table before its rows are read; None where there is no such table."""
    info = source.warehouse.info(source.name)
    return None if info is None else Extract(source, info.schema, info.modified)


def rows_of(warehouse: Warehouse, name: TableName, schema: Schema) -> Iterable[Values]:
    """The rows of a table, streamed.

    A schema (`TableInfo.schema`) tells a type that no table of ours has as STRING: such a value is given as
    text, unless it is a number.
    """
    rows = StoredRows(warehouse, name, schema)
    return rows if warehouse.built_here(name) else plain_rows(schema, rows)


def plain_rows(schema: Schema, rows: Iterable[Values]) -> Iterator[Values]:
    """Rows whose schema tells a type that no table of ours has as STRING: such a value becomes text, unless
    it is a number."""
    odd = [(place, one) for place, one in enumerate(schema) if one.type in ("STRING", "RECORD")]
    return (_plain_row(row, odd) for row in rows)


def is_newer(path: Path, extracts: Sequence[Extract]) -> bool:
    """Whether a file is newer than all of these tables; never of a view, which changes with its tables."""
    try:
        written_at = path.stat().st_mtime
    except FileNotFoundError:
        return False
    return all(written_at > one.modified and not _is_view(one.source) for one in extracts)


def _is_view(source: Source) -> bool:
    return source.warehouse.table_types(source.name.dataset).get(source.name.table) not in _KEPT


def save(one: Extract, file: RowFile, form: CsvForm = PLAIN) -> int:
    """Write the rows of a table to a file; gives their number."""
    with written(str(file.path)):
        return write_rows([file], one.columns, one.rows(), form)


def save_schema(one: Extract, path: Path) -> None:
    """Write the columns of a table to a file, as a JSON list: name, type, mode and nested fields of each."""
    with written(str(path)):
        write_atomically(path, schema_text(one.columns).encode())


def schema_fields(schema: Schema) -> list[dict[str, object]]:
    """The columns of a table: `name`, `type`, `mode` and nested `fields` of each."""
    bare = Schema(tuple(_without_description(column) for column in schema))
    return bare.as_json()


def schema_text(schema: Schema) -> str:
    """`schema_fields` as a JSON list, indented by four blanks."""
    return json.dumps(schema_fields(schema), indent=4, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Target:
    """A table that a combined file is loaded into; `scratch` is for the rows on their way."""

    warehouse: Warehouse
    name: TableName
    scratch: Scratch


def combine(
    extracts: Sequence[Extract], file: RowFile, form: CsvForm = PLAIN, target: Target | None = None
) -> int:
    """Write the rows of several tables to one file, in their order, with one header; gives their number.

    They also replace those of the table `target`, with the columns of the first. Raises `UserError` where
    the tables have other columns than the first: then there is no file.
    """
    first = extracts[0].columns
    for other in extracts[1:]:
        _check_columns(extracts[0], other, types=target is not None)
    rows = (row for one in extracts for row in one.rows())
    with written(str(file.path)):
        if target is None:
            return write_rows([file], first, rows, form)
        with target.scratch.folder() as folder:
            path = folder / "rows.json.gz"
            number = write_rows([file, RowFile(path, json=True)], first, rows, form)
            told = f"Combined from {listed([one.source for one in extracts], 20)}"
            info = BuildInfo(secrets.token_hex(20), description=told)  # its stamp is that of no task
            with target.warehouse.lock(target.name):
                target.warehouse.load(target.name, first, JsonLines((path,)), info)
            return number


def _check_columns(first: Extract, other: Extract, types: bool) -> None:
    """Raise `UserError` unless two tables have the same columns in the same order."""
    mine, others = first.columns, other.columns
    both = f"{first.source} and {other.source} cannot be combined"
    if mine.names != others.names:
        less = [name for name in mine.names if name not in others.names]
        more = [name for name in others.names if name not in mine.names]
        told = [f"only {first.source} has {listed(less)}"] if less else []
        told += [f"only {other.source} has {listed(more)}"] if more else []
        raise UserError(f"{both}: {'; '.join(told) or 'their columns are in another order'}")
    for one, another in zip(mine, others, strict=True):
        if types and one.signature() != another.signature():
            raise UserError(
                f"{both} into a table: {printable(one.name)} is {one.written_type} in the one and "
                f"{another.written_type} in the other"
            )


def _without_description(column: Column) -> Column:
    return replace(column, description="", fields=tuple(map(_without_description, column.fields)))


def _plain_row(row: Values, odd: Sequence[tuple[int, Column]]) -> Values:
    values = list(row)
    for place, column in odd:
        value = values[place]
        if value is not None and type(value) is not str:
            values[place] = _plain(column, value)
    return tuple(values)


def _plain(column: Column, value: object) -> object:
    """A value as its column says: text or a number where that is a STRING."""
    if column.repeated and isinstance(value, list):
        return [_plain(replace(column, mode="NULLABLE"), one) for one in value]
    if column.fields and isinstance(value, dict):
        return {member.name: _plain(member, value.get(member.name)) for member in column.fields}
    if value is None or column.type != "STRING" or isinstance(value, str | float | bool):
        return value
    if isinstance(value, int) and abs(value) < _TOO_LARGE:
        return value
    return _text(value)


def _text(value: object) -> str:
    """A value of a type that no table of ours has, as text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=_text, option=_AS_TEXT).decode()
    if isinstance(value, datetime) and value.tzinfo is not None:
        return str(value).removesuffix("+00:00")
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else str(value)


def missing(source: Source) -> UserError:
    """What is said of a table that is not there."""
    return missing_table(source.warehouse, source.name, str(source))
