"""The work of splitting one raw log: lines to rows, rows to parts. Runs in worker processes.

A raw log is split by one worker, or its blocks are shared out among several, each of which reads the whole
file and rephrases every n-th block (`Stripe`), while the parts are written where they come together
(`Collector`). Both ways give the same parts.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edxtasks.course import CourseKey
from edxtasks.logs.layout import EDGE, bucket_of
from edxtasks.logs.parts import Part, PartsWriter
from edxtasks.logs.raw_files import BLOCK_SIZE, Block, RawLog, RawLogError
from edxtasks.logs.rejects import KEPT_OF_LINE, TOO_LONG, RejectsWriter
from edxtasks.logs.rephrase import LineCounts, Reject, Rephrased, Rephraser, RephraseRules
from edxtasks.logs.workers import Interrupted, described

DAY_US = 86_400_000_000
SECOND_US = 1_000_000
FOREVER = 1 << 62
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
REPORT_SECONDS = 0.5

_NAME_DATE = re.compile(r"(?<!\d)(?:(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d))(?!\d)", re.ASCII)


def is_edge(path: Path) -> bool:
    """Whether a raw log is of an edge site: its name has the word `edge` between dashes."""
    return EDGE.lower() in path.name.split("-")


def date_in_name(path: Path) -> date | None:
    """The first date in the base name of a raw log, `YYYY-MM-DD` or `YYYYMMDD`."""
    for match in _NAME_DATE.finditer(path.name):
        year, month, day = (int(text) for text in match.groups() if text)
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return None


@dataclass(frozen=True)
class LineRules:
    """What decides about a line's row and its shard.

    `fixed_day`: the day of all rows, else it is that of the event in `zone`. `edge`: rows go to the
    buckets of edge logs.
    """

    rephrase: RephraseRules
    zone: str = "UTC"
    fixed_day: date | None = None
    edge: bool = False


@dataclass(frozen=True)
class Rows:
    """Rows of one course (None: of none) and day, as lines."""

    course: str | None
    day: int
    """Its ordinal, as `datetime.date` counts."""
    rows: int
    min_time_us: int
    max_time_us: int
    text: bytes


@dataclass
class BlockRows:
    """What a block gives: rows by course and day in order of their first line, and its rejected lines as
    (number within the block, from 0; reason; detail; beginning of the line)."""

    lines: int = 0
    blank: int = 0
    groups: list[Rows] = field(default_factory=list)
    rejects: list[tuple[int, str, str, bytes]] = field(default_factory=list)
    position: int = 0
    """Bytes of the raw log read so far."""


class BlockReader:
    """Makes rows of blocks."""

    def __init__(self, rules: LineRules) -> None:
        self._rephraser = Rephraser(rules.rephrase)
        self._fixed = rules.fixed_day.toordinal() if rules.fixed_day is not None else None
        self._zone = None if rules.zone == "UTC" else ZoneInfo(rules.zone)

    def read(self, block: Block) -> BlockRows:
        """The rows and rejects of a block."""
        if block.too_long:
            return BlockRows(lines=1, rejects=[(0, TOO_LONG, "", block.data)])
        lines = block.data.split(b"\n")
        if not lines[-1]:
            del lines[-1]
        result = BlockRows(lines=len(lines))
        rejects = result.rejects
        rephrase = self._rephraser.line
        # Lines of the same length are mostly of the same kind. One after another they take a tenth less time.
        sizes = [*map(len, lines)]
        rephrased: list[Rephrased | Reject | None] = [None] * len(lines)
        for number in sorted(range(len(lines)), key=sizes.__getitem__):
            rephrased[number] = rephrase(lines[number])
        days: dict[int, dict[str | None, tuple[list[bytes], list[int]]]] = {}
        groups: dict[str | None, tuple[list[bytes], list[int]]] = {}
        begin = end = 0  # of the day that `groups` are of; lines of a log are nearly in order
        for number, row in enumerate(rephrased):
            if row.__class__ is tuple:
                course, time_us, text = row
                if not begin <= time_us < end:
                    day, begin, end = self._day(time_us)
                    groups = days.setdefault(day, {})
                group = groups.get(course)
                if group is None:
                    group = groups[course] = ([], [])
                group[0].append(text)
                group[1].append(time_us)
            elif row is None:
                result.blank += 1
            elif isinstance(row, Reject):
                rejects.append((number, row.reason, row.detail, lines[number][:KEPT_OF_LINE]))
        for day, groups in days.items():
            for course, (texts, times) in groups.items():
                texts.append(b"")
                text = b"\n".join(texts)
                result.groups.append(Rows(course, day, len(times), min(times), max(times), text))
        return result

    def _day(self, time_us: int) -> tuple[int, int, int]:
        """The day of a time, and the span of time around it, from … to before, that is of this day too."""
        if self._fixed is not None:
            return self._fixed, -FOREVER, FOREVER
        if self._zone is None:
            day = time_us // DAY_US
            return day + EPOCH_ORDINAL, day * DAY_US, (day + 1) * DAY_US
        second = time_us // SECOND_US * SECOND_US  # the length of a day depends on the zone and its history
        return _local_day(time_us, self._zone), second, second + SECOND_US

    def take_counts(self) -> LineCounts:
        """What was noticed in the lines since the last call."""
        return self._rephraser.take_counts()


def _local_day(time_us: int, zone: ZoneInfo) -> int:
    try:
        return datetime.fromtimestamp(time_us // 1_000_000, zone).toordinal()
    except (ValueError, OverflowError):  # the first or last day of the calendar
        return time_us // DAY_US + EPOCH_ORDINAL


@dataclass(frozen=True)
class LogResult:
    """What one raw log gave.

    `message` says why the file could not be read to its end, `parts` are then those of what could; they
    are None when they were not completed. `seen` are the days that have rows, by bucket.
    """

    size: int
    digest: str
    lines: int
    blank: int
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
    """Brings the rows of blocks, in the order of the file, into parts and rejects."""

    def __init__(self, destination: Destination) -> None:
        self._edge = destination.edge
        self._parts = PartsWriter(destination.folder, destination.level)
        self._rejects = RejectsWriter(destination.rejects, destination.level)
        self._buckets: dict[str | None, str] = {}
        self._days: dict[int, str] = {}
        self._started = time.time()
        self._begun = time.monotonic()
        self.lines = 0
        self._blank = 0
        self._rows = 0

    def add(self, block: BlockRows) -> None:
        """Take the next block in."""
        for number, reason, detail, text in block.rejects:
            self._rejects.add(self.lines + number + 1, reason, detail, text)
        for rows in block.groups:
            bucket = self._buckets.get(rows.course)
            if bucket is None:
                key = None if rows.course is None else CourseKey.find(rows.course)
                bucket = self._buckets[rows.course] = bucket_of(key, self._edge)
            day = self._days.get(rows.day)
            if day is None:
                day = self._days[rows.day] = date.fromordinal(rows.day).isoformat()
            self._parts.add(bucket, day, rows.rows, rows.min_time_us, rows.max_time_us, rows.text)
            self._rows += rows.rows
        self.lines += block.lines
        self._blank += block.blank

    def finish(self, end: StripeEnd, counts: LineCounts, keep: bool) -> LogResult:
        """Complete the parts, unless the file is broken and what could be read is not to be kept."""
        parts = tuple(self._parts.finish()) if not end.message or (keep and end.usable) else None
        self._rejects.finish()
        result = LogResult(
            size=end.size,
            digest=end.digest,
            lines=self.lines,
            blank=self._blank,
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
        self.close()
        return result

    def interrupted(self, path: Path, what: str) -> Interrupted:
        """The exception that says where splitting stopped, and why."""
        return Interrupted(f"{path}: stopped after line {self.lines}: {what}", self._parts.seen())

    def close(self) -> None:
        """Close what is open."""
        self._parts.close()
        self._rejects.close()


@dataclass(frozen=True)
class StripeEnd:
    """What a reader of a raw log knows at its end."""

    size: int
    digest: str
    trailer: int
    counts: LineCounts
    message: str = ""
    """Why it could not be read to its end."""
    usable: bool = True
    """Whether what could be read is part of a log."""


@dataclass(frozen=True)
class Stripe:
    """The work of rephrasing every `count`-th block of a raw log, from the block `index` on.

    Reports `BlockRows` in order; the result is a `StripeEnd`. `size` is the number of bytes of the file
    to read, so that all stripes see the same.
    """

    path: Path
    size: int
    rules: LineRules
    index: int = 0
    count: int = 1
    block_size: int = BLOCK_SIZE

    def run(self, report: Callable[[object], None]) -> StripeEnd:
        """Read the log. A broken one is no exception here: the end says so."""
        reader = BlockReader(self.rules)
        message, usable = "", True
        with RawLog(self.path, self.size) as log:
            try:
                for number, block in enumerate(log.blocks(self.block_size)):
                    if number % self.count == self.index:
                        rows = reader.read(block)
                        rows.position = log.position
                        report(rows)
            except RawLogError as error:
                message, usable = str(error), error.usable
            digest = log.digest()
            return StripeEnd(log.position, digest, log.trailer, reader.take_counts(), message, usable)


@dataclass(frozen=True)
class Position:
    """How far a raw log has been read."""

    bytes: int
    lines: int


@dataclass(frozen=True)
class WholeLog:
    """The work of splitting one raw log in one process. Reports `Position`; the result is a `LogResult`."""

    stripe: Stripe
    destination: Destination
    keep_broken: bool

    def run(self, report: Callable[[object], None]) -> LogResult:
        """Split it. Raises `Interrupted` when the disk, or the product, fails."""
        collector = Collector(self.destination)
        reported = time.monotonic()

        def take(rows: object) -> None:
            nonlocal reported
            assert isinstance(rows, BlockRows)
            collector.add(rows)
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                report(Position(rows.position, collector.lines))

        try:
            end = self.stripe.run(take)
            return collector.finish(end, end.counts, self.keep_broken)
        except Exception as error:
            raise collector.interrupted(self.stripe.path, described(error)) from error
        finally:
            collector.close()
