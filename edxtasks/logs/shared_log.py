"""One large raw log split by several workers.

This process is one of them: it reads the log, deals blocks out, and collects their rows in the order of the
blocks, so that the parts are those of a log split by one worker. While all others have enough to do, it
rephrases blocks too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from edxtasks.logs.block_rows import BlockReader, BlockRows, LineRules
from edxtasks.logs.exchange import AHEAD, Receiver, Sender, remove
from edxtasks.logs.raw_files import Block
from edxtasks.logs.rows.rephrase import LineCounts
from edxtasks.logs.work import (
    Collector,
    InterruptedRunError,
    LogResult,
    Position,
    WholeLog,
    without_collections,
)
from edxtasks.workers import Failed, Parent, Reported, Worker, WorkerPool, described

MOST_SHARING = 8
"""Most workers that share one raw log: what one process reads and collects keeps five or six others busy."""
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
        folder = self.log.destination.folder
        others = min(self.crew.size, MOST_SHARING) - 1
        names = [(folder / f"blocks.{number}", folder / f"rows.{number}") for number in range(others)]
        reader = BlockReader(self.log.rules)
        most = AHEAD * others + MOST_KEPT
        under_way: deque[tuple[_Remote | BlockRows, int]] = deque()

        def collect() -> None:
            given, position = under_way.popleft()
            collector.add(given if isinstance(given, BlockRows) else given.rows())
            report(Position(position, collector.lines))

        with ExitStack() as stack:
            for name in chain.from_iterable(names):
                stack.callback(remove, name)
            rows = [stack.enter_context(Receiver(name)) for _, name in names]
            workers = stack.enter_context(
                self.crew.side_by_side([Rephrasing(self.log.rules, *each).run for each in names])
            )
            blocks = [stack.enter_context(Sender(name)) for name, _ in names]
            remotes = [_Remote(*each) for each in zip(workers, blocks, rows, strict=True)]

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
class Sent:
    """What is told of a block, or its rows, whose texts were handed over; `sizes` are theirs in bytes."""

    about: Block | BlockRows
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Rephrasing:
    """The work of a worker: it hears of blocks, and reports what rows they give, until it hears None. The
    result are `LineCounts`. `blocks` and `rows` are names of hand-overs."""

    rules: LineRules
    blocks: Path
    rows: Path

    @without_collections()
    def run(self, parent: Parent) -> LineCounts:
        """Do it."""
        reader = BlockReader(self.rules)
        with Receiver(self.blocks) as blocks, Sender(self.rows) as rows:
            while (sent := parent.receive()) is not None:
                assert isinstance(sent, Sent) and isinstance(sent.about, Block)
                (lines,) = blocks.receive(sent.sizes)
                found = reader.read(replace(sent.about, data=lines))
                sizes = rows.send(each.text for each in found.groups)
                parent(Sent(replace(found, groups=[replace(each, text=b"") for each in found.groups]), sizes))
        return reader.take_counts()


class _Remote:
    """A worker that rephrases blocks, as this process sees it."""

    def __init__(self, worker: Worker, blocks: Sender, rows: Receiver) -> None:
        self._worker = worker
        self._blocks = blocks
        self._rows = rows
        self.under_way = 0
        """Blocks that it has, or whose rows have not been taken."""

    def send(self, block: Block) -> None:
        """Give it a block; it must not have more than `AHEAD`."""
        self.under_way += 1
        sizes = self._blocks.send([block.data])
        self._worker.send(Sent(replace(block, data=b""), sizes))

    def is_ready(self) -> bool:
        """Whether it has something to say."""
        return self._worker.is_heard()

    def rows(self) -> BlockRows:
        """The rows of the block that it has had longest. Raises `InterruptedRunError` when it failed."""
        sent = self._hear()
        assert isinstance(sent, Sent) and isinstance(sent.about, BlockRows)
        self.under_way -= 1
        groups = sent.about.groups
        texts = self._rows.receive(sent.sizes)
        return replace(
            sent.about, groups=[replace(each, text=text) for each, text in zip(groups, texts, strict=True)]
        )

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
            raise InterruptedRunError(described(heard.error))
        return heard.told[0] if isinstance(heard, Reported) else heard.result


def _is_ready(given: _Remote | BlockRows) -> bool:
    return isinstance(given, BlockRows) or given.is_ready()
