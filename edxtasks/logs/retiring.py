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
from edxtasks.logs.layout import Layout
from edxtasks.logs.parts import Part, PartsWriter
from edxtasks.logs.publish import DamagedError
from edxtasks.logs.raw_files import RawLog, RawLogError
from edxtasks.logs.rows.event_time import read_time
from edxtasks.logs.shard_lists import lists
from edxtasks.logs.shard_rows import lines_of
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


def opaque_shards(layout: Layout, retired: Retired) -> list[str]:
    """The shards of which no raw log is known (of the predecessor, or lost), or that cannot be read, and that
    name a retired learner: `BUCKET DAY`."""
    found: list[str] = []
    for bucket, entries in lists(layout).items():
        for day, entry in sorted(entries.items()):
            if (entry.is_legacy or entry.is_lost) and names_somebody(layout.shard(bucket, day), retired):
                found.append(f"{bucket} {day}")
    return found


def names_somebody(path: Path, retired: Retired) -> bool:
    """Whether a log, raw or a shard, has a line that names a retired learner, or cannot be read to its end,
    so that nobody knows."""
    try:
        with RawLog(path) as log:
            return any(any(map(retired.hits, block.data.split(b"\n"))) for block in log.blocks())
    except (RawLogError, OSError):
        return True
