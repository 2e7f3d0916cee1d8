"""One large raw log split by several workers: this process reads it and collects the rows, they rephrase.

Blocks are dealt out in turn, and their rows collected in the same order, so that the parts are those of a log
split by one worker.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from edxtasks.logs.block_rows import BlockReader, BlockRows, LineRules
from edxtasks.logs.hand_over import AHEAD, Receiver, Sender, remove
from edxtasks.logs.raw_files import Block
from edxtasks.logs.rows.rephrase import LineCounts
from edxtasks.logs.work import Collector, LogResult, Position, WholeLog
from edxtasks.logs.workers import Conversation, Crew, Done, Failed, Interrupted, described

MOST_SHARING = 8
"""Most workers that share one raw log: this process reads, and collects the rows of, about as much as five of
them rephrase."""


@dataclass(frozen=True)
class SharedLog:
    """The work of splitting one raw log with a crew. As `WholeLog` it reports `Position`, the result is a
    `LogResult`."""

    log: WholeLog
    crew: Crew

    def run(self, report: Callable[[object], None]) -> LogResult:
        """Split it. Raises `Interrupted` when the disk, a worker or the product fails."""
        collector = Collector(self.log.destination)
        try:
            return self._split(collector, report)
        except Exception as error:
            raise collector.interrupted(self.log.path, described(error)) from error
        finally:
            collector.close()

    def _split(self, collector: Collector, report: Callable[[object], None]) -> LogResult:
        folder = self.log.destination.folder
        count = min(self.crew.size, MOST_SHARING)
        names = [(folder / f"blocks.{number}", folder / f"rows.{number}") for number in range(count)]
        under_way: deque[tuple[_Remote, int]] = deque()

        def collect() -> None:
            remote, position = under_way.popleft()
            collector.add(remote.rows())
            report(Position(position, collector.lines))

        with ExitStack() as stack:
            for name in chain.from_iterable(names):
                stack.callback(remove, name)
            rows = [stack.enter_context(Receiver(name)) for _, name in names]
            talks = stack.enter_context(
                self.crew.conversations([Rephrasing(self.log.rules, *each) for each in names])
            )
            blocks = [stack.enter_context(Sender(name)) for name, _ in names]
            remotes = [_Remote(*each) for each in zip(talks, blocks, rows, strict=True)]

            def take(block: Block, position: int) -> None:
                if len(under_way) == AHEAD * count:
                    collect()
                remotes[0].send(block)
                under_way.append((remotes[0], position))
                remotes.append(remotes.pop(0))

            end = self.log.read(take)
            while under_way:
                collect()
            counts = LineCounts()
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
    """The work of a worker: it hears of blocks, and says what rows they give, until it hears None. The result
    are `LineCounts`. `blocks` and `rows` are names of hand-overs."""

    rules: LineRules
    blocks: Path
    rows: Path

    def talk(self, hear: Callable[[], object], say: Callable[[object], None]) -> LineCounts:
        """Do it."""
        reader = BlockReader(self.rules)
        with Receiver(self.blocks) as blocks, Sender(self.rows) as rows:
            while (sent := hear()) is not None:
                assert isinstance(sent, Sent) and isinstance(sent.about, Block)
                (lines,) = blocks.receive(sent.sizes)
                found = reader.read(replace(sent.about, data=lines))
                sizes = rows.send(each.text for each in found.groups)
                say(Sent(replace(found, groups=[replace(each, text=b"") for each in found.groups]), sizes))
        return reader.take_counts()


class _Remote:
    """A worker that rephrases blocks, as this process sees it."""

    def __init__(self, talk: Conversation, blocks: Sender, rows: Receiver) -> None:
        self._talk = talk
        self._blocks = blocks
        self._rows = rows

    def send(self, block: Block) -> None:
        """Give it a block."""
        sizes = self._blocks.send([block.data])
        self._talk.tell(Sent(replace(block, data=b""), sizes))

    def rows(self) -> BlockRows:
        """The rows of the block that it has had longest. Raises `Interrupted` when it failed."""
        sent = self._hear()
        assert isinstance(sent, Sent) and isinstance(sent.about, BlockRows)
        groups = sent.about.groups
        texts = self._rows.receive(sent.sizes)
        return replace(
            sent.about, groups=[replace(each, text=text) for each, text in zip(groups, texts, strict=True)]
        )

    def end(self) -> LineCounts:
        """End it, once it has no more blocks; what it noticed."""
        self._talk.tell(None)
        done = self._hear()
        assert isinstance(done, Done) and isinstance(done.result, LineCounts)
        return done.result

    def _hear(self) -> object:
        heard = self._talk.hear()
        if isinstance(heard, Failed):
            raise Interrupted(heard.message, heard.known)
        return heard
