"""The table `_edxtasks_stamps` of a dataset: made, kept small, and what it says of a table by date."""

from __future__ import annotations

import secrets
from typing import Any

from google.cloud import bigquery

from edxtasks.warehouse.base import BuildInfo, TableName, TableState, digest, whole_version
from edxtasks.warehouse.bigquery import claims, labels, schemas, stamps
from edxtasks.warehouse.bigquery.service import Service
from edxtasks.warehouse.bigquery.table_listings import Listings


class StampsTable:
    """The tables of stamps of all datasets of a project."""

    def __init__(self, service: Service, listings: Listings) -> None:
        self._service = service
        self._listings = listings

    def make(self, dataset: str) -> None:
        """Make the table of a dataset, where it is not there."""
        if stamps.TABLE in self._listings.listed(dataset):
            return
        name = self._service.path(TableName(dataset, stamps.TABLE))
        table = bigquery.Table(name, schemas.fields(stamps.SCHEMA))
        table.clustering_fields = ["table_name"]
        table.description = "Stamps by date of the tables of this dataset. Rows are only ever added."
        self._service.make_table(table)
        self._listings.refresh(dataset)

    def compact(self, dataset: str) -> None:
        """Remove stamps that hold no longer, where there are many more of them than of the others."""
        table = self._service.find(TableName(dataset, stamps.TABLE))
        rows = 0 if table is None else table.num_rows or 0
        if rows <= stamps.COMPACTED_FROM:
            return
        listed = self._listings.listed(dataset).values()
        series = {one.labels[labels.SERIES] for one in listed if labels.SERIES in one.labels}
        if rows <= stamps.COMPACTED_FROM + 2 * self._listings.number_of_dates(dataset, series):
            return
        key = digest("compact", dataset, claims.now(), secrets.token_hex(8))
        script = stamps.compacted(self._service.projects, dataset, series)
        self._service.script(f"compacting the stamps of {dataset}", key, script)

    def place(self, name: TableName, table: Any, column: str, series: str) -> stamps.Place:
        """A table by date and its series, as the target of scripts."""
        schema = schemas.schema_of(table.schema)
        return stamps.Place(self._service.projects, name, schema[column], series, name.table)

    def state(self, name: TableName, series: str, label: BuildInfo) -> TableState:
        """The state of a table by date, as the stamps of its series say it."""
        dates = self._listings.series(name, series)
        rows = sum(one.rows for one in dates.values())
        return TableState(
            label.stamp, whole_version(dates), rows, partitioned=True, signature=label.signature
        )
