"""Compare the log directory with its checkpoints: shards missing, unlisted, not made by any run."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edxtasks.logs.checkpoints import Shards, merged, read_checkpoint, read_outstanding
from edxtasks.logs.layout import Layout
from edxtasks.logs.parts import is_of_raw_logs
from edxtasks.logs.shard_lists import Entry, lists, mark_of
from edxtasks.logs.source_keys import LEGACY, LOST


@dataclass(frozen=True)
class Found:
    """Days of one bucket. `untracked`: shard files that no run made, or one of the predecessor that was
    replaced. `lost`: shards that a run made, whose checkpoints are gone: of which raw logs is not known.
    `unlisted`: shards that raw logs feed and the list does not name. `stale`: to be rebuilt for another
    reason: the file is missing, a source was withdrawn, or rows are (or are not) to be deduplicated.
    `kept`: known as lost since an earlier run; nothing to do about them."""

    untracked: frozenset[str]
    lost: frozenset[str]
    unlisted: frozenset[str]
    stale: frozenset[str]
    kept: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.untracked or self.lost or self.unlisted or self.stale)


class DirectoryScan:
    """Looks at buckets one by one. `sources` are the keys of all sources; None: do not compare with them."""

    def __init__(
        self, layout: Layout, sources: Collection[str] | None = None, deduplicate: bool | None = None
    ) -> None:
        self._layout = layout
        self._sources = sources
        self._deduplicate = deduplicate

    def look_at(
        self, bucket: str, entries: Mapping[str, Entry], files: Mapping[str, os.DirEntry[str]]
    ) -> Found:
        """Compare the list of a bucket with the files in its folder."""
        strange = {day for day, file in files.items() if _is_strange(entries.get(day), file)}
        if strange:
            # A shard that a killed run made and did not yet put onto the list is noted as outstanding.
            strange -= {
                day
                for day in strange & self._outstanding.get(bucket, set())
                if day not in entries or self._layout.legacy_part(bucket, day).exists()
            }
        lost = {day for day in strange if _may_be_lost(entries.get(day)) and is_of_raw_logs(Path(files[day]))}
        untracked = strange - lost
        unlisted = lost - set(entries)
        unlisted &= self._fed.get(bucket, set()) if unlisted else set()
        lost -= unlisted
        lost |= {day for day, entry in entries.items() if day in files and self._is_lost(bucket, entry)}
        stale = {day for day, entry in entries.items() if self._is_stale(entry, day in files)} - lost
        kept = {day for day, entry in entries.items() if entry.is_lost} - lost - untracked - stale
        return Found(*map(frozenset, (untracked, lost, unlisted, stale, kept)))

    def look_at_all(self) -> dict[str, Found]:
        """All buckets of which there is something to tell."""
        known = lists(self._layout)
        found = {
            bucket: self.look_at(bucket, known.get(bucket, {}), self._layout.shard_files(bucket))
            for bucket in sorted({*known, *self._layout.buckets()})
        }
        return {bucket: each for bucket, each in found.items() if each or each.kept}

    def _is_stale(self, entry: Entry, exists: bool) -> bool:
        if not exists or (len(entry.sources) > 1 and self._deduplicate not in (None, entry.deduplicated)):
            return True
        return bool(self._gone(entry))

    def _is_lost(self, bucket: str, entry: Entry) -> bool:
        """Whether a source of a shard is gone that was not withdrawn: of that there is a note."""
        return any(entry.day not in self._notes.get(key, {}).get(bucket, ()) for key in self._gone(entry))

    def _gone(self, entry: Entry) -> list[str]:
        """The sources of a shard that are no more."""
        if self._sources is None:
            return []
        return [key for key, _ in entry.sources if key not in (LEGACY, LOST) and key not in self._sources]

    @cached_property
    def _notes(self) -> dict[str, Shards]:
        return read_outstanding(self._layout)

    @cached_property
    def _outstanding(self) -> Shards:
        return merged(*self._notes.values())

    @cached_property
    def _fed(self) -> Shards:
        """Every shard that a source feeds. Opens all checkpoints: only for a list that lacks a shard."""
        fed: Shards = {}
        for path in sorted(self._layout.meta.glob("*.json")):
            checkpoint = read_checkpoint(self._layout, path.name.removesuffix(".json"))
            for part in checkpoint.parts if checkpoint is not None else ():
                fed.setdefault(part.bucket, set()).add(part.day)
        return fed


def _may_be_lost(entry: Entry | None) -> bool:
    return entry is None or entry.is_lost


def _is_strange(entry: Entry | None, file: os.DirEntry[str]) -> bool:
    return entry is None or (entry.mark is not None and entry.mark != mark_of(file.stat()))
