"""The work of splitting one raw log: lines to rows, rows to parts. Runs in worker processes.

A raw log is split by one worker (`WholeLog`), or by several (`shared_log`). Either way its blocks come out of
`WholeLog.read`, and their rows go into a `Collector`, in order, so that both ways give the same parts.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.logs.block_rows import BlockReader, BlockRows
from edxtasks.logs.garbage import without_collections
from edxtasks.logs.heap import keep_freed_memory
from edxtasks.logs.layout import bucket_of
from edxtasks.logs.parts import Part, PartsWriter
from edxtasks.logs.raw_files import BLOCK_SIZE, Block, RawLog, RawLogError
from edxtasks.logs.rejects import RejectsWriter
from edxtasks.logs.rows.rephrase import LineCounts
from edxtasks.logs.rules import LineRules
from edxtasks.logs.sketches import Sketcher
from edxtasks.outcomes import described
from edxtasks.printable import printable_path

REPORT_SECONDS = 0.5


class InterruptedRunError(UserError):
    """Work that stopped half-way; `known` is its partial result."""

    def __init__(self, message: str, known: object = None) -> None:
        super().__init__(message)
        self.known = known


@dataclass(frozen=True)
class LogResult:
    """What one raw log gave.

    `message` says why the file could not be read to its end, `parts` are then those of what could; they
    are None when they were not completed. `seen` are the days that have rows, by bucket.
    """

    size: int
    digest: str
    text_digest: str
    sketch: str
    lines: int
    blank: int
    retired: int
    rows: int
    rejects: Counter[str]
    counts: LineCounts
    trailer: int
    parts: tuple[Part, ...] | None
    seen: dict[str, list[str]]
    started: float
    """Seconds since 1970."""
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class Destination:
    """Where the parts and rejects of a raw log go."""

    folder: Path
    rejects: Path
    level: int
    edge: bool


class Collector:
    """Brings the rows of blocks of the raw log `path`, in the order of the file, into parts and rejects.

    A context manager: an exception in its block becomes `InterruptedRunError`, which says where splitting
    stopped.
    """

    def __init__(self, path: Path, destination: Destination) -> None:
        self._path = path
        self._edge = destination.edge
        self._parts = PartsWriter(destination.folder, destination.level)
        self._rejects = RejectsWriter(destination.rejects, destination.level)
        self._buckets: dict[str | None, str] = {}
        self._days: dict[int, str] = {}
        self._sketcher = Sketcher()
        self._started = time.time()
        self._begun = time.monotonic()
        self.lines = 0
        self._blank = 0
        self._retired = 0
        self._rows = 0

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            with ExitStack() as both:
                both.callback(self._parts.close)
                both.callback(self._rejects.close)
        except OSError as fault:  # what was not written yet finds no room on the disk either
            error = error or fault
        if isinstance(error, Exception):
            what = f"{printable_path(self._path)}: stopped after line {self.lines}: {described(error)}"
            raise InterruptedRunError(what, self._parts.seen()) from error

    def add(self, block: BlockRows) -> None:
        """Take the next block in."""
        for number, reason, detail, text in block.rejects:
            self._rejects.add(self.lines + number + 1, reason, detail, text)
        for rows, text in zip(block.groups, block.texts, strict=True):
            bucket = self._buckets.get(rows.course)
            if bucket is None:
                key = None if rows.course is None else CourseKey.find(rows.course)
                bucket = self._buckets[rows.course] = bucket_of(key, self._edge)
            day = self._days.get(rows.day)
            if day is None:
                day = self._days[rows.day] = date.fromordinal(rows.day).isoformat()
            self._parts.add(bucket, day, rows.rows, rows.min_time_us, rows.max_time_us, text)
            self._rows += rows.rows
        self._sketcher.merge(block.sketch)
        self.lines += block.lines
        self._blank += block.blank
        self._retired += block.retired

    def finish(self, end: LogEnd, counts: LineCounts, keep: bool) -> LogResult:
        """Complete the parts, unless the file is broken and what could be read is not to be kept."""
        parts = tuple(self._parts.finish()) if not end.message or (keep and end.usable) else None
        self._rejects.finish()
        return LogResult(
            size=end.size,
            digest=end.digest,
            text_digest=end.text_digest,
            sketch=self._sketcher.sketch(),
            lines=self.lines,
            blank=self._blank,
            retired=self._retired,
            rows=self._rows,
            rejects=self._rejects.counts,
            counts=counts,
            trailer=end.trailer,
            parts=parts,
            seen=self._parts.seen(),
            started=self._started,
            seconds=time.monotonic() - self._begun,
            message=end.message,
        )


@dataclass(frozen=True)
class LogEnd:
    """What a reader of a raw log knows at its end."""

    size: int
    digest: str
    trailer: int
    text_digest: str = ""
    """That of the uncompressed content; "" when it could not be read to its end."""
    message: str = ""
    """Why it could not be read to its end."""
    usable: bool = True
    """Whether what could be read is part of a log."""


@dataclass(frozen=True)
class Position:
    """How far a raw log has been read."""

    bytes: int
    lines: int


@dataclass(frozen=True)
class WholeLog:
    """The work of splitting one raw log in one process. Reports `Position`; the result is a `LogResult`.

    Of the file, the first `size` bytes are read. `keep_broken`: what could be read of a broken log is kept.
    """

    path: Path
    size: int
    rules: LineRules
    destination: Destination
    keep_broken: bool = False
    block_size: int = BLOCK_SIZE

    @without_collections()
    def run(self, report: Callable[[object], None]) -> LogResult:
        """Split it. Raises `InterruptedRunError` when the disk, or the product, fails."""
        keep_freed_memory()
        reader = BlockReader(self.rules)
        reported = time.monotonic()
        with Collector(self.path, self.destination) as collector:

            def take(block: Block, position: int) -> None:
                nonlocal reported
                collector.add(reader.read(block))
                if time.monotonic() - reported > REPORT_SECONDS:
                    reported = time.monotonic()
                    report(Position(position, collector.lines))

            return collector.finish(self.read(take), reader.take_counts(), self.keep_broken)

    def read(self, take: Callable[[Block, int], None]) -> LogEnd:
        """Read the log: `take` gets each block, and the number of bytes of the file read so far. A broken log
        is not an exception here: the end says so."""
        message, usable = "", True
        with RawLog(self.path, self.size) as log:
            try:
                for block in log.blocks(self.block_size):
                    take(block, log.position)
            except RawLogError as error:
                message, usable = str(error), error.usable
            digest = log.digest()
            text_digest = "" if message else log.text_digest()
            return LogEnd(log.position, digest, log.trailer, text_digest, message, usable)
