"""Retired learners taken out of a log directory: their rows go, mentions in rows of others are blanked.

A row is treated as a split of its line would treat it, so that a raw log that is split again gives the same.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from edxtasks.compression import inflate
from edxtasks.files import replacing
from edxtasks.logs.garbage import without_collections
from edxtasks.logs.layout import EDGE, Layout
from edxtasks.logs.legacy import take_over
from edxtasks.logs.parts import Part, PartsWriter
from edxtasks.logs.raw_files import RawLog, RawLogError
from edxtasks.logs.rows.event_time import read_time
from edxtasks.logs.shard_lists import lists
from edxtasks.logs.shard_rows import lines_of, text_of
from edxtasks.logs.supplies import DamagedError
from edxtasks.printable import printable_path
from edxtasks.retired import Retired, of_row

_ROWS_AT_ONCE = 2_000


@dataclass
class TakenOut:
    """What went: raw logs whose rows changed, rows, mentions in rows of others, rejected lines."""

    sources: int = 0
    rows: int = 0
    mentions: int = 0
    rejects: int = 0
    unpublished: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CleanParts:
    """The work of taking retired learners out of the parts of one source. Gives the new parts, None where no
    row of them changes, with the numbers of rows that go and of mentions."""

    folder: Path
    target: Path
    parts: tuple[Part, ...]
    level: int
    retired: Retired

    @without_collections()
    def run(self, report: Callable[[object], None]) -> tuple[tuple[Part, ...] | None, int, int]:
        """Write new parts into `target`. Raises `DamagedError` for a part that cannot be read."""
        if not any(_changes(row, self.retired) for part in self.parts for row in self._rows(part)):
            return None, 0, 0
        writer = PartsWriter(self.target, self.level)
        gone = mentions = 0
        try:
            # In the order in which they were begun, so that the files have the same numbers.
            for part in sorted(self.parts, key=lambda part: int(part.file.partition(".")[0])):
                batch: list[bytes] = []
                for row in self._rows(part):
                    kept, blanked = of_row(row, self.retired)
                    mentions += blanked
                    if kept is None:
                        gone += 1
                        continue
                    batch.append(kept)
                    if len(batch) >= _ROWS_AT_ONCE:
                        _add(writer, part, batch)
                        batch = []
                _add(writer, part, batch)
                report(part.day)
            return tuple(writer.finish()), gone, mentions
        finally:
            writer.close()

    def _rows(self, part: Part) -> Iterator[bytes]:
        path = self.folder / part.file
        try:
            yield from lines_of(content for _, content in inflate(path))
        except (OSError, ValueError) as error:
            raise DamagedError(f"{path} cannot be read: {error}") from None


def _changes(row: bytes, retired: Retired) -> bool:
    return of_row(row, retired)[0] is not row


def _add(writer: PartsWriter, part: Part, rows: list[bytes]) -> None:
    if rows:
        times = [_time_of(row) for row in rows]
        text = b"\n".join([*rows, b""])
        writer.add(part.bucket, part.day, len(rows), min(times), max(times), text)


def _time_of(row: bytes) -> int:
    found = read_time(orjson.loads(row)["time"])
    assert found is not None
    return found[0]


def clean_rejects(layout: Layout, retired: Retired) -> int:
    """Blank the texts of rejected lines that name a retired learner; how many."""
    found = 0
    for path in sorted(layout.rejects.rglob("*.jsonl.gz")):
        with gzip.open(path) as file:
            lines = file.readlines()
        if not any(map(retired.hits, lines)):
            continue
        with replacing(path) as sink:
            for line in lines:
                if retired.hits(line):
                    form = orjson.loads(line)
                    line = orjson.dumps({"line": form["line"], "reason": form["reason"], "text": ""}) + b"\n"
                    found += 1
                sink.write(line)
    return found


@dataclass(frozen=True)
class OpaqueRows:
    """A file with rows of which no raw log is known, and the shard that it is, or is part of. `is_lost`: its
    checkpoints are gone; else the predecessor made it."""

    bucket: str
    day: str
    file: Path
    is_lost: bool

    @property
    def is_shard(self) -> bool:
        """Whether the file is the shard, with no rows of raw logs beside."""
        return self.file.name.startswith("tracklog-")


def opaque_rows(layout: Layout, retired: Retired) -> list[OpaqueRows]:
    """The files of which no raw log is known (of the predecessor, or lost) that name a retired learner.

    Raises `DamagedError` where one cannot be read to its end, so that nobody knows.
    """
    found: list[OpaqueRows] = []
    for bucket, entries in lists(layout).items():
        site = retired.of_site(bucket.startswith(f"{EDGE}/"))
        for day, entry in sorted(entries.items()):
            shard, apart = layout.shard(bucket, day), layout.legacy_part(bucket, day)
            if (entry.is_legacy or entry.is_lost) and shard.exists():
                file = apart if apart.exists() and not entry.is_lost else shard
                if _names_somebody(file, site) or (file is apart and _names_somebody(shard, site)):
                    found.append(OpaqueRows(bucket, day, file, entry.is_lost))
    return found


def _names_somebody(path: Path, retired: Retired) -> bool:
    try:
        with RawLog(path) as log:
            # All of it, also after the first: what is broken further on is not cleaned by half.
            return sum(any(map(retired.hits, block.data.split(b"\n"))) for block in log.blocks()) > 0
    except RawLogError as error:
        raise DamagedError(str(error)) from None
    except OSError as error:
        raise DamagedError(f"{printable_path(path)} cannot be read: {error.strerror}") from None


def clean_opaque(layout: Layout, rows: OpaqueRows, retired: Retired) -> tuple[int, int]:
    """Take retired learners out of such a file; how many rows went and mentions were blanked.

    The list knows the file as it is then. A shard that also has rows of raw logs is removed: it is to be made
    anew. Killed on the way, a run leaves what the next one mends: the file is looked at again.
    """
    site = retired.of_site(rows.bucket.startswith(f"{EDGE}/"))
    gone = mentions = kept = 0
    with replacing(rows.file) as sink:
        for line in lines_of(text_of(rows.file)):
            row, blanked = _of_opaque(line, site)
            mentions += blanked
            gone += row is None
            if row is not None:
                kept += 1
                sink.write(row + b"\n")
    if not kept:
        rows.file.unlink()
    if not rows.is_shard:
        layout.shard(rows.bucket, rows.day).unlink(missing_ok=True)
    elif kept:
        days = [rows.day]
        take_over(layout, rows.bucket, [] if rows.is_lost else days, days if rows.is_lost else [])
    else:
        take_over(layout, rows.bucket, [])
    return gone, mentions


def _of_opaque(line: bytes, retired: Retired) -> tuple[bytes | None, int]:
    """What is kept of a line that no run made: nothing where it names somebody and is no row."""
    if not retired.hits(line):
        return line, 0
    try:
        form = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None, 0
    return of_row(line, retired) if isinstance(form, dict) else (None, 0)
