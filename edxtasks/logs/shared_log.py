"""One large raw log split by several workers.

This process is one of them: it reads the log, deals blocks out, and collects their rows in the order of the
blocks, so that the parts are those of a log split by one worker. While all others have enough to do, or have
not begun yet, it rephrases blocks too.

A block, and the rows of one, are more than a pipe holds: who sends them would wait until they are read. So
each end sends and the worker hears by threads of their own, and goes on with its lines.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
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
"""Seconds after which a thread that rephrases gives way to one that sends or hears. A block comes in pieces,
each of which would wait for Python's usual 5 ms: in all longer than rephrasing takes."""
BEGUN = "begun"
"""What a worker reports first. It starts for a quarter of a second, in which nothing would read a block."""
PATIENT = False
"""Whether blocks wait until all workers have begun. For tests: a log of a few lines is at its end by then."""
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

        with (
            _quick_switches(),
            self.crew.side_by_side([Rephrasing(self.log.rules).run] * others) as workers,
            ExitStack() as stack,
        ):
            remotes = [stack.enter_context(RemoteWorker(worker)) for worker in workers]

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
class Rephrasing:
    """The work of a worker: it reports `BEGUN`, hears of blocks, and reports what rows they give, until it
    hears None. The result are `LineCounts`."""

    rules: LineRules

    @without_collections()
    def run(self, parent: Parent) -> LineCounts:
        """Do it."""
        reader = BlockReader(self.rules)
        blocks: SimpleQueue[Block | None] = SimpleQueue()

        def hear() -> None:
            with suppress(EOFError):
                while (block := parent.receive()) is not None:
                    blocks.put(block)
            blocks.put(None)

        with _quick_switches(), _Sender(parent, lambda: blocks.put(None), always_ends=True) as tell:
            tell(BEGUN)
            threading.Thread(target=hear, daemon=True).start()
            while (block := blocks.get()) is not None:
                tell(reader.read(block))
        return reader.take_counts()


class _Sender:
    """Sends what it is given, in order, by a thread. As a context manager it sends all of it before its block
    ends. After an error of the block only one that `always_ends` does: whoever sends on the same pipe
    afterwards must not write into the middle of a message.

    When sending fails, `failed` is called, by the thread; the error is raised at the next call, or at the
    end.
    """

    def __init__(
        self, send: Callable[[Any], object], failed: Callable[[], object], always_ends: bool = False
    ) -> None:
        self._send = send
        self._failed = failed
        self._always_ends = always_ends
        self._queue: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> _Sender:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        self._queue.put(None)
        if kind is None or self._always_ends:
            self._thread.join()
        if kind is None:
            self._complain()

    def __call__(self, message: Any) -> None:
        self._complain()
        self._queue.put((message,))

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._send(*item)
            except Exception as error:  # noqa: BLE001 -- raised where messages come from
                self._error = error
                self._failed()
                return

    def _complain(self) -> None:
        if self._error is not None:
            raise self._error


@contextmanager
def _quick_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


class RemoteWorker:
    """A worker that rephrases blocks, as this process sees it. As a context manager it can be sent them."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._sender = _Sender(worker.send, worker.kill)
        self._begun = False
        self.under_way = 0
        """Blocks that it has, or whose rows have not been taken."""

    def __enter__(self) -> RemoteWorker:
        self._sender.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._sender.__exit__(*error)

    def takes_more(self) -> bool:
        """Whether it has begun, and has fewer blocks than `AHEAD`. Raises `InterruptedRunError` when it
        failed to begin."""
        if not self._begun and (PATIENT or self.is_ready()):
            assert self._hear() == BEGUN
            self._begun = True
        return self._begun and self.under_way < AHEAD

    def send(self, block: Block) -> None:
        """Give it a block, which it must be ready to take."""
        self.under_way += 1
        self._sender(block)

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
        """End it, once it has no more blocks; what it noticed. One that has not even begun is not waited
        for."""
        if not self._begun:
            return LineCounts()
        self._sender(None)
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
