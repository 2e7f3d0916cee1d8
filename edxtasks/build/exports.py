"""Files written from the rows of a table, for people and programs that read no warehouse.

A table of a course is written beside the dump of the course and copied to its folder of the storage; a table
of a report goes to the report's folder. What files were written from is told by the name of a record in the
storage, `FOLDER/_edxtasks/TABLE.MARK.json`, written last: while the mark is that of the table as it stands,
and the files are there, they are fresh.
"""

from __future__ import annotations

import codecs
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import orjson

from edxtasks.build.context import Context
from edxtasks.compression import ByteSink
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.csv_text import CsvForm, CsvWriter, JsonForm
from edxtasks.directories import sql_directory
from edxtasks.errors import NoDumpDirectory, SourceAbsentError, UserError
from edxtasks.files import replacing_together, writing
from edxtasks.messages import Messages
from edxtasks.scratch import Scratch
from edxtasks.storage import Storage
from edxtasks.table import Scope, Table
from edxtasks.warehouse.base import TableName, digest
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.schema import Column, Schema

RECORDS = "_edxtasks"
"""Folder of the records in a folder of the storage."""

_UNFINISHED = "unfinished"
"""The mark of files that are being put in their places."""

DATASET = "{dataset}"
"""In the name of a file of a report: the dataset that its table is in."""

_VERSION = "1"
"""Raised when the same rows give other files."""

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


def form_of(table: Table, settings: Settings) -> CsvForm:
    """The CSV form of the files of a table."""
    usual = REPORT_TABLE if table.scope is Scope.GROUP else PLAIN
    return with_settings(FILE_FORMS.get(table.file_form, usual), settings)


def with_settings(form: CsvForm, settings: Settings) -> CsvForm:
    """A CSV form with a byte-order mark where the settings want one."""
    return dataclasses.replace(form, bom=settings.csv_bom)


# Where


@dataclass(frozen=True)
class _Place:
    """Where the files of a table go, and their names; `directory` beside the dump, None where there is
    none."""

    storage: Storage
    folder: str
    directory: Path | None
    files: tuple[str, ...]

    @property
    def writable(self) -> bool:
        return self.directory is not None and os.access(self.directory, os.W_OK | os.X_OK)


def _place(context: Context, table: Table, course: CourseKey | None) -> _Place:
    if table.scope is not Scope.COURSE:
        files = tuple(name.replace(DATASET, context.report_dataset()) for name in table.files)
        return _Place(context.report_storage, context.report_folder(), None, files)
    assert course is not None
    try:
        directory = sql_directory(course, context.settings)
    except (SourceAbsentError, NoDumpDirectory):
        directory = None
    return _Place(context.storage, context.course_folder(course), directory, table.files)


def files_beside(context: Context, table: Table, course: CourseKey | None) -> list[Path]:
    """The files that are written beside the dump. Raises `UserError` where its directory must be there."""
    if not table.files or table.scope is not Scope.COURSE:
        return []
    directory = _place(context, table, course).directory
    return [directory / name for name in table.files] if directory is not None else []


def stored_files(
    context: Context, table: Table, course: CourseKey | None
) -> tuple[Storage, str, Sequence[str]]:
    """The storage that the files of a table go to, their folder there, and their names."""
    place = _place(context, table, course)
    return place.storage, place.folder, place.files


# Whether


def outdated(context: Context, table: Table, course: CourseKey | None) -> str:
    """Why the files of a table are to be written, "" when they are as they should be."""
    if not table.files:
        return ""
    place = _place(context, table, course)
    if place.writable and place.directory is not None:
        for name in place.files:
            if not (place.directory / name).exists():
                return f"{name} is gone from {place.directory}"
    beginning = os.path.commonprefix(place.files)  # noqa: RUF071 - characters are what is meant
    stored = set(place.storage.list(f"{place.folder}/{beginning}"))
    for name in place.files:
        if f"{place.folder}/{name}" not in stored:
            return f"{name} is gone from {place.storage.where}"
    found = records(place.storage, place.folder).get(table.name)
    return "" if found == _mark(context, table, course, place) else "its files are of other rows"


def _mark(context: Context, table: Table, course: CourseKey | None, place: _Place) -> str:
    state = context.state(table, course)
    assert state is not None
    directory = place.directory.name if place.directory is not None else ""
    return mark_of(state.version, table.schema, form_of(table, context.settings), directory)


def mark_of(version: str, schema: Schema, form: CsvForm, directory: str = "") -> str:
    """What a record says of files: made of these rows and columns, by these rules, beside this dump."""
    return digest(_VERSION, version, schema.digest(), directory, *(["bom"] if form.bom else []))


def records(storage: Storage, folder: str) -> dict[str, str]:
    """The marks of all records in a folder of the storage, by what they are records of: one listing."""
    beginning = f"{folder}/{RECORDS}/"
    found: dict[str, str] = {}
    for name in storage.list(beginning):
        of, _, mark = name.removeprefix(beginning).removesuffix(".json").rpartition(".")
        # Two at once are those of a run that was killed: then nothing is known.
        found[of] = mark if of not in found else ""
    return found


def changed_files(storage: Storage, folder: str, scratch: Scratch) -> list[tuple[str, str]]:
    """The files in a folder of the storage whose bytes are not those that were written, with what they are
    recorded as: `TABLE`. Those of earlier versions, without checksums, are none of them."""
    found = []
    with scratch.folder() as work:
        for name in storage.list(f"{folder}/{RECORDS}/"):
            path = work / "record.json"
            storage.get(name, path)
            try:
                sums = orjson.loads(path.read_bytes()).get("crc", {})
            except (orjson.JSONDecodeError, AttributeError):
                continue  # its name is what counts
            of = name.removeprefix(f"{folder}/{RECORDS}/").removesuffix(".json").rpartition(".")[0]
            for file, value in sums.items() if isinstance(sums, dict) else ():
                now = storage.checksum(f"{folder}/{file}")
                if now is not None and now != value:
                    found.append((storage.url(f"{folder}/{file}"), of))
    return found


@contextmanager
def recorded(
    storage: Storage, folder: str, of: str, mark: str, files: Sequence[str], scratch: Scratch
) -> Iterator[None]:
    """A block that puts files in their places. Their record is written after it, with their checksums, and an
    older one removed.

    Before it, a record says that they are `_UNFINISHED`. Else that of the files before would hold for those
    that a killed run has put there, where they are to be as they were before that run.
    """
    name, unfinished = (f"{folder}/{RECORDS}/{of}.{one}.json" for one in (mark, _UNFINISHED))
    put_record(storage, unfinished, {}, scratch)
    yield
    found = {one: storage.checksum(f"{folder}/{one}") for one in files}
    sums = {one: value for one, value in found.items() if value is not None}
    put_record(storage, name, {"files": list(files), "crc": sums}, scratch)
    for other in storage.list(f"{folder}/{RECORDS}/{of}."):
        if other != name:
            storage.delete(other)


def put_record(storage: Storage, name: str, form: Mapping[str, object], scratch: Scratch) -> None:
    """Put a record into the storage."""
    with scratch.folder() as work:
        path = work / "record.json"
        with writing(path) as file:
            file.write(orjson.dumps(form, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        storage.put(path, name)


# Writing


def export(context: Context, table: Table, course: CourseKey | None, messages: Messages) -> list[str]:
    """Write the files of a table as it stands; gives where people find them in the storage.

    A dump directory that cannot be written to is told in the notes, and the files go to the storage alone.
    Raises `UserError` where the storage cannot be written to.
    """
    place = _place(context, table, course)
    name = context.name(table, course)
    beside = place.directory if place.writable else None
    if beside is None and place.directory is not None:
        messages.add(f"{place.directory} is not writable: {', '.join(place.files)} not kept there")
    with written(f"{', '.join(place.files)} of {name}"):
        rows = StoredRows(context.warehouse, name, table.schema)
        mark = _mark(context, table, course, place)
        scratch, form = context.scratch, form_of(table, context.settings)
        with recorded(place.storage, place.folder, table.name, mark, place.files, scratch):
            write_and_store(
                place.storage, place.folder, place.files, table.schema, rows, form, scratch, beside
            )
    return [place.storage.url(f"{place.folder}/{file}") for file in place.files]


def write_and_store(
    storage: Storage,
    folder: str,
    files: Sequence[str],
    schema: Schema,
    rows: Iterable[Values],
    form: CsvForm,
    scratch: Scratch,
    beside: Path | None = None,
) -> None:
    """Write rows to files (`write_files`), kept in the directory `beside`, and store them in a folder."""
    with scratch.folder() as work:
        paths = [(beside or work) / file for file in files]
        write_files(paths, schema, rows, form)
        for path in paths:
            storage.put(path, f"{folder}/{path.name}")


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
