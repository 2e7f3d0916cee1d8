"""One large raw log split by several workers.

This process is one of them: it reads the log, deals blocks out, and collects their rows in the order of the
blocks, so that the parts are those of a log split by one worker. While all others have enough to do, or have
not begun yet, it rephrases blocks too.

Blocks and rows are handed over in `slots`, of which each worker has as many as it may have blocks. Through
its pipe goes only what is where: so little that nobody waits for it to be read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edxtasks.logs.block_rows import BlockReader, BlockRows
from edxtasks.logs.garbage import without_collections
from edxtasks.logs.heap import keep_freed_memory
from edxtasks.logs.raw_files import Block
from edxtasks.logs.rows.rephrase import LineCounts
from edxtasks.logs.rules import LineRules
from edxtasks.logs.slots import Slot
from edxtasks.logs.work import (
    Collector,
    InterruptedRunError,
    LogResult,
    Position,
    WholeLog,
)
from edxtasks.outcomes import Failed, Reported, described
from edxtasks.worker_process import Parent, Worker
from edxtasks.workers import WorkerPool

MOST_SHARING = 8
"""Most workers that share one raw log: what one process reads and collects keeps five or six others busy."""
AHEAD = 3
"""Blocks that a worker has at most, the one that it is at among them."""
BEGUN = "begun"
"""What a worker reports first. It starts for a quarter of a second, in which nothing would read a block."""
MOST_KEPT = 5
"""Most blocks whose rows are kept in memory while those of a block before them are waited for."""


@dataclass(frozen=True)
class SharedLog:
    """The work of splitting one raw log with a crew. As `WholeLog` it reports `Position`, the result is a
    `LogResult`."""

    log: WholeLog
    crew: WorkerPool

    @without_collections()
    def run(self, report: Callable[[object], None]) -> LogResult:
        """Split it. Raises `InterruptedRunError` when the disk, a worker or the product fails."""
        keep_freed_memory()
        with Collector(self.log.path, self.log.destination) as collector:
            return self._split(collector, report)

    def _split(self, collector: Collector, report: Callable[[object], None]) -> LogResult:
        others = min(self.crew.size, MOST_SHARING) - 1
        reader = BlockReader(self.log.rules)
        most = AHEAD * others + MOST_KEPT
        under_way: deque[tuple[RemoteWorker | BlockRows, int]] = deque()

        def collect() -> None:
            given, position = under_way.popleft()
            collector.add(given if isinstance(given, BlockRows) else given.rows())
            report(Position(position, collector.lines))

        with (
            self.crew.side_by_side([Rephrasing(self.log.rules).run] * others) as workers,
            ExitStack() as stack,
        ):
            folder = self.log.destination.folder
            remotes = [stack.enter_context(RemoteWorker(worker, folder)) for worker in workers]

            def take(block: Block, position: int) -> None:
                while under_way and (_is_ready(under_way[0][0]) or len(under_way) == most):
                    collect()
                idle = [remote for remote in remotes if remote.takes_more()]
                if idle:
                    remote = min(idle, key=lambda each: each.under_way)
                    remote.send(block)
                    under_way.append((remote, position))
                else:
                    under_way.append((reader.read(block), position))

            end = self.log.read(take)
            while under_way:
                collect()
            counts = reader.take_counts()
            for remote in remotes:
                counts.add(remote.end())
            return collector.finish(end, counts, self.log.keep_broken)


@dataclass(frozen=True)
class Handover:
    """A block, or the rows of one, without text: texts of these sizes are in the slot of this number."""

    given: Block | BlockRows
    slot: int
    sizes: list[int]


@dataclass(frozen=True)
class Rephrasing:
    """The work of a worker: it reports `BEGUN` and is given `AHEAD` slots. It hears of a block that is in one
    of them (a `Handover`) and reports the rows that it put there instead, until it hears None. The result is
    `LineCounts`."""

    rules: LineRules

    @without_collections()
    def run(self, parent: Parent) -> LineCounts:
        """Do it."""
        keep_freed_memory()
        reader = BlockReader(self.rules)
        parent(BEGUN)
        with ExitStack() as stack:
            slots = [Slot(parent.receive_file()) for _ in range(AHEAD)]
            for slot in slots:
                stack.callback(slot.close)
            while (heard := parent.receive()) is not None:
                slot = slots[heard.slot]
                (data,) = slot.read(heard.sizes)
                rows = reader.read(replace(heard.given, data=data))
                texts, rows.texts = rows.texts, []
                parent(Handover(rows, heard.slot, slot.write(texts)))
        return reader.take_counts()


class RemoteWorker:
    """A worker that rephrases blocks, as this process sees it. As a context manager it can be sent them; its
    slots are in `folder` where the system has no files in memory."""

    def __init__(self, worker: Worker, folder: Path) -> None:
        self._worker = worker
        self._folder = folder
        self._slots: list[Slot] = []
        self._free: list[int] = []
        self._begun = False

    def __enter__(self) -> RemoteWorker:
        return self

    def __exit__(self, *error: Any) -> None:
        for slot in self._slots:
            slot.close()

    @property
    def under_way(self) -> int:
        """Blocks that it has, or whose rows have not been taken."""
        return len(self._slots) - len(self._free)

    def takes_more(self) -> bool:
        """Whether it has begun, and has fewer blocks than `AHEAD`. Raises `InterruptedRunError` when it
        failed to begin."""
        if not self._begun and self.has_begun():
            assert self._hear() == BEGUN
            self._begun = True
            for number in range(AHEAD):
                self._slots.append(Slot.new(self._folder))
                self._worker.share(self._slots[number].file)
                self._free.append(number)
        return bool(self._free)

    def has_begun(self) -> bool:
        """Whether it has reported that it has begun; nobody waits for that."""
        return self.is_ready()

    def send(self, block: Block) -> None:
        """Give it a block, which it must be ready to take."""
        slot = self._free.pop()
        sizes = self._slots[slot].write([block.data])
        self._worker.send(Handover(replace(block, data=b""), slot, sizes))

    def is_ready(self) -> bool:
        """Whether it has something to say."""
        return self._worker.is_heard()

    def rows(self) -> BlockRows:
        """The rows of the block that it has had longest. Raises `InterruptedRunError` when it failed."""
        heard = self._hear()
        assert isinstance(heard, Handover) and isinstance(heard.given, BlockRows)
        heard.given.texts = self._slots[heard.slot].read(heard.sizes)
        self._free.append(heard.slot)
        return heard.given

    def end(self) -> LineCounts:
        """End it, once it has no more blocks; what it noticed. One that has not even begun is not waited
        for."""
        if not self._begun:
            return LineCounts()
        self._worker.send(None)
        counts = self._hear()
        assert isinstance(counts, LineCounts)
        return counts

    def _hear(self) -> Any:
        """What it reports next, or its result."""
        heard = self._worker.receive()
        if isinstance(heard, Failed):
            # It would take what it has been sent, and not heard, for other jobs.
            self._worker.kill()
            self._worker.join()
            raise InterruptedRunError(described(heard.error))
        return heard.told[0] if isinstance(heard, Reported) else heard.result


def _is_ready(given: RemoteWorker | BlockRows) -> bool:
    return isinstance(given, BlockRows) or given.is_ready()
