"""Rows as text: files of CSV and JSON lines, which people and programs read that read no warehouse."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import orjson

from edxtasks.compression import ByteSink
from edxtasks.csv_text import CsvForm, CsvWriter, JsonForm
from edxtasks.errors import UserError
from edxtasks.files import replacing_together
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.schema import Column, Schema

Values = tuple[object, ...]


@dataclass(frozen=True)
class StoredRows(Iterable[Values]):
    """The rows of a table as it stands in the warehouse, with the columns of `schema`; `ordered` as
    `Warehouse.read` has it. Where the engine spells rows itself, files of them are written many times
    faster than row by row."""

    warehouse: Warehouse
    name: TableName
    schema: Schema
    ordered: bool = False

    def __iter__(self) -> Iterator[Values]:
        return self.warehouse.read(self.name, self.schema.names, self.ordered)


PLAIN = CsvForm()
REPORT_TABLE = CsvForm(zone=" UTC")
"""The form of the tables of a report that say no other."""
FILE_FORMS: Mapping[str, CsvForm] = {"True/False": CsvForm("True", "False")}
"""What a table may say itself: the spelling of the predecessor's files of persons."""


@contextmanager
def written(what: str) -> Iterator[None]:
    """Raise faults of the file system in the block as a `UserError` that says what was being written."""
    try:
        yield
    except OSError as error:
        is_said = not error.filename or Path(str(error.filename)).name in what
        where = "" if is_said else f" ({error.filename})"
        raise UserError(f"{what} cannot be written: {error.strerror or error}{where}") from error


class RowWriter(Protocol):
    """What takes rows, one after the other."""

    def row(self, values: Sequence[object]) -> None:
        """Take one row."""

    def finish(self) -> None:
        """Hand on what is kept back."""


def write_files(paths: Sequence[Path], schema: Schema, rows: Iterable[Values], form: CsvForm) -> int:
    """Write rows to files, each in the form that its name says: `.json` as JSON lines, with `.gz` behind it
    gzip (`write_rows`)."""
    return write_rows([RowFile(path, ".json" in path.suffixes) for path in paths], schema, rows, form)


@dataclass(frozen=True)
class RowFile:
    """A file of rows: JSON lines or CSV; gzip where it is said here or by the ending `.gz`."""

    path: Path
    json: bool = False
    gzip: bool = False


def write_rows(files: Sequence[RowFile], schema: Schema, rows: Iterable[Values], form: CsvForm) -> int:
    """Write rows to files; gives their number.

    CSV has a header; JSON lines are an object a line, in which NULL is null and a time is text as in CSV.
    Rows are streamed; the files appear together when all are written.
    """
    forms = [JsonForm() if file.json else form for file in files]
    texts = None
    if isinstance(rows, StoredRows) and rows.schema == schema:
        texts = rows.warehouse.texts(rows.name, schema, forms, rows.ordered)
    number = 0
    gzipped = {file.path for file in files if file.gzip}
    with replacing_together([file.path for file in files], gzipped=gzipped) as sinks:
        writers = [
            row_writer(sink, schema, form, json=file.json) for sink, file in zip(sinks, files, strict=True)
        ]
        if texts is None:
            for row in rows:
                number += 1
                for writer in writers:
                    writer.row(row)
        for writer in writers:
            writer.finish()
        for found, lines in texts or ():
            number += found
            for sink, text in zip(sinks, lines, strict=True):
                sink.write(text)
    return number


def row_writer(sink: ByteSink, schema: Schema, form: CsvForm, *, json: bool) -> RowWriter:
    """What writes rows to a sink as JSON lines, or as CSV with its header."""
    return _JsonRows(sink, schema) if json else _CsvRows(sink, schema, form)


def csv_values(schema: Schema, form: CsvForm) -> Callable[[Sequence[object]], list[object]]:
    """A function from a row to what CSV has for it: booleans, times, lists and records are text, NULL is
    None, all else is as it was."""
    spell: dict[str, Callable[[object], str]] = {
        "TIMESTAMP": lambda value: _time(value) + form.zone,
        "BOOLEAN": lambda value: form.true if value else form.false,
        "RECORD": lambda value: orjson.dumps(_with_times(value)).decode(),
    }
    kinds = ["RECORD" if one.repeated else one.type for one in schema]
    spelt = [(place, spell[kind]) for place, kind in enumerate(kinds) if kind in spell]

    def make(values: Sequence[object]) -> list[object]:
        fields = list(values)
        for place, one in spelt:
            if fields[place] is not None:
                fields[place] = one(fields[place])
        return fields

    return make


class _CsvRows:
    def __init__(self, sink: ByteSink, schema: Schema, form: CsvForm) -> None:
        if form.bom:
            sink.write(codecs.BOM_UTF8)
        self._csv = CsvWriter(sink)
        self._csv.record(schema.names)
        self._spell = csv_values(schema, form)

    def row(self, values: Sequence[object]) -> None:
        self._csv.record(self._spell(values))

    def finish(self) -> None:
        self._csv.flush()


class _JsonRows:
    _AT_ONCE = 1 << 18

    def __init__(self, sink: ByteSink, schema: Schema) -> None:
        self._sink = sink
        self._object = json_object(schema)
        self._waiting = bytearray()

    def row(self, values: Sequence[object]) -> None:
        self._waiting += orjson.dumps(self._object(values), option=orjson.OPT_APPEND_NEWLINE)
        if len(self._waiting) > self._AT_ONCE:
            self.finish()

    def finish(self) -> None:
        self._sink.write(bytes(self._waiting))
        self._waiting.clear()


def json_object(schema: Schema) -> Callable[[Sequence[object]], dict[str, object]]:
    """A function from a row to the object that JSON has for it: times are text, as in CSV."""
    names = schema.names
    timed = [place for place, one in enumerate(schema) if _has_times(one)]

    def make(values: Sequence[object]) -> dict[str, object]:
        members = list(values)
        for place in timed:
            members[place] = _with_times(members[place])
        return dict(zip(names, members, strict=True))

    return make


def _has_times(column: Column) -> bool:
    return column.type == "TIMESTAMP" or any(map(_has_times, column.fields))


def _with_times(value: object) -> object:
    """A value, a record or a list of these, with its times written out."""
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, dict):
        return {name: _with_times(member) for name, member in value.items()}
    return [_with_times(item) for item in value] if isinstance(value, list) else value


def _time(value: object) -> str:
    """`YYYY-MM-DD HH:MM:SS[.ffffff]` of a time in UTC."""
    return str(value).removesuffix("+00:00")
