"""Records of files in a storage: what they were made from.

A record is `FOLDER/_edxtasks/NAME.MARK.json`: its name says what the files were made from, its content their
checksums. It is written last, so while the mark is that of the rows as they stand, and the files are there,
they are fresh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import orjson

from edxtasks.csv_text import CsvForm
from edxtasks.files import writing
from edxtasks.scratch import Scratch
from edxtasks.storage import Storage
from edxtasks.warehouse.base import digest
from edxtasks.warehouse.schema import Schema

RECORDS = "_edxtasks"
"""Folder of the records in a folder of the storage."""

_UNFINISHED = "unfinished"
"""The mark of files that are being put in their places."""

_VERSION = "1"
"""Raised when the same rows give other files."""


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
