"""What stands in the log directory against what should: shards missing, unlisted, not made by any run."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from edxtasks.logs.checkpoints import LEGACY, Shards, merged, read_checkpoint, read_outstanding
from edxtasks.logs.layout import Layout
from edxtasks.logs.shard_lists import Entry, lists, mark_of


@dataclass(frozen=True)
class Found:
    """Days of one bucket. `untracked`: shard files that no run made, or one of the predecessor that was
    replaced. `unlisted`: shards that raw logs feed and the list does not name. `stale`: to be made anew for
    another reason: the file is missing, a source is gone, or rows are (or are not) to be deduplicated."""

    untracked: frozenset[str]
    unlisted: frozenset[str]
    stale: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.untracked or self.unlisted or self.stale)


class Surveyor:
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
        unlisted = strange - set(entries)
        unlisted &= self._fed.get(bucket, set()) if unlisted else set()
        stale = {day for day, entry in entries.items() if self._is_stale(entry, day in files)}
        return Found(frozenset(strange - unlisted), frozenset(unlisted), frozenset(stale))

    def look_at_all(self) -> dict[str, Found]:
        """All buckets of which there is something to tell."""
        known = lists(self._layout)
        found = {
            bucket: self.look_at(bucket, known.get(bucket, {}), self._layout.shard_files(bucket))
            for bucket in sorted({*known, *self._layout.buckets()})
        }
        return {bucket: each for bucket, each in found.items() if each}

    def _is_stale(self, entry: Entry, exists: bool) -> bool:
        if not exists or (len(entry.sources) > 1 and self._deduplicate not in (None, entry.deduplicated)):
            return True
        return self._sources is not None and any(
            key != LEGACY and key not in self._sources for key, _ in entry.sources
        )

    @cached_property
    def _outstanding(self) -> Shards:
        return merged(*read_outstanding(self._layout).values())

    @cached_property
    def _fed(self) -> Shards:
        """Every shard that a source feeds. Opens all checkpoints: only for a list that lacks a shard."""
        fed: Shards = {}
        for path in sorted(self._layout.meta.glob("*.json")):
            checkpoint = read_checkpoint(self._layout, path.name.removesuffix(".json"))
            for part in checkpoint.parts if checkpoint is not None else ():
                fed.setdefault(part.bucket, set()).add(part.day)
        return fed


def _is_strange(entry: Entry | None, file: os.DirEntry[str]) -> bool:
    return entry is None or (entry.mark is not None and entry.mark != mark_of(file.stat()))
