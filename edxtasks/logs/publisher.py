"""Which shards have to be rebuilt, and of which parts; the work itself is done by workers (`publish`)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

from edxtasks.logs.checkpoints import (
    Shards,
    Sources,
    add_outstanding,
    merged,
    read_checkpoint,
    read_outstanding,
    set_outstanding,
)
from edxtasks.logs.layout import Layout
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.parts import Part
from edxtasks.logs.publish import PublishBucket, PublishedBucket
from edxtasks.logs.results import SplitResult
from edxtasks.logs.shard_lists import read_list
from edxtasks.logs.source_keys import ANY_SOURCE
from edxtasks.logs.supplies import Supply
from edxtasks.outcomes import Failed, described
from edxtasks.workers import WorkerPool

SHARD = 64 * 1024
"""Bytes of parts that are joined in the time that a shard takes to be put in its place."""
WORTH_A_WORKER = 500 * SHARD
"""The same for twice the time in which a worker starts: with less to do, a second one gains nothing."""


class Publisher:
    """Publishes for one run; what comes of it goes into `result`. `say` is called as it goes on.

    `stale` are shards to be rebuilt the next time for what was found in the log directory. `damaged` are
    sources whose parts turned out to be missing or damaged.
    """

    def __init__(
        self,
        layout: Layout,
        options: SplitOptions,
        crew: WorkerPool,
        sources: Sources,
        result: SplitResult,
        say: Callable[[], None],
    ) -> None:
        self._layout = layout
        self._options = options
        self._crew = crew
        self._sources = sources
        self._result = result
        self._say = say
        self.stale: Shards = {}
        self.damaged: set[str] = set()

    def publish(self, without_legacy: Shards | None = None, without_lost: Shards | None = None) -> None:
        """Make all outstanding shards anew, those that are stale, and those whose rows of the predecessor, or
        of lost raw logs, are withdrawn."""
        without, lost = without_legacy or {}, without_lost or {}
        unnoted, self.stale = merged(self.stale, without, lost), {}
        if any(unnoted.values()):
            # Killed before the list is written, a run leaves a shard that nothing else tells of.
            add_outstanding(self._layout, ANY_SOURCE, unnoted)
        messages = read_outstanding(self._layout)
        todo = merged(*messages.values())
        failed: Shards = {}
        if not todo:
            return
        self._say()
        works = [
            PublishBucket(
                directory=self._layout.root,
                bucket=bucket,
                days=days,
                level=self._options.gzip_level,
                deduplicate=self._options.dedupe_exact,
                without_legacy=frozenset(without.get(bucket, ())),
                without_lost=frozenset(lost.get(bucket, ())),
            )
            for bucket, days in self._compositions(todo, messages)
        ]
        works.sort(key=lambda work: -sum(s.part.size for supplies in work.days.values() for s in supplies))
        crew = self._crew if are_worth_a_worker(works) else WorkerPool()
        for number, outcome in crew.each([work.run for work in works], lambda number, day: self._say()):
            work = works[number]
            if isinstance(outcome, Failed):
                self.fail(work.bucket, work.days, described(outcome.error))
                failed.setdefault(work.bucket, set()).update(work.days)
                continue
            published = outcome.result
            assert isinstance(published, PublishedBucket)
            for day in set(work.days) - set(published.failed):
                self._result.unpublished.pop((work.bucket, day), None)
            self._result.changed.extend((published.bucket, day) for day in published.changed)
            self.damaged |= published.damaged
            for day, message in published.failed.items():
                self.fail(published.bucket, [day], message)
                failed.setdefault(published.bucket, set()).add(day)
                self._try_again(published.bucket, day, work.days[day])
        for key, shards in messages.items():
            again = {bucket: days & failed.get(bucket, set()) for bucket, days in shards.items()}
            again = {bucket: days for bucket, days in again.items() if days}
            if again != shards:
                # A note that cannot be written now (the disk is full) asks for too much, and does no harm.
                with contextlib.suppress(OSError):
                    set_outstanding(self._layout, key, again)

    def _try_again(self, bucket: str, day: str, supplies: Iterable[Supply]) -> None:
        """Note a shard that failed, so that the next run fails too or mends it, whatever the reason was that
        it was to be rebuilt."""
        for supply in supplies:
            with contextlib.suppress(OSError):
                add_outstanding(self._layout, supply.key, {bucket: {day}})

    def _compositions(
        self, todo: Shards, messages: dict[str, Shards]
    ) -> Iterator[tuple[str, dict[str, tuple[Supply, ...]]]]:
        """For each bucket and day the parts that make it up, in order."""
        known: dict[str, dict[tuple[str, str], Supply]] = {}

        def supply(key: str, shard: tuple[str, str]) -> Supply | None:
            if key not in known:
                known[key] = self._supplies(key)
            return known[key].get(shard)

        noted: dict[tuple[str, str], set[str]] = {}
        for key, shards in messages.items():
            for bucket, days in shards.items():
                for day in days:
                    noted.setdefault((bucket, day), set()).add(key)
        for bucket, days in sorted(todo.items()):
            entries = read_list(self._layout, bucket)
            composed: dict[str, tuple[Supply, ...]] = {}
            for day in sorted(days):
                keys = {key for key, _ in entries[day].sources} if day in entries else set()
                keys |= noted.get((bucket, day), set())
                if (ANY_SOURCE in keys and day not in entries) or (day in entries and entries[day].is_lost):
                    keys |= set(self._sources.by_key)
                ordered = sorted(
                    keys & set(self._sources.by_key), key=lambda key: self._sources.by_key[key].order
                )
                found = (supply(key, (bucket, day)) for key in ordered)
                composed[day] = tuple(each for each in found if each is not None)
            yield bucket, composed

    def _supplies(self, key: str) -> dict[tuple[str, str], Supply]:
        checkpoint = read_checkpoint(self._layout, key)
        if checkpoint is None:
            return {}
        folder = self._layout.parts / checkpoint.folder

        def supplied(part: Part) -> Supply:
            return Supply(key, folder / part.file, part)

        return {(part.bucket, part.day): supplied(part) for part in checkpoint.parts}

    def fail(self, bucket: str, days: Iterable[str], message: str) -> None:
        """Note shards that could not be rebuilt."""
        self._result.unpublished.update({(bucket, day): message for day in days})


def are_worth_a_worker(works: Iterable[PublishBucket]) -> bool:
    """Whether so many shards are to be made, or parts so large are to be joined, that a worker that has to be
    started for it is worth its start. A part that is alone is linked, whatever its size."""
    shards = [supplies for work in works for supplies in work.days.values()]
    joined = sum(supply.part.size for supplies in shards if len(supplies) > 1 for supply in supplies)
    return len(shards) * SHARD + joined >= WORTH_A_WORKER
