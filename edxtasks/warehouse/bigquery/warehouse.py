"""The warehouse in the cloud: tables of BigQuery, loaded through Cloud Storage (docs/bigquery.md).

Stamps stand in the labels of the tables, which one listing of a dataset tells; stamps by date in a small
table of the dataset. The version of a table is its stamp: whatever changes an input reaches all that hangs
on it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

from edxtasks.errors import UserError
from edxtasks.locks import Lock
from edxtasks.scratch import PLACE, Scratch
from edxtasks.storage.cloud import told
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import (
    BuildInfo,
    Dates,
    DateState,
    Loadable,
    Query,
    TableInfo,
    TableName,
    TableState,
    digest,
)
from edxtasks.warehouse.bigquery import batches, claims, labels, schemas, sql, stamps
from edxtasks.warehouse.bigquery.adopting import Adopter
from edxtasks.warehouse.bigquery.building import Builder
from edxtasks.warehouse.bigquery.datasets import Datasets
from edxtasks.warehouse.bigquery.descriptions import checks_in, parts_of, reworded, with_checks
from edxtasks.warehouse.bigquery.keeping import ProjectTables
from edxtasks.warehouse.bigquery.load_jobs import Loader
from edxtasks.warehouse.bigquery.service import Service
from edxtasks.warehouse.bigquery.stamps_table import StampsTable
from edxtasks.warehouse.bigquery.table_listings import Listings
from edxtasks.warehouse.checks import Counts, TableChecks
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.schema import Column, Schema

_ASIDE = f"{stamps.PRIVATE}aside_"
"""How the names of tables begin that were set aside."""


def _aside(name: TableName) -> TableName:
    return TableName(name.dataset, f"{_ASIDE}{name.table}")


class BigQueryWarehouse(Warehouse):
    """Tables of a Google Cloud project.

    `bucket` gives the storage of files that are to be loaded; without one nothing can be loaded. `locks`
    is a local folder: it keeps the runs of one machine apart. `days_in_query` is the most log days that
    one query may read, `max_bad_rows` how many rows a load may refuse, `loads_at_once` how many loads may
    run side by side. `scratch` is for files that are to be loaded; without one they lie beside the locks.
    """

    def __init__(
        self,
        service: Service,
        bucket: Callable[[], GcsStorage] | None,
        locks: Path,
        days_in_query: int | None = None,
        max_bad_rows: int = 0,
        loads_at_once: int = 1,
        scratch: Scratch | None = None,
    ) -> None:
        self.where = service.where
        self.loads_at_once = loads_at_once
        self.days_in_query = days_in_query
        self._service = service
        self._listings = Listings(service)
        self._datasets = Datasets(service)
        self._locks = locks
        self._stamps = StampsTable(service, self._listings)
        self._builder = Builder(service, self._listings, self._datasets, self._stamps)
        scratch = scratch or Scratch((locks / PLACE,))
        self._loader = Loader(service, self._datasets, self._builder, bucket, scratch, max_bad_rows, locks)
        self._adopter = Adopter(service, self._listings, self._stamps)

    # Listing

    def states(self, dataset: str) -> Mapping[str, TableState]:
        return self._listings.states(dataset)

    def refresh(self, dataset: str) -> None:
        self._listings.refresh(dataset)

    def refresh_all(self) -> None:
        self._listings.refresh_all()

    def dates(self, name: TableName) -> Mapping[date, DateState]:
        return self._listings.dates(name)

    def parts(self, name: TableName) -> Mapping[str, str]:
        table = self._service.find(name)
        return {} if table is None else parts_of(table.description or "")

    def note_signature(self, name: TableName, signature: str) -> None:
        self._service.relabel(self._service.get(name), {labels.SIGNATURE: signature})
        self.refresh(name.dataset)

    def datasets(self) -> list[str]:
        return self._service.datasets()

    def has_dataset(self, dataset: str) -> bool:
        return self._service.has_dataset(dataset)

    def other_owner(self, dataset: str, owner: str) -> str | None:
        listed = self._listings.listed(dataset).values()
        noted = {one.labels[labels.OWNER] for one in listed if labels.OWNER in one.labels}
        return "another course" if noted and digest(owner) not in noted else None

    def note_owner(self, dataset: str, owner: str) -> None:
        self._service.owners[dataset] = digest(owner)

    def project(self, dataset: str) -> str:
        return self._service.projects.of(dataset)

    def table_types(self, dataset: str) -> Mapping[str, str]:
        return self._listings.types(dataset)

    def info(self, name: TableName) -> TableInfo | None:
        table = self._service.find(name)
        if table is None:
            return None
        buffer = table.streaming_buffer  # rows that others stream in count elsewhere until they are stored
        return TableInfo(
            rows=(table.num_rows or 0) + ((buffer.estimated_rows or 0) if buffer is not None else 0),
            bytes=table.num_bytes or 0,
            created=table.created.timestamp(),
            modified=table.modified.timestamp(),
            schema=schemas.schema_of(table.schema),
            description=table.description or "",
        )

    def location(self, name: TableName, partitioned: bool) -> None:
        return None

    def read(
        self, name: TableName, columns: Sequence[str] | None = None, ordered: bool = False
    ) -> Iterator[tuple[object, ...]]:
        if not ordered:
            return self._service.rows(name, columns)
        info = self.info(name)
        if info is None:
            raise UserError(f"{name} does not exist, or has been removed in the meantime")
        wanted = [info.schema[one] for one in columns or info.schema.names]
        return self._service.select(sql.ordered(name, self._service.projects, wanted))

    def ask(self, query: str) -> tuple[Schema, Iterator[tuple[object, ...]]]:
        """The columns and the rows of a GoogleSQL query that a person wrote. Raises `QueryRefusedError`."""
        return self._service.ask(query)

    # Building

    def lock(self, name: TableName) -> AbstractContextManager[object]:
        self._locks.mkdir(parents=True, exist_ok=True)
        return Lock(self._locks / f"{self._service.path(name)}.lock", str(name), self.tell_waiting)

    def load(
        self,
        name: TableName,
        schema: Schema,
        content: Loadable,
        label: BuildInfo,
        checks: TableChecks | None = None,
    ) -> TableState:
        return self._loader.load(name, schema, content, label, checks)

    def create(
        self, name: TableName, query: Query, label: BuildInfo, checks: TableChecks | None = None
    ) -> TableState:
        return self._builder.create(name, query, label, checks)

    def create_dates(
        self,
        name: TableName,
        schema: Schema,
        column: str,
        work: Sequence[Dates],
        keep: Iterable[date],
        label: BuildInfo,
        checks: TableChecks | None = None,
    ) -> TableState:
        return self._builder.create_dates(name, schema, column, work, keep, label, checks)

    def count(self, query: Query) -> Counts:
        return self._builder.count(query)

    def select(self, query: Query) -> list[tuple[object, ...]]:
        text, parameters = sql.resolved(query, self._service.projects, in_order=True)
        return list(self._service.select(text, parameters))

    def select_all(self, queries: Sequence[Query]) -> list[list[tuple[object, ...]]]:
        # Each query waits for the service most of the time.
        with ThreadPoolExecutor(self.loads_at_once) as pool:
            return list(pool.map(self.select, queries))

    def note_checks(self, name: TableName, digest: str, results: Sequence[Mapping[str, Any]]) -> None:
        table = self._service.get(name)
        table.description = with_checks(table.description or "", results)
        self._listings.learn(name, self._service.relabel(table, {labels.CHECKS: digest}))

    def checked(self, name: TableName) -> str | None:
        listed = self._listings.find(name)
        return None if listed is None else listed.labels.get(labels.CHECKS)

    def check_results(self, name: TableName) -> Sequence[Mapping[str, Any]]:
        table = self._service.find(name)
        return () if table is None else checks_in(table.description or "")

    def describe(self, name: TableName, description: str) -> None:
        table = self._service.get(name)
        table.description = reworded(table.description or "", description)
        self._service.relabel(table, {})

    def drop(self, name: TableName) -> bool:
        self.drop_aside(name)
        self.refresh(name.dataset)
        return self._service.drop(name)

    # Setting aside: another name, under which no listing tells of the table.

    def built_here(self, name: TableName) -> bool:
        listed = self._listings.find(name)
        return listed is not None and labels.ours(listed)

    def set_aside(self, name: TableName) -> bool:
        return self._rename(name, _aside(name))

    def aside(self, dataset: str) -> Mapping[str, TableState]:
        return {
            table.removeprefix(_ASIDE): labels.read(one)
            for table, one in self._listings.listed(dataset).items()
            if table.startswith(_ASIDE)
        }

    def take_back(self, name: TableName) -> bool:
        return self._listings.find(name) is None and self._rename(_aside(name), name)

    def drop_aside(self, name: TableName) -> bool:
        there = name.table in self.aside(name.dataset)
        if there:
            self._service.drop(_aside(name))
            self.refresh(name.dataset)
        return there

    def _rename(self, source: TableName, target: TableName) -> bool:
        if self._listings.find(source) is None:
            return False
        key = digest("rename", str(source), claims.now(), secrets.token_hex(8))
        script = stamps.Script(sql.rename(self._service.projects, source, target))
        with told(f"renaming {source}"):
            self._service.script(f"renaming {source}", key, script)
        self.refresh(source.dataset)
        return True

    def forget(self, name: TableName) -> bool:
        listed = self._listings.find(name)
        table = self._service.find(name)
        if listed is None or table is None:
            return False
        state = self.states(name.dataset)[name.table]
        dates = self.dates(name)
        if dates:
            place = self._stamps.place(name, table, listed.partition or "", listed.labels[labels.SERIES])
            key = digest("forget", str(name), claims.now())
            self._service.script(f"forgetting {name}", key, place.forget(dates))
        # The version stays, so that what is made from the table stays fresh.
        if state.stamp is not None:
            changes = {labels.STAMP: None, labels.SIGNATURE: None, labels.VERSION: state.version}
            self._service.relabel(self._service.get(name), changes)
        self.refresh(name.dataset)
        return True

    # Tables that others have made

    def adopt(
        self,
        name: TableName,
        label: BuildInfo,
        column: str | None = None,
        dates: Mapping[date, str] | None = None,
    ) -> TableState:
        """As `Adopter.adopt` says."""
        return self._adopter.adopt(name, label, column, dates)

    def unstamped(self, dataset: str) -> list[str]:
        """As `Adopter.unstamped` says."""
        return self._adopter.unstamped(dataset)

    def differences(self, name: TableName, schema: Schema, more_columns: bool = False) -> list[str]:
        """As `Adopter.differences` says."""
        return self._adopter.differences(name, schema, more_columns)

    def rows_by_date(self, name: TableName, column: Column) -> dict[date | None, int]:
        """As `Adopter.rows_by_date` says."""
        return self._adopter.rows_by_date(name, column)

    def times(self, name: TableName, column: str = "time") -> tuple[int, int] | None:
        """As `Adopter.times` says."""
        return self._adopter.times(name, column)

    def estimate(self, query: Query) -> int:
        """The bytes that a query would read; nothing is run, and it costs nothing."""
        return batches.estimated(self._service, query)

    def project_tables(self) -> ProjectTables:
        """All tables of the projects, also those of others."""
        return ProjectTables(self._service)

    def notices(self, dataset: str) -> tuple[str, ...]:
        return self._datasets.notices(dataset)
