"""Building a table that is partitioned by date: its pending dates, each part in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from google.cloud import bigquery

from edxtasks.warehouse.base import MOST_DATES, Dates, DatesOf, DateState, Query, TableName
from edxtasks.warehouse.bigquery import batches, claims, labels, schemas, sql, stamps
from edxtasks.warehouse.bigquery.guards import Guards
from edxtasks.warehouse.bigquery.service import Service
from edxtasks.warehouse.checks import Counts, TableChecks
from edxtasks.warehouse.schema import Schema


class DatedBuild:
    """One build of a table by date.

    `home` is where it is built: in its place, or beside it where what is there has another shape. `before`
    are the dates that the table has, `kept` those of them that stay.
    """

    def __init__(
        self,
        service: Service,
        name: TableName,
        home: TableName,
        schema: Schema,
        column: str,
        before: Mapping[date, DateState],
        kept: Mapping[date, DateState],
        key: str,
    ) -> None:
        self._service = service
        self._name = name
        self._schema = schema
        self._column = column
        self._kept = kept
        self._key = key
        self.processed = 0
        """Bytes that the queries read."""
        table = service.find(name)
        if table is not None and home == name and not _same_columns(table, schema):
            home = beside(name)
        if table is not None and home == name:
            series = table.labels.get(labels.SERIES) or _new_series()
            claims.begin(service, name, key, series)
            self.place = self._place(home, series)
            self._before = before
            self._unknown = not before  # a table without stamps may hold rows of any date
        else:
            self.place = self._made(home)
            self._before = {}
            self._unknown = False
            if table is not None and kept:
                self._copy(table)

    def run(
        self,
        work: Sequence[Dates],
        stamp: str,
        checks: TableChecks | None = None,
        count: Callable[[Query], Counts] | None = None,
    ) -> None:
        """Make the dates of `work` and remove all but them and the kept ones.

        A part whose rows break a check that is an error changes nothing, and raises `CheckFailedError`. What
        other checks find is asked, by `count`, of the dates that were made.
        """
        made: set[date] = set()
        for part in work:
            with batches.fitted(self._service, self._name, part.query) as query:
                select, parameters = sql.resolved(query, self._service.projects)
                guard = Guards(checks, self._schema, self._service.projects)
                parameters |= guard.parameters
                if part.stamps is None:
                    script = self.place.replace_all(
                        select, self._schema, stamp, self._before, self._unknown, guard.statements
                    )
                    with guard.heeded():
                        self._run(script, parameters)
                    self._look(checks, count, date.min, date.max)
                    return  # such a query gives the whole table
                if part.stamps:
                    script = self.place.replace(select, self._schema, part.stamps, guard.statements)
                    with guard.heeded():
                        self._run(script, parameters)
                    self._look(checks, count, min(part.stamps), max(part.stamps))
                    made.update(part.stamps)
        stay = made | set(self._kept)
        gone = set(self._before) - stay
        if gone or self._unknown:
            self._run(self.place.remove(stay, gone, self._unknown), {})

    def _look(
        self, checks: TableChecks | None, count: Callable[[Query], Counts] | None, first: date, last: date
    ) -> None:
        if checks and checks.checks and count is not None:
            rows = DatesOf(self.place.name, self._schema, self._column, first, last)
            checks.without_grain().look(count, rows)

    def _made(self, home: TableName) -> stamps.Place:
        series = _new_series()
        table = bigquery.Table(self._service.path(home), schemas.fields(self._schema))
        table.time_partitioning = bigquery.TimePartitioning(field=self._column)
        table.clustering_fields = list(sql.shape_of(self._schema).clustering) or None
        table.labels = {labels.SERIES: series, labels.RUN: self._key}
        if home != self._name:
            self._service.drop(home)  # left by a run that was killed
        self._service.make_table(table)
        return self._place(home, series)

    def _copy(self, table: Any) -> None:
        """Take the kept dates over from the table that is to be replaced."""
        there = set(schemas.schema_of(table.schema).names)
        columns = ", ".join(
            sql.quoted(one.name)
            if one.name in there
            else f"{one.googlesql_nothing} AS {sql.quoted(one.name)}"
            for one in self._schema
        )
        select = f"SELECT {columns} FROM {sql.path(self._service.projects, self._name)}"
        known = sorted(day for day, state in self._kept.items() if state.stamp is not None)
        for start in range(0, len(known), MOST_DATES):
            stamps_of = {day: self._kept[day].stamp or "" for day in known[start : start + MOST_DATES]}
            self._run(self.place.replace(select, self._schema, stamps_of), {})

    def _place(self, home: TableName, series: str) -> stamps.Place:
        return stamps.Place(
            self._service.projects, home, self._schema[self._column], series, self._name.table
        )

    def _run(self, script: stamps.Script, parameters: Mapping[str, object]) -> None:
        job = self._service.script(f"building {self._name}", self._key, script, parameters)
        self.processed += job.total_bytes_processed or 0


def beside(name: TableName) -> TableName:
    """Where a table is built that cannot be built in its place."""
    return TableName(name.dataset, f"{stamps.PRIVATE}new_{name.table}")


def _same_columns(table: Any, schema: Schema) -> bool:
    found = schemas.schema_of(table.schema)
    return [column.signature() for column in found] == [column.signature() for column in schema]


def _new_series() -> str:
    return secrets.token_hex(10)
