"""Files that a table is loaded from and that are published as they are: those that an office keeps.

With BigQuery they are copied to the bucket, under a name of their own, when the table is loaded. A record
beside the copy tells in its name which content it has, so that a look costs two listings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.exports import record, records
from edxtasks.notes import Notes
from edxtasks.table import LoadedFrom, Table

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


def publish(context: Context, table: Table, sources: Sources, notes: Notes) -> None:
    """Copy the files of `sources` that are published. Raises `UserError` where that cannot be done."""
    for name, path in _published(context, table, sources):
        folder, of = _record_of(name)
        content = context.digests(path)
        context.storage.put(path, name)
        record(context.storage, folder, of, content, [name], context.scratch)
        notes.say(f"published: {context.storage.url(name)}")


def _published(context: Context, table: Table, sources: Sources) -> Iterator[tuple[str, Path]]:
    """Name in the storage and local path of each file; none where there is no bucket."""
    made = table.made
    settings = context.settings
    if not isinstance(made, LoadedFrom) or settings.warehouse.engine != "bigquery":
        return
    for label, stem in made.published.items():
        path = sources.get(label)
        if path is not None and settings.storage.gs_bucket is not None:
            # A file of JSON lines is no CSV, whatever it is published as.
            ending = next((one for one in _ENDINGS if path.name.lower().endswith(one)), ".csv")
            yield f"{stem}{ending}", path


def _record_of(name: str) -> tuple[str, str]:
    """Folder of the record of a published file, and what it is a record of."""
    folder, _, file = name.rpartition("/")
    return folder, f"{file} as delivered"
