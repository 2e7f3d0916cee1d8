"""One large raw log split by several workers.

This process is one of them: it reads the log, deals blocks out, and collects their rows in the order of the
blocks, so that the parts are those of a log split by one worker. While all others have enough to do, it
rephrases blocks too.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from edxtasks.logs.block_rows import BlockReader, BlockRows
from edxtasks.logs.garbage import without_collections
from edxtasks.logs.raw_files import Block
from edxtasks.logs.rows.rephrase import LineCounts
from edxtasks.logs.rules import LineRules
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
_SWITCH = 0.0002
"""Seconds after which a worker's thread that rephrases gives way to the one that hears of blocks. A block
comes in pieces, and its sender waits for each: with Python's usual 5 ms, longer than rephrasing takes."""
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

        with self.crew.side_by_side([Rephrasing(self.log.rules).run] * others) as workers:
            remotes = [RemoteWorker(worker) for worker in workers]

            def take(block: Block, position: int) -> None:
                while under_way and (_is_ready(under_way[0][0]) or len(under_way) == most):
                    collect()
                remote = min(remotes, key=lambda each: each.under_way)
                if remote.under_way < AHEAD:
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
class Rephrasing:
    """The work of a worker: it hears of blocks, and reports what rows they give, until it hears None. The
    result are `LineCounts`."""

    rules: LineRules

    @without_collections()
    def run(self, parent: Parent) -> LineCounts:
        """Do it."""
        reader = BlockReader(self.rules)
        blocks: SimpleQueue[Block | None] = SimpleQueue()
        sys.setswitchinterval(_SWITCH)

        def hear() -> None:
            # By a thread: neither end of the pipe may wait for the other one to read before it reads itself.
            with suppress(EOFError):
                while (block := parent.receive()) is not None:
                    blocks.put(block)
            blocks.put(None)

        threading.Thread(target=hear, daemon=True).start()
        while (block := blocks.get()) is not None:
            parent(reader.read(block))
        return reader.take_counts()


class RemoteWorker:
    """A worker that rephrases blocks, as this process sees it."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.under_way = 0
        """Blocks that it has, or whose rows have not been taken."""

    def send(self, block: Block) -> None:
        """Give it a block; it must not have more than `AHEAD`."""
        self.under_way += 1
        self._worker.send(block)

    def is_ready(self) -> bool:
        """Whether it has something to say."""
        return self._worker.is_heard()

    def rows(self) -> BlockRows:
        """The rows of the block that it has had longest. Raises `InterruptedRunError` when it failed."""
        rows = self._hear()
        assert isinstance(rows, BlockRows)
        self.under_way -= 1
        return rows

    def end(self) -> LineCounts:
        """End it, once it has no more blocks; what it noticed."""
        self._worker.send(None)
        counts = self._hear()
        assert isinstance(counts, LineCounts)
        return counts

    def _hear(self) -> Any:
        """What it reports next, or its result."""
        heard = self._worker.receive()
        if isinstance(heard, Failed):
            # Its thread may still hear what is said to it, and would take the next job for a block.
            self._worker.kill()
            self._worker.join()
            raise InterruptedRunError(described(heard.error))
        return heard.told[0] if isinstance(heard, Reported) else heard.result


def _is_ready(given: RemoteWorker | BlockRows) -> bool:
    return isinstance(given, BlockRows) or given.is_ready()
