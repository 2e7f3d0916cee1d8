"""The queries that build a table: the inputs behind the names of its model, one query for each part of its
dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from edxtasks.build.context import Context
from edxtasks.build.date_stamps import whole_days, window
from edxtasks.build.event_dates import event_spans
from edxtasks.build.freshness import Verdict
from edxtasks.build.input_columns import is_unstamped, lacking_columns, refuse_other_columns
from edxtasks.build.inputs import by_date, instances, parameters, tell_absent
from edxtasks.build.log_days import TRACKLOG_SCHEMA
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.table import ALL_EARLIER, TRACKLOG, Scope, SqlModel, Table
from edxtasks.warehouse.base import MOST_DATES, Absent, Dates, DatesOf, Input, LogDays, Query, Tables


def queries(
    context: Context, table: Table, course: CourseKey | None, verdict: Verdict, messages: Messages
) -> list[Dates]:
    """The queries that build a table as a verdict says: one of the whole, or one for each part of its dates.

    Only for tables that are made by a query. What the inputs lack is told in `messages`.
    """
    if table.partition is None or verdict.pending is None:
        return [Dates(_query(context, table, course, None, messages), None)]
    return [
        Dates(
            _query(context, table, course, (days[0], days[-1]), messages),
            {day: verdict.pending[day] for day in days},
        )
        for days in _chunks(sorted(verdict.pending), table, context.warehouse.days_in_query)
    ]


def _query(
    context: Context,
    table: Table,
    course: CourseKey | None,
    dates: tuple[date, date] | None,
    messages: Messages,
) -> Query:
    """The query of a model with its inputs, for a range of dates where it is made by date."""
    assert isinstance(table.builder, SqlModel)
    inputs: Mapping[str, Input] = {
        table.written.get(name, name): _input(context, table, name, course, dates, messages)
        for name in table.inputs
    }
    return Query(table.builder.sql, inputs, parameters(context, table, course), table.schema)


def _input(
    context: Context,
    table: Table,
    name: str,
    course: CourseKey | None,
    dates: tuple[date, date] | None,
    messages: Messages,
) -> Input:
    if name == TRACKLOG:
        assert course is not None
        return _log_days(context, table, course, dates)
    source = context.registry[name]
    wanted = instances(context, table, name, course)
    existing = [one for one in wanted if context.input_state(table, source, one)]
    if not existing:
        return Absent(source.schema)
    if dates is not None and by_date(context, table, name, course) and source.partition is not None:
        first = date.min if table.lookback == ALL_EARLIER else dates[0] - whole_days(table.lookback)
        return DatesOf(context.name(source, course), source.schema, source.partition, first, dates[1])
    names = tuple(context.name(source, one) for one in existing)
    if name in table.named:
        refuse_other_columns(context, table, source, names[0])
    if table.scope is not Scope.COURSE and source.scope is Scope.COURSE:
        tell_absent(name, wanted, existing, messages)
        return Tables(names, source.schema, lacking_columns(context, source, names, messages))
    if source.external or is_unstamped(context, names[0]):
        return Tables(names, source.schema, lacking_columns(context, source, names, messages))
    return Tables(names, source.schema)


def _log_days(context: Context, table: Table, course: CourseKey, dates: tuple[date, date] | None) -> Input:
    low, high = 0, 1 << 62
    if dates is not None:
        low, high = window(dates[0], table.lookback)[0], window(dates[1], table.lookback)[1]
    tables = tuple(
        day
        for day, state in context.log_days(course).items()
        if any(first < high and last >= low for first, last in event_spans(state))
    )
    if not tables:
        return Absent(TRACKLOG_SCHEMA)
    return LogDays(course.logs_dataset, tables, TRACKLOG_SCHEMA, low, high)


def _chunks(days: list[date], table: Table, most: int | None) -> Iterable[list[date]]:
    """The dates to build, cut so that a query reads a bounded number of log days: by month, or `most`.

    A query that looks back over all dates reads no log days: its dates are cut by their number alone.
    """
    chunk: list[date] = []
    for day in days:
        if chunk and (len(chunk) == MOST_DATES or _is_cut(chunk[0], day, table, most)):
            yield chunk
            chunk = []
        chunk.append(day)
    if chunk:
        yield chunk


def _is_cut(first: date, day: date, table: Table, most: int | None) -> bool:
    """Whether a date begins another part than the one that begins with `first`."""
    if table.lookback == ALL_EARLIER:
        return False
    if most is None:
        return (day.year, day.month) != (first.year, first.month)
    return (day - first).days >= most
