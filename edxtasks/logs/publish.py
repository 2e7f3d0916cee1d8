"""Published shards: those of a bucket that are to be made anew, and the list of what they hold.

Shards stand in their places before the list says so; what a run that is killed in between has left is found
by the next one, which holds the shard against the list.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edxtasks.logs.copy_notes import note_withdrawn
from edxtasks.logs.flushing import flush, flush_names
from edxtasks.logs.garbage import without_collections
from edxtasks.logs.layout import Layout
from edxtasks.logs.raw_files import RawLogError
from edxtasks.logs.shard_lists import Entry, read_list, write_list
from edxtasks.logs.shard_maker import ShardJob, ShardMaker
from edxtasks.logs.supplies import DamagedError, Supply
from edxtasks.outcomes import described


@dataclass(frozen=True)
class PublishBucket:
    """The work of making shards of one bucket anew: for each day the parts, in order, that feed it now."""

    directory: Path
    bucket: str
    days: Mapping[str, tuple[Supply, ...]]
    level: int
    deduplicate: bool = False
    without_legacy: frozenset[str] = frozenset()
    """Days whose rows of the predecessor are withdrawn."""
    without_lost: frozenset[str] = frozenset()
    """Days whose rows of unknown raw logs are withdrawn."""

    @without_collections()
    def run(self, report: Callable[[object], None]) -> PublishedBucket:
        """Make the shards, then the list. A shard that cannot be made stays as it is."""
        layout = Layout(self.directory)
        entries = read_list(layout, self.bucket)
        changed: list[str] = []
        failed: dict[str, str] = {}
        damaged: set[str] = set()
        gone: list[str] = []
        written: list[Path] = []
        for day, supplies in sorted(self.days.items()):
            maker = ShardMaker(self._job(layout, day, entries.get(day)))
            try:
                entry = maker.make(supplies)
            except (DamagedError, RawLogError, OSError) as error:
                failed[day] = described(error) if isinstance(error, OSError) else str(error)
                if isinstance(error, DamagedError) and error.sources:
                    damaged |= {*error.sources, *(supply.key for supply in supplies if supply.is_short)}
                continue
            if entry is None:
                gone.append(day)
                if entries.pop(day, None) is not None:
                    changed.append(day)
                continue
            if day not in entries or entries[day].digest != entry.digest:
                changed.append(day)
            entries[day] = entry
            if maker.has_written:
                written.append(layout.shard(self.bucket, day))
            report(day)
        flush(written)  # what is linked was flushed when it was written
        if not entries.keys().isdisjoint(changed):
            flush_names(layout.root / self.bucket)
        note_withdrawn(layout, self.bucket, gone, entries)
        write_list(layout, self.bucket, entries.values())
        for day in gone:
            layout.shard(self.bucket, day).unlink(missing_ok=True)
        for day in self.without_legacy - set(failed):
            layout.legacy_part(self.bucket, day).unlink(missing_ok=True)
        if not entries:
            with contextlib.suppress(OSError):  # not there, or other files in it
                (layout.root / self.bucket).rmdir()
        return PublishedBucket(self.bucket, tuple(changed), failed, frozenset(damaged))

    def _job(self, layout: Layout, day: str, old: Entry | None) -> ShardJob:
        return ShardJob(
            layout,
            self.bucket,
            day,
            old,
            self.level,
            self.deduplicate,
            without_legacy=day in self.without_legacy,
            without_lost=day in self.without_lost,
        )


@dataclass(frozen=True)
class PublishedBucket:
    """The days of a bucket whose shard is another one now (or gone), and those that failed, with messages.

    `damaged` are the sources for whose parts a shard failed.
    """

    bucket: str
    changed: tuple[str, ...]
    failed: Mapping[str, str]
    damaged: frozenset[str] = frozenset()
