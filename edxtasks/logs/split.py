"""Splitting: from raw tracking logs to a shard a course and day. See docs/split.md.

`expand` finds the raw logs, `pending` says what there is to do, `split` does it, `forget` takes the rows
of a raw log out again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from edxtasks.digests import Digests
from edxtasks.errors import InputError
from edxtasks.logs.checkpoints import Sources
from edxtasks.logs.coordinator import Coordinator
from edxtasks.logs.decisions import Decision
from edxtasks.logs.layout import Layout
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.pending import Pending, expand, pending
from edxtasks.logs.results import FileResult, Progress, SplitResult
from edxtasks.logs.retiring import TakenOut
from edxtasks.logs.survey import Digest, survey
from edxtasks.printable import listed, printable, quantity
from edxtasks.workers import WorkerPool

__all__ = [
    "Decision",
    "FileResult",
    "Pending",
    "Progress",
    "SplitOptions",
    "SplitResult",
    "TakenOut",
    "expand",
    "forget",
    "pending",
    "retire",
    "split",
]


def split(
    paths: Sequence[Path],
    options: SplitOptions,
    progress: Callable[[Progress], None] | None = None,
    digest: Digest | None = None,
) -> SplitResult:
    """Split the raw logs that need it, and publish every shard that changed.

    Waits while another run works on the log directory. A raw log that cannot be used fails alone: the
    result says so, and nothing of it is published. `digest` may remember digests of files (default: every
    file is read for it). What `progress` raises is raised when all is done.
    """
    with _coordinating(options, progress) as (layout, sources, coordinator):
        seen = survey(layout, options, sources, paths, digest or Digests())
        coordinator.tidy(seen.found)
        coordinator.work_off(seen.decisions)
    return coordinator.result


def forget(
    pattern: str, options: SplitOptions, progress: Callable[[Progress], None] | None = None
) -> list[str]:
    """Withdraw sources by key or pattern: their checkpoints, parts and rejects go, and their shards are
    rebuilt without them. Gives their keys.

    Shards of the predecessor are meant only by `legacy:BUCKET:DAY` and patterns that begin `legacy:`. A
    raw log that is still there is split again by the next run that names it. Raises `InputError` when a
    shard could not be rebuilt; the next run tries it again.
    """
    with _coordinating(options, progress) as (layout, sources, coordinator):
        coordinator.tidy(survey(layout, options, sources, (), Digests()).found)
        keys = coordinator.forget(pattern)
    unpublished = coordinator.result.unpublished
    if unpublished:
        (bucket, day), why = next(iter(unpublished.items()))
        raise InputError(
            f"{listed(keys)} withdrawn, but {quantity(len(unpublished), 'shard')} could not be rebuilt after "
            f"it, the first of them {printable(bucket)} {day}: {why}"
        )
    return keys


def retire(options: SplitOptions, progress: Callable[[Progress], None] | None = None) -> TakenOut:
    """Take the retired learners of `options` out of all that was split: parts, shards, rejects.

    Raises `InputError`, with everything as it was, where shards name them of which no raw log is known.
    """
    with _coordinating(options, progress) as (layout, sources, coordinator):
        coordinator.tidy(survey(layout, options, sources, (), Digests()).found)
        return coordinator.retire()


@contextmanager
def _coordinating(
    options: SplitOptions, progress: Callable[[Progress], None] | None
) -> Iterator[tuple[Layout, Sources, Coordinator]]:
    layout = Layout(options.directory)
    telling = _Telling(progress)
    with ExitStack() as stack:
        stack.enter_context(layout.locked(lambda told: telling(Progress(stage="waiting", waiting=told))))
        sources = Sources.read(layout)
        stack.callback(sources.save)
        crew = WorkerPool(max(1, options.workers), layout.hold_as_worker)
        coordinator = Coordinator(layout, options, crew, sources, telling)
        stack.callback(coordinator.remove_unfinished)  # once no worker writes any more
        stack.enter_context(crew)
        yield layout, sources, coordinator
    telling.close()


class _Telling:
    """Tells a caller of progress.

    An exception of the caller (nobody reads its output any more) says nothing about a raw log or a worker: it
    must not reach them. The first one is kept, nothing is told after it, and `close` raises it.
    """

    def __init__(self, tell: Callable[[Progress], None] | None) -> None:
        self._tell = tell
        self._error: Exception | None = None

    def __call__(self, progress: Progress) -> None:
        if self._tell is None or self._error is not None:
            return
        try:
            self._tell(progress)
        except Exception as error:  # noqa: BLE001 -- raised by `close`
            self._error = error

    def close(self) -> None:
        """Raise what the caller raised."""
        if self._error is not None:
            raise self._error
