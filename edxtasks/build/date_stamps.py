"""The stamps of a table partitioned by date: which rows of its inputs each of its dates depends on.

A date depends on the log days that hold events of its window (the date and the look-back before it), on the
same dates of by-date inputs, and on every other input as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from edxtasks.build.context import Context, day_of_log
from edxtasks.build.event_dates import date_of, event_spans
from edxtasks.course import CourseKey
from edxtasks.table import ALL_EARLIER, TRACKLOG, Table
from edxtasks.warehouse.base import digest

_DAY = timedelta(days=1)

_MICROSECOND = timedelta(microseconds=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def window(day: date, lookback: timedelta) -> tuple[int, int]:
    """The microseconds since 1970 that the events of a date and of its look-back lie in: [low, high)."""
    start = (day - _EPOCH.date()) // _MICROSECOND
    low = 0 if lookback == ALL_EARLIER else start - lookback // _MICROSECOND
    return low, start + _DAY // _MICROSECOND


def whole_days(lookback: timedelta) -> timedelta:
    """A look-back in whole days, rounded up."""
    return -(-lookback // _DAY) * _DAY


def date_limits(context: Context, table: Table, course: CourseKey | None) -> tuple[date, date]:
    """First and last date of a table that the options of this run let through."""
    options = context.settings.options
    first = _first_date(context, table, options.start_date or date.min)
    last = options.end_date or date.max
    if options.skip_last_day and course is not None:
        newest = max(context.log_days(course), default=None)
        if newest is not None:
            last = min(last, day_of_log(newest) - _DAY)
    return first, last


def _first_date(context: Context, table: Table, start: date) -> date:
    """The first date of a table where the rows of tables for people begin with `start`.

    An internal table begins as early as the tables by date that are made from it look back: what they say of
    a date must not depend on where the range begins.
    """
    if start == date.min or not table.internal:
        return start
    readers = (one for one in context.registry.values() if one.partition and table.name in one.inputs)
    back = max((one.lookback for one in readers), default=timedelta(0))
    return date.min if back == ALL_EARLIER else start - min(whole_days(back), start - date.min)


def date_stamps(
    context: Context,
    table: Table,
    course: CourseKey | None,
    dated: list[str],
    recipe: str,
    limits: tuple[date, date],
) -> dict[date, str]:
    """The stamp of every date that the table has now."""
    made_of: dict[date, set[str]] = defaultdict(set)
    dates: set[date] = set()
    for name in dated:
        pieces = list(_pieces(context, name, course))
        dates.update(day for piece in pieces for day in _days(piece.first, piece.last))
        if table.lookback != ALL_EARLIER:
            for piece in pieces:
                for day in _days(piece.first, piece.reach(table.lookback)):
                    made_of[day].add(f"{name} {piece.name} {piece.version}")
    chosen = sorted(day for day in dates if limits[0] <= day <= limits[1])
    if table.lookback == ALL_EARLIER:
        return dict(_running_stamps(context, dated, course, recipe, chosen))
    return {day: digest(recipe, *sorted(made_of[day])) for day in chosen}


def _running_stamps(
    context: Context, dated: list[str], course: CourseKey | None, recipe: str, chosen: list[date]
) -> Iterator[tuple[date, str]]:
    """Stamps of dates that depend on everything before them: each goes on from the one before."""
    pieces = sorted(
        (piece.first, f"{name} {piece.name} {piece.version}")
        for name in dated
        for piece in _pieces(context, name, course)
    )
    stamp, position = recipe, 0
    for day in chosen:
        while position < len(pieces) and pieces[position][0] <= day:
            stamp = digest(stamp, pieces[position][1])
            position += 1
        yield day, digest(stamp)


@dataclass(frozen=True)
class _Piece:
    """A part of a by-date input: events of a log day (its times in microseconds), or a date of a table."""

    name: str
    version: str
    first: date
    last: date
    last_time: int | None = None

    def reach(self, lookback: timedelta) -> date:
        """The last date whose window still holds rows of this piece."""
        if self.last_time is None:
            # Dates of a dump may be any that there are: the last one has no date after it.
            return self.last + min(whole_days(lookback), date.max - self.last)
        return date_of(self.last_time + lookback // _MICROSECOND)


def _pieces(context: Context, name: str, course: CourseKey | None) -> Iterator[_Piece]:
    assert course is not None
    if name == TRACKLOG:
        for day, state in context.log_days(course).items():
            for first, last in event_spans(state):
                yield _Piece(day, state.version, date_of(first), date_of(last), last)
        return
    for one, held in context.warehouse.dates(context.name(context.registry[name], course)).items():
        if held.rows:
            yield _Piece(one.isoformat(), held.version, one, one)


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + number * _DAY
