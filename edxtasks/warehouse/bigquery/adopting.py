"""Tables of BigQuery that others have made: what they hold, and how they get a stamp."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date

from edxtasks.storage.cloud import told
from edxtasks.warehouse.base import BuildInfo, TableName, TableState
from edxtasks.warehouse.bigquery import claims, labels, schemas, sql
from edxtasks.warehouse.bigquery.descriptions import adopted
from edxtasks.warehouse.bigquery.service import Service
from edxtasks.warehouse.bigquery.stamps_table import StampsTable
from edxtasks.warehouse.bigquery.table_listings import Listings
from edxtasks.warehouse.schema import Column, Schema


class Adopter:
    """Looks at tables that others have made, and adopts them."""

    def __init__(self, service: Service, listings: Listings, stamps_table: StampsTable) -> None:
        self._service = service
        self._listings = listings
        self._stamps = stamps_table

    def adopt(
        self,
        name: TableName,
        label: BuildInfo,
        column: str | None = None,
        dates: Mapping[date, str] | None = None,
    ) -> TableState:
        """Give a table that exists a stamp, as if the product had built it; its rows are not touched.

        `column` and `dates` are the partition column and the stamp of each date where the table goes by
        date. `label` says what else is known of it. Raises `UserError` when there is no such table.
        """
        with told(f"adopting {name}"):
            table = self._service.get(name)
            marks: dict[str, str | None] = {labels.RUN: None, labels.BUILT: claims.now(), labels.SERIES: None}
            if column is not None and dates is not None:
                self._stamps.make(name.dataset)
                series = secrets.token_hex(10)
                marks[labels.SERIES] = series
                place = self._stamps.place(name, table, column, series)
                self._service.script(f"adopting {name}", series, place.count(dates))
                self._listings.refresh(name.dataset)
                state = self._stamps.state(name, series, label)
            else:
                state = TableState(
                    label.stamp,
                    labels.version(label),
                    table.num_rows or 0 if label.rows is None else label.rows,
                    first_time=label.first_time,
                    last_time=label.last_time,
                    event_dates=label.event_dates,
                )
            table.description = adopted(table.description or "", label)
            self._listings.learn(name, self._service.relabel(table, labels.written(state) | marks))
        return state

    def unstamped(self, dataset: str) -> list[str]:
        """The tables of a dataset that others have made, as one listing tells.

        One whose stamp was taken away, or that a build of the product has begun to change, is none of them.
        """
        listed = self._listings.listed(dataset)
        return [table for table in self._listings.states(dataset) if not labels.ours(listed[table])]

    def differences(self, name: TableName, schema: Schema, more_columns: bool = False) -> list[str]:
        """What keeps a table from having a schema, in words; columns may stand in another order.

        With `more_columns` it may have others too.
        """
        table = self._service.get(name)
        if table.table_type != "TABLE":
            return [f"it is not a table but a {table.table_type.lower().replace('_', ' ')}"]
        return schemas.differences(table.schema, schema, more_columns)

    def rows_by_date(self, name: TableName, column: Column) -> dict[date | None, int]:
        """How many rows of a table each date has; None for rows without date. Reads the column."""
        day = sql.day_of(column)
        query = f"SELECT {day}, COUNT(*) FROM {sql.path(self._service.projects, name)} GROUP BY 1"
        return dict(self._service.select(query))

    def times(self, name: TableName, column: str = "time") -> tuple[int, int] | None:
        """First and last time of a table, in microseconds since 1970; None for none. Reads the column."""
        query = (
            f"SELECT UNIX_MICROS(MIN({sql.quoted(column)})), UNIX_MICROS(MAX({sql.quoted(column)})) "
            f"FROM {sql.path(self._service.projects, name)}"
        )
        [(first, last)] = self._service.select(query)
        return None if first is None else (first, last)
