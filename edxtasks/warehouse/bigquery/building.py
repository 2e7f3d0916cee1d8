"""Building tables of BigQuery by queries: in their place, or beside it where rows are looked over first."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from edxtasks.storage.cloud import told
from edxtasks.warehouse.base import BuildInfo, Dates, Query, TableName, Tables, TableState, digest
from edxtasks.warehouse.bigquery import batches, claims, labels, sql, stamps
from edxtasks.warehouse.bigquery.datasets import Datasets
from edxtasks.warehouse.bigquery.dated import DatedBuild, beside
from edxtasks.warehouse.bigquery.descriptions import described
from edxtasks.warehouse.bigquery.service import Service, listed_as
from edxtasks.warehouse.bigquery.stamps_table import StampsTable
from edxtasks.warehouse.bigquery.table_listings import Listings
from edxtasks.warehouse.checks import CheckFailedError, Counts, TableChecks
from edxtasks.warehouse.schema import Schema


class Builder:
    """Builds the tables of a project."""

    def __init__(
        self, service: Service, listings: Listings, datasets: Datasets, stamps_table: StampsTable
    ) -> None:
        self._service = service
        self._listings = listings
        self._datasets = datasets
        self._stamps = stamps_table

    def create(
        self, name: TableName, query: Query, label: BuildInfo, checks: TableChecks | None
    ) -> TableState:
        """As `Warehouse.create` says."""
        began = time.monotonic()
        self._datasets.prepare(name.dataset)
        shape = sql.shape_of(query.schema)
        with batches.fitted(self._service, name, query) as fitted:
            select, parameters = sql.resolved(fitted, self._service.projects)
            home = self.home(name, shape, checks)
            key = self.key("create", name, label)
            marks = {labels.STAMP: label.stamp, labels.RUN: key, labels.BUILT: claims.now()}
            statement = sql.create_table(
                home,
                self._service.projects,
                query.schema,
                shape.clustering,
                marks,
                described(label, query.sql, began),
                select,
            )
            job = self._service.query(
                f"building {name}",
                key,
                statement,
                parameters,
                lambda job: claims.made_by(self._service.find(home), key),
            )
            self.look_over(checks, home, query.schema)
            table = self._service.get(home)
            if claims.made_by(table, key):
                state = TableState(label.stamp, label.stamp, table.num_rows or 0)
                table.description = described(label, query.sql, began, job.total_bytes_processed)
                table = self._service.relabel(table, labels.written(state))
            else:  # another run has built it since: what it said holds
                state = labels.read(listed_as(table))
            self.settle(name, home, table)
        return state

    def create_dates(
        self,
        name: TableName,
        schema: Schema,
        column: str,
        work: Sequence[Dates],
        keep: Iterable[date],
        label: BuildInfo,
        checks: TableChecks | None,
    ) -> TableState:
        """As `Warehouse.create_dates` says."""
        began = time.monotonic()
        self._datasets.prepare(name.dataset)
        self._datasets.refuse_expiring_dates(name)
        self._stamps.make(name.dataset)
        self._stamps.compact(name.dataset)
        with told(f"building {name}"):
            before = self._listings.dates(name)
            kept = {day: before[day] for day in keep if day in before}
            home = self.home(name, sql.shape_of(schema, column))
            key = self.key("dates", name, label)
            build = DatedBuild(self._service, name, home, schema, column, before, kept, key)
            build.run(work, label.stamp, checks, self.count)
            self._listings.refresh(name.dataset)
            state = self._stamps.state(name, build.place.series, label)
            text = work[0].query.sql if work else ""
            home = build.place.name
            description = described(label, text, began, build.processed)
            table = claims.end(self._service, home, key, state, description)
            self.settle(name, home, table)
        return state

    def look_over(self, checks: TableChecks | None, home: TableName, schema: Schema) -> None:
        """Look over the rows of a table that was built beside; it goes where they break a check."""
        if not checks:
            return
        try:
            checks.look(self.count, Tables((home,), schema))
        except CheckFailedError:
            self._service.drop(home)
            raise

    def home(self, name: TableName, shape: sql.Shape, checks: TableChecks | None = None) -> TableName:
        """Where a table is built: in its place, or beside it.

        BigQuery does not replace a table by one of other partitioning or clustering; and rows that are to be
        looked over first must not stand in its place.
        """
        if checks:
            return beside(name)
        listed = self._listings.find(name)
        if listed is None or sql.Shape(listed.partition, listed.clustering) == shape:
            return name
        return beside(name)

    def settle(self, name: TableName, home: TableName, table: Any) -> None:
        """Put a table that was built beside in its place, and know it as it is now."""
        if home == name:
            self._listings.learn(name, table)
        else:
            self._listings.refresh(name.dataset)
            key = digest("settle", str(name), claims.now(), secrets.token_hex(8))
            script = stamps.Script(sql.rename(self._service.projects, home, name))
            self._service.script(f"building {name}", key, script)

    def key(self, kind: str, name: TableName, label: BuildInfo) -> str:
        """The key of the job that makes a table."""
        return claims.job_key(kind, self._service, name, label.stamp, self._listings.find(name))

    def count(self, query: Query) -> Counts:
        """As `Warehouse.count` says."""
        text, parameters = sql.resolved(query, self._service.projects)
        [row] = self._service.select(text, parameters)
        return row
