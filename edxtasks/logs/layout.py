"""The log directory: where everything that splitting writes lies, and how it is written.

    COURSE/tracklog-YYYY-MM-DD.json.gz   published shard: the rows of a course and day
    UNKNOWN/…                            rows of no course; never loaded
    EDGE/COURSE/…                        rows of edge logs, where they are kept apart
    META/SOURCE.json                     checkpoint of a raw log, written last
    META/SHARDS/BUCKET.json              list of the shards of a bucket
    META/STORED/COURSE.json              copies of shards in storage
    META/WITHDRAWN/COURSE.json           those of which the shard was withdrawn
    META/PUBLISH/SOURCE.json             shards that have still to be rebuilt
    META/FAILED/SOURCE.json              raw logs whose last try failed
    META/INDEX/sources.json              summary of the checkpoints, only a cache
    REJECTS/SOURCE.jsonl.gz              lines that could not be used
    PARTS/…                              what each raw log gives to each shard

A bucket is the folder of the shards of one course (or `UNKNOWN`), with `EDGE/` before it for edge logs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from edxtasks.course import CourseKey
from edxtasks.locks import Lock
from edxtasks.printable import printable_path

UNKNOWN = "UNKNOWN"
EDGE = "EDGE"
LONGEST_NAME = 255
"""Most bytes of a file name on the usual file systems."""
NEW = ".new"
SHARD_NAME = re.compile(r"tracklog-(\d{4}-\d{2}-\d{2})\.json\.gz")

_OWN_FOLDERS = {"META", "PARTS", "REJECTS", EDGE}


def bucket_of(course: CourseKey | None, edge: bool = False) -> str:
    """The bucket of a course's rows."""
    name = UNKNOWN if course is None else course.directory
    return f"{EDGE}/{name}" if edge else name


def short_hash(text: str, digits: int = 8) -> str:
    """A few hex digits that stand for `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:digits]


def fitting(name: str, longest: int) -> str:
    """`name` where it has at most `longest` bytes, else its beginning and a hash of the whole."""
    encoded = os.fsencode(name)
    if len(encoded) <= longest:
        return name
    return f"{encoded[: longest - 18].decode('utf-8', 'ignore')}~{short_hash(name, 16)}"


class Layout:
    """The paths below one log directory."""

    def __init__(self, directory: Path) -> None:
        self.root = directory
        self.meta = directory / "META"
        self.parts = directory / "PARTS"
        self.rejects = directory / "REJECTS"
        self.shard_lists = self.meta / "SHARDS"
        self.outstanding = self.meta / "PUBLISH"
        self.failures = self.meta / "FAILED"
        self.index = self.meta / "INDEX" / "sources.json"

    def create(self) -> None:
        """Make the folders that are missing."""
        for folder in (
            *(self.parts, self.rejects / "FAILED", self.shard_lists / EDGE, self.outstanding),
            *(self.failures, self.index.parent),
        ):
            folder.mkdir(parents=True, exist_ok=True)

    def shard(self, bucket: str, day: str) -> Path:
        """The published shard of a bucket and day (`YYYY-MM-DD`)."""
        return self.root / bucket / f"tracklog-{day}.json.gz"

    def shard_list(self, bucket: str) -> Path:
        """The list of the shards of a bucket."""
        *above, name = bucket.split("/")
        return self.shard_lists.joinpath(*above, fitting(name, LONGEST_NAME - 12) + ".json")

    def checkpoint(self, key: str) -> Path:
        """The checkpoint of a source."""
        return self.meta / f"{key}.json"

    def rejects_of(self, key: str) -> Path:
        """The rejected lines of a source."""
        return self.rejects / f"{key}.jsonl.gz"

    def failed_rejects_of(self, key: str) -> Path:
        """The rejected lines of a try that had too many of them."""
        return self.rejects / "FAILED" / f"{key}.jsonl.gz"

    def legacy_part(self, bucket: str, day: str) -> Path:
        """The shard that the predecessor made, once others add to its day."""
        return self.parts / "LEGACY" / bucket / f"{day}.json.gz"

    def buckets(self) -> Iterator[str]:
        """The buckets that have a folder."""
        for above in ("", EDGE):
            folder = self.root / above if above else self.root
            if not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir())
            for name in names:
                if name == UNKNOWN or (name.count("__") >= 2 and name not in _OWN_FOLDERS):
                    yield f"{above}/{name}" if above else name

    def shard_files(self, bucket: str) -> dict[str, os.DirEntry[str]]:
        """The shard files in the folder of a bucket, by day; empty when there is no folder."""
        try:
            with os.scandir(self.root / bucket) as entries:
                found = {entry.name: entry for entry in entries}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return {
            match[1]: entry
            for name, entry in found.items()
            if (match := SHARD_NAME.fullmatch(name)) and is_day(match[1])
        }

    def sweep(self) -> None:
        """Remove files that a killed run was writing. The log directory must be locked."""
        own = (self.meta, self.shard_lists, self.shard_lists / EDGE, self.outstanding, self.failures)
        for folder in (*own, self.index.parent):
            _remove_new(folder)
        for folder in (self.parts / "LEGACY").rglob("*"):
            if folder.is_dir():
                _remove_new(folder)
        for bucket in [*self.buckets()]:
            if _remove_new(self.root / bucket, ".tracklog-"):
                with contextlib.suppress(OSError):  # there are shards in it
                    (self.root / bucket).rmdir()

    @contextlib.contextmanager
    def locked(self, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold the log directory: one run at a time changes it. `waiting` is told which other one does.
        Raises `HeldError` where that goes on for too long."""
        self.create()
        with Lock(self.meta / ".lock", f"the log directory {printable_path(self.root)}", waiting):
            self._await_workers()
            yield

    def hold_as_worker(self) -> BinaryIO | None:
        """For a worker process: held until it ends; no run starts while workers of a killed one live."""
        try:
            import fcntl
        except ImportError:  # no such locks on this system
            return None
        file = (self.meta / ".workers").open("ab")
        fcntl.flock(file, fcntl.LOCK_SH)
        return file

    def _await_workers(self) -> None:
        try:
            import fcntl
        except ImportError:
            return
        with (self.meta / ".workers").open("ab") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    time.sleep(0.01)


def _remove_new(folder: Path, begin: str = ".") -> bool:
    """Remove what is left of files on their way (`new_beside`). Whether there was any."""
    try:
        with os.scandir(folder) as entries:
            left = [
                entry.path for entry in entries if entry.name.startswith(begin) and entry.name.endswith(NEW)
            ]
    except FileNotFoundError:
        return False
    for path in left:
        Path(path).unlink(missing_ok=True)
    return bool(left)


def is_day(text: str) -> bool:
    """Whether `text` is a date of the calendar, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def json_text(form: Mapping[str, Any]) -> bytes:
    """JSON to be read by people too: a member a line, and a line for each record in a list of records."""
    members: list[bytes] = []
    for name, value in form.items():
        if isinstance(value, list | tuple) and value and not isinstance(value[0], str):
            text = b"[\n  " + b",\n  ".join(map(orjson.dumps, value)) + b"\n ]"
        else:
            text = orjson.dumps(value)
        members.append(b" " + orjson.dumps(name) + b": " + text)
    return b"{\n" + b",\n".join(members) + b"\n}\n"


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, also after a crash.

    Raises `OSError`, which names the file; nothing is left beside it then.
    """
    temporary = new_beside(path)
    try:
        with naming(path), temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # the next run tries again
            temporary.unlink(missing_ok=True)
        raise


def new_beside(path: Path) -> Path:
    """What a file is called while it is written, in the same folder; a killed run may leave it (`sweep`)."""
    return path.with_name(f".{path.name}{NEW}")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an `OSError` of a write name the file: Python names it only where a file is opened."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def remove_tree(folder: Path) -> None:
    """Remove a folder and all in it, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
