"""The dates on which the events of a log day lie.

They are one date, or two, unless the day is that of a file's name: then an event of a clock gone wrong would
make every date between it and the others one that the log day may feed. Such a log day notes its dates, in
runs: `735000-735002_738100` are three dates in a row and one more, as numbers of days (1 is 0001-01-01).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from edxtasks.warehouse.base import TableState

_LONGEST = 63
"""Characters that a note may have: those of a label of BigQuery, the same on both engines."""
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = _EPOCH.toordinal()


def date_of(microseconds: int) -> date:
    """The date (UTC) of a time in microseconds since 1970."""
    return (_EPOCH + microseconds * _MICROSECOND).date()


def may_have_gaps(first_time: int | None, last_time: int | None) -> bool:
    """Whether there are dates between the first event and the last that may have none."""
    if first_time is None or last_time is None:
        return False
    return last_time // _DAY - first_time // _DAY > 1


def noted(dates: Iterable[date]) -> str:
    """The note of some dates; "" where they are a single run, which first and last time tell.

    Where there are too many runs for a note, those with the fewest dates between them are taken as one: a
    date too many costs time, one too few would be lost.
    """
    days = sorted({day.toordinal() for day in dates})
    steps = ((after - day, day) for day, after in pairwise(days))
    widest_first = [day for width, day in sorted(steps, reverse=True) if width > 1]
    text = ""
    for number in range(1, len(widest_first) + 1):
        longer = _text(days, set(widest_first[:number]))
        if len(longer) > _LONGEST:
            break
        text = longer
    return text


def _text(days: list[int], ends: set[int]) -> str:
    """Days in order as runs, which end with the days in `ends`."""
    runs = []
    first: int | None = None
    for day in days:
        first = day if first is None else first
        if day in ends or day == days[-1]:
            runs.append(f"{first}-{day}" if first != day else str(day))
            first = None
    return "_".join(runs)


def event_spans(state: TableState) -> list[tuple[int, int]]:
    """The spans of time that hold all events of a log day: first and last microsecond of each, in order."""
    if not state.rows or state.first_time is None or state.last_time is None:
        return []
    if not state.event_dates:
        return [(state.first_time, state.last_time)]
    runs = [[int(end) for end in run.split("-")] for run in state.event_dates.split("_")]
    return [
        (
            max(state.first_time, (run[0] - _FIRST) * _DAY),
            min(state.last_time, (run[-1] - _FIRST + 1) * _DAY - 1),
        )
        for run in runs
    ]
