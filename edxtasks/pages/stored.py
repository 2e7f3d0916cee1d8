"""A page in the storage, with a record beside it of what it was made from (`build/exports.py`): while that is
the same, the page is fresh."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from edxtasks.build.file_records import RECORDS, recorded, records
from edxtasks.build.row_writers import written
from edxtasks.scratch import Scratch
from edxtasks.storage import Storage

_OTHER = "its tables, or how it is made, have changed"


@functools.cache
def recipe() -> str:
    """The digest of all that makes pages: code, queries, templates, style, outlines."""
    total = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            content = path.read_bytes()
            total.update(f"{path.relative_to(folder)}:{len(content)}:".encode() + content)
    return total.hexdigest()


@dataclass(frozen=True)
class StoredPage:
    """A page: its storage, the folder in it, the name of its file, and what its record is called."""

    storage: Storage
    folder: str
    file: str
    record: str

    @property
    def name(self) -> str:
        """Its name in the storage."""
        return f"{self.folder}/{self.file}"

    @property
    def url(self) -> str:
        """Where people find it."""
        return self.storage.url(self.name)

    def exists(self) -> bool:
        """Whether there is a page."""
        return self.name in self.storage.list(self.name)

    def outdated(self, made_from: str) -> str:
        """Why it is to be made, "" when it was made from just this."""
        if not self.exists():
            return "it does not exist"
        return "" if records(self.storage, self.folder).get(self.record) == made_from else _OTHER

    def store(self, page: bytes, made_from: str, scratch: Scratch) -> str:
        """Put it in place, then its record; gives where people find it. Raises `UserError`."""
        with written(self.name), scratch.folder() as work:
            path = work / self.file
            path.write_bytes(page)
            with recorded(self.storage, self.folder, self.record, made_from, [self.file], scratch):
                self.storage.put(path, self.name)
        return self.url

    def remove(self) -> None:
        """Remove it with its record."""
        self.storage.delete(self.name)
        self.forget()

    def forget(self) -> bool:
        """Remove the record of what it was made from: it is made again. False where there is none."""
        found = self.storage.list(f"{self.folder}/{RECORDS}/{self.record}.")
        for name in found:
            self.storage.delete(name)
        return bool(found)
