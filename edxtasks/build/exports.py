"""Files written from the rows of a table, for people and programs that read no warehouse.

A table of a course is written beside the dump of the course and copied to its folder of the storage; a table
of a report goes to the report's folder. What they were written from is on record there (`file_records`).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.file_records import mark_of, recorded, records
from edxtasks.build.row_writers import (
    FILE_FORMS,
    PLAIN,
    REPORT_TABLE,
    StoredRows,
    Values,
    write_files,
    written,
)
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.csv_text import CsvForm
from edxtasks.directories import sql_directory
from edxtasks.errors import NoDumpDirectory, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.scratch import Scratch
from edxtasks.storage import Storage
from edxtasks.table import Scope, Table
from edxtasks.warehouse.schema import Schema

DATASET = "{dataset}"
"""In the name of a file of a report: the dataset that its table is in."""


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
