"""What META and the lists of shards say of the tracking logs."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from edxtasks.caches import Memo
from edxtasks.course import CourseKey
from edxtasks.health.log_rules import FailedLog, LogCounts, RawLog
from edxtasks.logs.checkpoints import Checkpoint, all_checkpoints, merged, read_failures, read_outstanding
from edxtasks.logs.layout import EDGE, UNKNOWN, Layout, bucket_of
from edxtasks.logs.log_names import date_in_name
from edxtasks.logs.raw_files import RawLog as RawFile
from edxtasks.logs.shard_lists import Entry, lists
from edxtasks.logs.source_keys import base_name
from edxtasks.printable import printable_path

_LEAST_SHARE = 0.01
"""A raw log without a date in its name is of the days that have at least this share of its rows; shards of
unknown raw logs are of a day with at least this share of what a day usually has."""
_NUMBER = re.compile(r"\d{6,}")
_OTHER_KEY = re.compile(rb'"course_id":"((?:ccx|library)-v1:[^"\\]{1,200})"')


@dataclass(frozen=True)
class LogFacts:
    """What is known of a log directory.

    `events` are numbers of rows by bucket and day. `other_days` are days with rows of raw logs that are not
    known. `week_raw` and `week_split` are the bytes of the raw logs of the newest seven days, and of what
    they were split into.
    """

    logs: tuple[RawLog, ...] = ()
    failed: tuple[FailedLog, ...] = ()
    counts: LogCounts = field(default_factory=LogCounts)
    other_days: frozenset[date] = frozenset()
    events: Mapping[str, Mapping[date, int]] = field(default_factory=dict)
    week_raw: int = 0
    week_split: int = 0

    @property
    def newest(self) -> date | None:
        """The newest log day."""
        return max((day for log in self.logs for day in log.days), default=max(self.other_days, default=None))

    @property
    def first(self) -> date | None:
        """The first log day."""
        days = {day for log in self.logs for day in log.days} | self.other_days
        return min(days, default=None)

    def of_course(self, course: CourseKey) -> Mapping[date, int]:
        """The rows of a course by day."""
        return self.events.get(bucket_of(course), {})

    def of_other_courses(self, listed: set[CourseKey], edge: bool) -> dict[str, int]:
        """Rows by course, of courses that are not `listed`; `edge`: in logs of an edge site."""
        found = {}
        for bucket, days in self.events.items():
            above, slash, name = bucket.rpartition("/")
            course = _course_of(name)
            if (bool(slash) and above == EDGE) is edge and course is not None and course not in listed:
                found[str(course)] = sum(days.values())
        return found


def read_logs(directory: Path | None, progress: Callable[[str], None] = lambda line: None) -> LogFacts:
    """What is known of the logs in a log directory; of none, or one that is not there, nothing."""
    if directory is None or not directory.is_dir():
        return LogFacts()
    layout = Layout(directory)
    shards = lists(layout)
    entries = [entry for days in shards.values() for entry in days.values()]
    logs: list[RawLog] = []
    for checkpoint in all_checkpoints(layout):
        progress(f"reading checkpoints of raw logs: {len(logs)} so far")
        logs.append(_raw_log(layout, checkpoint))
    newest = max((day for log in logs for day in log.days), default=date.min)
    week = [log for log in logs if log.days and (newest - max(log.days)).days < 7]
    return LogFacts(
        tuple(logs),
        tuple(_failed(layout)),
        LogCounts(
            len(logs),
            sum(not log.is_there for log in logs),
            sum(map(len, merged(*read_outstanding(layout).values()).values())),
            sum(entry.is_lost for entry in entries),
        ),
        _days_of_unknown_logs(entries),
        {bucket: _rows(days) for bucket, days in shards.items()},
        sum(log.size for log in week),
        sum(log.split_size for log in week),
    )


def read_other_keys(
    directory: Path | None,
    today: date,
    weeks: int,
    state: Path,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, int]:
    """Events by key, of custom courses (`ccx-v1:`) and libraries, in the last `weeks` weeks.

    They lie among the rows of no course, which are read once: what was found is kept below `state`.
    """
    if directory is None or not directory.is_dir():
        return {}
    layout, cache = Layout(directory), state / "health" / "other_keys.json"
    memo = Memo(cache)
    total: Counter[str] = Counter()
    first = (today - timedelta(days=7 * weeks)).isoformat()
    for day, entry in lists(layout).get(UNKNOWN, {}).items():
        if not first < day <= today.isoformat() or entry.message:
            continue
        progress(f"looking for keys of custom courses and libraries: {day}")
        total.update(memo.get(entry.digest, partial(_other_keys, layout.shard(UNKNOWN, day))))
    memo.save()
    return dict(total)


def _other_keys(shard: Path) -> dict[str, int]:
    found: Counter[bytes] = Counter()
    try:
        with RawFile(shard) as log:
            for block in log.blocks():
                found.update(_OTHER_KEY.findall(block.data))
    except FileNotFoundError:
        return {}  # split makes it again
    return {key.decode("utf-8", "replace"): number for key, number in found.items()}


def _raw_log(layout: Layout, checkpoint: Checkpoint) -> RawLog:
    path = Path(checkpoint.path)
    return RawLog(
        _server(path),
        _days(path, checkpoint),
        printable_path(path),
        checkpoint.lines - checkpoint.blank,
        sum(checkpoint.rejects.values()),
        "" if checkpoint.complete else checkpoint.message or "it ends too early",
        checkpoint.size,
        sum(part.size for part in checkpoint.parts),
        os.path.lexists(_place(layout, checkpoint.path)),
    )


def _days(path: Path, checkpoint: Checkpoint) -> tuple[date, ...]:
    named = date_in_name(path)
    if named is not None:
        return (named,)
    rows: Counter[str] = Counter()
    for part in checkpoint.parts:
        rows[part.day] += part.rows
    least = _LEAST_SHARE * rows.total()
    return tuple(sorted(date.fromisoformat(day) for day, found in rows.items() if found >= least))


def _server(path: Path) -> str:
    """The name of a raw log without its day, and without other long numbers: that of its server."""
    name, day = base_name(path), date_in_name(path)
    if day is not None:
        for spelling in (day.isoformat(), f"{day:%Y%m%d}"):
            name = name.replace(spelling, "*")
    return _NUMBER.sub("*", name)


def _days_of_unknown_logs(entries: Iterable[Entry]) -> frozenset[date]:
    """Days of shards whose raw logs are not known. A day with next to no rows is one of wrong clocks."""
    rows: Counter[str] = Counter()
    for entry in entries:
        if entry.is_legacy or entry.is_lost:
            rows[entry.day] += entry.rows
    if not rows:
        return frozenset()
    least = _LEAST_SHARE * median(rows.values())
    return frozenset(date.fromisoformat(day) for day, found in rows.items() if found >= least)


def _failed(layout: Layout) -> Iterator[FailedLog]:
    for failure in read_failures(layout).values():
        path = Path(failure.path)
        there = os.path.lexists(_place(layout, failure.path))
        yield FailedLog(printable_path(path), failure.message, there, date_in_name(path))


def _place(layout: Layout, path: str) -> str:
    return os.path.normpath(layout.root.resolve() / path)


def _rows(days: Mapping[str, Entry]) -> dict[date, int]:
    return {date.fromisoformat(day): entry.rows for day, entry in days.items() if entry.rows}


def _course_of(bucket: str) -> CourseKey | None:
    """The course of a bucket; where a part has `__` in it, that part is taken for the number."""
    parts = bucket.split("__")
    if len(parts) < 3:
        return None
    return CourseKey.find(f"{parts[0]}/{'__'.join(parts[1:-1])}/{parts[-1]}")
