"""What is noted of the copies of shards in storage, beside the lists of shards.

`META/STORED/COURSE.json` has the lines of each copy, so that none need be fetched to know them.
`META/WITHDRAWN/COURSE.json` has the copies whose shard was withdrawn since: they are to go as well. Both hold
for a copy as long as the storage tells the same checksum: another one was stored by somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from edxtasks.logs.layout import EDGE, Layout, json_text, write_durably

FORMAT = "edxtasks stored shards 1"
WITHDRAWN_FORMAT = "edxtasks withdrawn shards 1"


@dataclass(frozen=True)
class CopyNotes:
    """By day what tells a copy from another one (`stored`), and the digest of its lines, "" where that is not
    said. `where` is the storage."""

    where: str = ""
    stored: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


def notes_path(layout: Layout, bucket: str) -> Path:
    """The file with the notes about the copies of a bucket's shards."""
    return layout.meta / "STORED" / layout.shard_list(bucket).name


def _withdrawn_path(layout: Layout, bucket: str) -> Path:
    return layout.meta / "WITHDRAWN" / layout.shard_list(bucket).name


def read_copies(layout: Layout, bucket: str) -> CopyNotes:
    """The notes about the copies of a bucket's shards; none where they cannot be read."""
    return _read(notes_path(layout, bucket), FORMAT)


def read_withdrawn(layout: Layout, bucket: str) -> CopyNotes:
    """The copies of a bucket whose shard was withdrawn."""
    return _read(_withdrawn_path(layout, bucket), WITHDRAWN_FORMAT)


def write_copies(layout: Layout, bucket: str, notes: CopyNotes) -> None:
    """Replace the notes about the copies of a bucket's shards."""
    _write(notes_path(layout, bucket), FORMAT, notes)


def note_withdrawn(layout: Layout, bucket: str, gone: Collection[str], left: Collection[str]) -> None:
    """Note the copies of the days `gone`, of which there is no shard any more; there is one of those `left`.

    The log directory is held by whoever calls this.
    """
    if bucket.startswith(f"{EDGE}/"):
        return  # never copied
    copies, before = read_copies(layout, bucket), read_withdrawn(layout, bucket)
    stored = {day: mark for day, mark in before.stored.items() if day not in left}
    stored |= {day: copies.stored[day] for day in gone if day in copies.stored}
    if stored != before.stored:
        _write(_withdrawn_path(layout, bucket), WITHDRAWN_FORMAT, CopyNotes(copies.where, stored))


def _read(path: Path, written_as: str) -> CopyNotes:
    try:
        form = orjson.loads(path.read_bytes())
        if form["format"] != written_as:
            return CopyNotes()
        shards = form["shards"]
        return CopyNotes(
            form["where"],
            {one["day"]: one["stored"] for one in shards},
            {one["day"]: one["digest"] for one in shards if "digest" in one},
        )
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return CopyNotes()  # without notes the contents are compared


def _write(path: Path, written_as: str, notes: CopyNotes) -> None:
    shards = [
        {"day": day, "digest": notes.digests[day], "stored": notes.stored[day]}
        if day in notes.digests
        else {"day": day, "stored": notes.stored[day]}
        for day in sorted(notes.stored)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json_text({"format": written_as, "where": notes.where, "shards": shards}))
