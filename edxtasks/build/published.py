"""Files that are published with a table that is loaded from files.

- Files that it is loaded from, those that an office keeps: with BigQuery they are copied to the bucket, under
  a name of their own. A record beside the copy tells in its name which content it has.
- Files that its builder writes beside the dump (`course_axis.json`, the bundle): they are copied to the
  folder of the course in the storage, with both engines. The record names the build that they are of.

Records are those of `exports.py`, written last; a look costs a few listings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.exports import stored_files
from edxtasks.build.file_records import RECORDS, recorded, records
from edxtasks.build.row_writers import written
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.table import PythonModel, Table

_ENDINGS = (".csv.gz", ".csv", ".json.gz", ".json", ".jsonl")

Sources = Mapping[str, Path | None]


def unpublished(context: Context, table: Table, sources: Sources) -> str:
    """Why a file of `sources` is to be published (again), "" when the copies are as they should be."""
    for name, path in _published(context, table, sources):
        if name not in context.storage.list(name):
            return f"{name} is not in {context.storage.where}"
        folder, of = _record_of(name)
        if records(context.storage, folder).get(of) != context.digests(path):
            return f"{name} has another content in {context.storage.where}"
    return ""


def publish(context: Context, table: Table, sources: Sources, messages: Messages) -> None:
    """Copy the files of `sources` that are published. Raises `UserError` where that cannot be done."""
    for name, path in _published(context, table, sources):
        folder, of = _record_of(name)
        content = context.digests(path)
        with recorded(context.storage, folder, of, content, [name], context.scratch):
            context.storage.put(path, name)
        messages.note(f"published: {context.storage.url(name)}")


def unpublished_outputs(context: Context, table: Table, course: CourseKey | None, stamp: str) -> str:
    """Why the files that a builder writes are to be made and published (again), "" when the copies are those
    of the build with this stamp."""
    names = _published_outputs(table, course)
    if not names or course is None or not _has_storage(context):
        return ""
    folder = context.course_folder(course)
    for name in names:
        if f"{folder}/{name}" not in context.storage.list(f"{folder}/{name}"):
            return f"{name} is not in {context.storage.where}"
    if records(context.storage, folder).get(table.name) != stamp:
        return f"{', '.join(names)} in {context.storage.where} are of another build"
    return ""


def publish_outputs(
    context: Context, table: Table, course: CourseKey | None, places: Sequence[Path], stamp: str
) -> None:
    """Copy files that a builder wrote to the storage: each from the first of the folders that has it.

    Raises `UserError` where that cannot be done.
    """
    names = _published_outputs(table, course)
    if not names or course is None or not _has_storage(context):
        return
    folder = context.course_folder(course)
    with (
        written(f"{', '.join(names)} in {context.storage.where}"),
        recorded(context.storage, folder, table.name, stamp, names, context.scratch),
    ):
        for name in names:
            path = next(place / name for place in places if (place / name).exists())
            context.storage.put(path, f"{folder}/{name}")


def withdraw(context: Context, table: Table, course: CourseKey | None) -> None:
    """Remove what was written to the storage from a table that is about to be set aside, from its rows or by
    its builder: people would take it for that of today. Files that no record tells of stay."""
    outputs = _published_outputs(table, course)
    if not (table.files or outputs) or not _has_storage(context):
        return
    storage, folder, files = stored_files(context, table, course)
    marks = storage.list(f"{folder}/{RECORDS}/{table.name}.")
    for name in (*files, *outputs) if marks else ():
        storage.delete(f"{folder}/{name}")
    for mark in marks:  # last: a run that is killed before leaves the record, and the next one goes on
        storage.delete(mark)


def published_names(table: Table, course: CourseKey) -> frozenset[str]:
    """The names of the files that are published with a table of a course, from its rows or by its builder."""
    return frozenset((*table.files, *_published_outputs(table, course)))


def _has_storage(context: Context) -> bool:
    """Whether there is a place to publish to: with BigQuery there may be no bucket."""
    settings = context.settings
    return settings.warehouse.engine != "bigquery" or settings.storage.gs_bucket is not None


def _published_outputs(table: Table, course: CourseKey | None) -> list[str]:
    builder = table.builder
    if course is None or not isinstance(builder, PythonModel):
        return []
    return [name.format(course=course.directory) for name in builder.published_outputs]


def _published(context: Context, table: Table, sources: Sources) -> Iterator[tuple[str, Path]]:
    """Name in the storage and local path of each file; none where there is no bucket."""
    builder = table.builder
    settings = context.settings
    if not isinstance(builder, PythonModel) or settings.warehouse.engine != "bigquery":
        return
    for label, stem in builder.published.items():
        path = sources.get(label)
        if path is not None and settings.storage.gs_bucket is not None:
            # A file of JSON lines is not CSV, whatever it is published as.
            ending = next((one for one in _ENDINGS if path.name.lower().endswith(one)), ".csv")
            yield f"{stem}{ending}", path


def _record_of(name: str) -> tuple[str, str]:
    """Folder of the record of a published file, and what it is a record of."""
    folder, _, file = name.rpartition("/")
    return folder, f"{file} as delivered"
