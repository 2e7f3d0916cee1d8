"""The lists of published shards: one JSON file a bucket in META, rewritten only when it changes."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from edxtasks.compression import crc32
from edxtasks.logs.layout import EDGE, Layout, json_text, write_durably
from edxtasks.logs.source_keys import LEGACY, LOST

FORMAT = "edxtasks shards 1"
_SEAL = re.compile(rb',\n "checksum": "[0-9a-f]{8}"\n}\n$')


@dataclass(frozen=True)
class Entry:
    """A line of a shard list. `sources` are pairs (key, digest of the part). `mark` is size and time of a
    file that still is the shard and no checkpoint names: one of the predecessor, or whose checkpoints are
    lost.
    `message` says why it cannot be read. `checksum` is that of the file as it is stored
    (`compression.checksum`), "" where it is not known; it stands beside the lines, where versions that do not
    know it overlook it."""

    day: str
    digest: str
    rows: int
    min_time_us: int | None
    max_time_us: int | None
    sources: tuple[tuple[str, str], ...]
    deduplicated: bool = False
    mark: tuple[int, int] | None = None
    message: str = ""
    checksum: str = ""

    @property
    def is_legacy(self) -> bool:
        """Whether rows of a shard of the predecessor are in it."""
        return any(key == LEGACY for key, _ in self.sources)

    @property
    def is_lost(self) -> bool:
        """Whether its raw logs are not known, since their checkpoints are gone."""
        return any(key == LOST for key, _ in self.sources)


def read_list(layout: Layout, bucket: str) -> dict[str, Entry]:
    """The shards of a bucket by day; empty when there is no list that can be read."""
    return read_list_file(layout.shard_list(bucket))[1]


def read_list_file(path: Path) -> tuple[str, dict[str, Entry]]:
    """Bucket and shards of one list file; empty when it cannot be read, or is not what was written."""
    try:
        content = path.read_bytes()
        seal = _SEAL.search(content)
        if seal is not None and _sealed(content[: seal.start()]) != content:
            return "", {}
        form = orjson.loads(content)
        if form["format"] != FORMAT:
            return "", {}
        checksums = form.get("checksums", {})
        return form["bucket"], {
            entry["day"]: _entry(entry, checksums.get(entry["day"], "")) for entry in form["shards"]
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return "", {}


def _sealed(content: bytes) -> bytes:
    """The content of a list, but for its end, with its checksum as its last member: a disk may change a digit
    in it. Versions that do not know it overlook it."""
    return b'%s,\n "checksum": "%08x"\n}\n' % (content, crc32(content))


def _entry(form: dict[str, Any], checksum: str) -> Entry:
    form["sources"] = tuple((key, digest) for key, digest in form["sources"])
    if form.get("mark") is not None:
        form["mark"] = tuple(form["mark"])
    return Entry(**form, checksum=checksum)


def write_list(layout: Layout, bucket: str, entries: Iterable[Entry]) -> None:
    """Replace the list of a bucket; untouched when nothing changed, removed when no shard is left."""
    path = layout.shard_list(bucket)
    ordered = sorted(entries, key=lambda entry: entry.day)
    if not ordered:
        path.unlink(missing_ok=True)
        return
    form: dict[str, Any] = {"format": FORMAT, "bucket": bucket, "shards": [*map(_form, ordered)]}
    if checksums := {entry.day: entry.checksum for entry in ordered if entry.checksum}:
        form["checksums"] = checksums
    content = _sealed(json_text(form).removesuffix(b"\n}\n"))
    try:
        if path.read_bytes() == content:
            return
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, content)


def _form(entry: Entry) -> dict[str, Any]:
    form = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}
    del form["checksum"]
    for name in ("deduplicated", "mark", "message"):
        if not form[name]:
            del form[name]
    return form


def lists(layout: Layout) -> dict[str, dict[str, Entry]]:
    """The shards of all buckets: by bucket, then by day."""
    found: dict[str, dict[str, Entry]] = {}
    for folder in (layout.shard_lists, layout.shard_lists / EDGE):
        if not folder.is_dir():
            continue
        with os.scandir(folder) as files:
            names = sorted(f.name for f in files if f.name.endswith(".json"))
        for name in names:
            bucket, entries = read_list_file(folder / name)
            if bucket:
                found[bucket] = entries
    return found


def mark_of(status: os.stat_result) -> tuple[int, int]:
    """Size and modification time (nanoseconds) of a file: as long as they are the same, so is the file."""
    return status.st_size, status.st_mtime_ns
