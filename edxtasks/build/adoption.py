"""Taking over tables of BigQuery that the product has not built: they get stamps, their rows stay.

A table is taken over when it has the columns of the registry and when what is known of its content fits: the
rows and times of a log day are those of its shard, the rows of a table by date lie on dates that it would
have. It then has the stamp that it would get if it were built now. Its rows are not verified;
the user vouches for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Protocol

from edxtasks.build.context import Context, is_log_day
from edxtasks.build.event_dates import may_have_gaps, noted
from edxtasks.build.freshness import Status, check
from edxtasks.build.log_days import TRACKLOG_SCHEMA, check_log_days, label_of, lock_name
from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.logs.shards import Shard
from edxtasks.printable import quantity
from edxtasks.table import PythonModel, Table
from edxtasks.warehouse.base import BuildInfo, TableInfo, TableName, TableState, digest
from edxtasks.warehouse.checks import digest_of
from edxtasks.warehouse.schema import Column, Schema


class Adopting(Protocol):
    """A warehouse with tables that others have made."""

    def unstamped(self, dataset: str) -> list[str]:
        """The tables of a dataset that others have made."""

    def differences(self, name: TableName, schema: Schema, more_columns: bool = False) -> list[str]:
        """What keeps a table from having a schema, in words; with `more_columns` it may have others too."""

    def info(self, name: TableName) -> TableInfo | None:
        """Metadata of a table."""

    def times(self, name: TableName) -> tuple[int, int] | None:
        """First and last time of a log day, in microseconds since 1970; None for a day without rows."""

    def rows_by_date(self, name: TableName, column: Column) -> dict[date | None, int]:
        """How many rows each date has; None for rows without date."""

    def adopt(
        self,
        name: TableName,
        label: BuildInfo,
        column: str | None = None,
        dates: Mapping[date, str] | None = None,
    ) -> TableState:
        """Give a table its stamp, and a table by date those of its dates."""


class NotAdoptedError(Exception):
    """A table is left as it is; the text says why."""


def is_foreign(context: Context, warehouse: Adopting, table: Table, course: CourseKey | None) -> bool:
    """Whether a table of the registry is there and somebody else has made it."""
    name = context.name(table, course)
    return name.table in warehouse.unstamped(name.dataset)


def adopt_table(context: Context, warehouse: Adopting, table: Table, course: CourseKey | None) -> TableState:
    """Give a table the stamp that it would get now. Raises `NotAdoptedError`, or `UserError` as a check
    does."""
    name = context.name(table, course)
    with context.warehouse.lock(name):
        verdict = check(context, table, course, quick=False)
        if verdict.status is Status.SKIPPED:
            raise NotAdoptedError(f"it could not be built: {verdict.reason}")
        own_columns = isinstance(table.builder, PythonModel) and table.builder.own_columns
        _fits(warehouse, name, table.schema, own_columns)
        label = BuildInfo(verdict.stamp, parts=verdict.parts, signature=verdict.signature)
        if table.partition is None:
            return _without_checks(context, table, name, warehouse.adopt(name, label))
        held = warehouse.rows_by_date(name, table.schema[table.partition])
        if verdict.pending is None:
            if None in held:
                raise NotAdoptedError(f"{held[None]} of its rows have no {table.partition}")
            dates = {day: verdict.stamp for day in held if day is not None}
        else:
            dates = dict(verdict.pending)
            if other := sorted(str(day) for day in held if day not in dates):
                raise NotAdoptedError(f"it has rows of dates that it would not have: {', '.join(other[:3])}")
        state = warehouse.adopt(name, label, table.partition, dates)
        return _without_checks(context, table, name, state)


def _without_checks(context: Context, table: Table, name: TableName, state: TableState) -> TableState:
    """Note that an adopted table is not to be looked over: who adopts it answers for its rows."""
    if table.checks:
        context.warehouse.note_checks(name, digest_of(table.checks), [])
    return state


def adopt_log_days(
    context: Context, warehouse: Adopting, course: CourseKey
) -> tuple[dict[str, int], dict[str, str]]:
    """Give the day tables of a course's log their stamps, rows and times.

    Gives the rows of those that were taken over, and why others were not, by table name. A day without
    shard is taken over as it stands; a shard of other lines that comes later is loaded.
    """
    dataset = course.logs_dataset
    with context.warehouse.lock(lock_name(course)):
        context.warehouse.refresh(dataset)
        days = [name for name in warehouse.unstamped(dataset) if is_log_day(name)]
        verdict = check_log_days(context, course) if days else None
        adopted: dict[str, int] = {}
        left: dict[str, str] = {}

        def adopt(day: str) -> int:
            assert verdict is not None
            if day in verdict.foreign:
                raise NotAdoptedError(
                    "it has no shard, where other days of the course have: it stays as it is"
                )
            return _adopt_day(warehouse, TableName(dataset, day), verdict.load.get(day))

        with ThreadPoolExecutor(context.warehouse.loads_at_once) as pool:
            for day, ended in [(day, pool.submit(adopt, day)) for day in days]:
                try:
                    adopted[day] = ended.result()
                except (NotAdoptedError, UserError) as reason:
                    left[day] = str(reason)
        context.warehouse.refresh(dataset)
    return adopted, left


def _adopt_day(warehouse: Adopting, name: TableName, shard: Shard | None) -> int:
    _fits(warehouse, name, TRACKLOG_SCHEMA)
    info = warehouse.info(name)
    times = warehouse.times(name)
    if info is None:
        raise NotAdoptedError("it has been removed in the meantime")
    if shard is None:
        first, last = times or (None, None)
        made = digest("adopted", str(name), f"{info.created} {info.modified} {info.rows}")
        dates = _event_dates(warehouse, name) if may_have_gaps(first, last) else ""
        label = BuildInfo(made, rows=info.rows, first_time=first, last_time=last, event_dates=dates)
        return warehouse.adopt(name, label).rows
    if info.rows != shard.rows:
        raise NotAdoptedError(
            f"it has {quantity(info.rows, 'row')}, its shard {shard.rows}: it is loaded again"
        )
    if times != (shard.min_time_us, shard.max_time_us):
        raise NotAdoptedError("its first or last time is not that of its shard: it is loaded again")
    return warehouse.adopt(name, label_of(shard)).rows


def _event_dates(warehouse: Adopting, name: TableName) -> str:
    return noted(day for day in warehouse.rows_by_date(name, TRACKLOG_SCHEMA["time"]) if day is not None)


def _fits(warehouse: Adopting, name: TableName, schema: Schema, more_columns: bool = False) -> None:
    if told := warehouse.differences(name, schema, more_columns):
        more = f", and {len(told) - 3} more" if len(told) > 3 else ""
        raise NotAdoptedError("; ".join(told[:3]) + more)
