"""The interface of a storage: named files that others fetch.

A name is relative and has `/` between its parts (`MITx__2.03x__3T2013/DAILY/tracklog-2013-09-08.json.gz`).
Two stores stand behind this interface: a local folder (`local.py`) and a bucket of Cloud Storage (`gcs.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from edxtasks.errors import UserError
from edxtasks.scratch import BESIDE

TEMPORARY = BESIDE
"""How the names of files that are being written begin; no stored file may be called so."""


@dataclass(frozen=True)
class Stat:
    """What is known of a stored file without reading it.

    `size` in bytes; `updated` in seconds since 1970. `crc32c` is in base64, as Cloud Storage keeps
    it; None of a file in a folder.
    """

    size: int
    updated: float
    crc32c: str | None = None


class NotStoredError(UserError):
    """A file that is asked for is not in the storage."""


class Storage(ABC):
    """Files by name. Names that could leave the storage are refused with `ValueError`."""

    where: str
    """Where the files are, for people."""

    @abstractmethod
    def put(self, local: Path, name: str) -> bool:
        """Store a local file under a name, replacing what is there; a reader sees the old or the new.

        False when the same content is there already: nothing is sent then. Raises `UserError` when the
        storage cannot be written.
        """

    @abstractmethod
    def get(self, name: str, local: Path) -> None:
        """Fetch a file to a local path, atomically. Raises `NotStoredError` when there is none."""

    @abstractmethod
    def holds(self, local: Path, name: str) -> bool:
        """Whether the content of a local file is stored under a name."""

    @abstractmethod
    def stat(self, name: str) -> Stat | None:
        """Size, time and checksums of a file; None when there is none."""

    def checksum(self, name: str) -> str | None:
        """The CRC-32 of a file, read from its bytes; None of one in a bucket, which looks after its bytes
        itself, and where there is none."""
        return None

    @abstractmethod
    def list(self, prefix: str = "") -> list[str]:
        """The names that begin with `prefix`, sorted."""

    @abstractmethod
    def stats(self, prefix: str = "") -> dict[str, Stat]:
        """As `list`, with what `stat` gives for each: one listing, however many files there are."""

    @abstractmethod
    def delete(self, name: str) -> bool:
        """Remove a file. False when there was none."""

    @abstractmethod
    def url(self, name: str) -> str:
        """Where a person finds the file: a link, or a local path."""

    @abstractmethod
    def make_public(self, name: str) -> None:
        """Let the world read a file. Raises `NotStoredError` when there is none, `UserError` when not
        allowed."""


def checked_name(name: str) -> str:
    """`name`, when it is one: relative, no empty part, no `.` or `..`, no control character or backslash.

    Raises `ValueError` otherwise.
    """
    parts = name.split("/")
    if (
        any(part in {"", ".", ".."} or part.startswith(TEMPORARY) for part in parts)
        or "\\" in name
        or not name.isprintable()
        or len(name.encode()) > 1024
    ):
        raise ValueError(f"{name!r} is not a name of a stored file")
    return name
