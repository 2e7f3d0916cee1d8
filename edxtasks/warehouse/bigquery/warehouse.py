"""The warehouse in the cloud: tables of BigQuery, loaded through Cloud Storage (docs/bigquery.md).

Stamps stand in the labels of the tables, which one listing of a dataset tells; stamps by date in a small
table of the dataset. The version of a table is its stamp: whatever changes an input reaches all that hangs
on it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

from filelock import FileLock
from google.cloud import bigquery

from edxtasks.errors import SettingsError, UserError
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
    Tables,
    TableState,
    Warehouse,
    digest,
    whole_version,
)
from edxtasks.warehouse.bigquery import batches, claims, labels, schemas, sql, stamps
from edxtasks.warehouse.bigquery.datasets import Datasets
from edxtasks.warehouse.bigquery.dated import DatedBuild, beside
from edxtasks.warehouse.bigquery.descriptions import (
    adopted,
    checks_in,
    described,
    parts_of,
    reworded,
    with_checks,
)
from edxtasks.warehouse.bigquery.jobs import JobFailedError
from edxtasks.warehouse.bigquery.listings import Listings
from edxtasks.warehouse.bigquery.loading import Staged, load_error, staged
from edxtasks.warehouse.bigquery.service import Service, listed_as, refused
from edxtasks.warehouse.checks import CheckFailedError, Counts, TableChecks
from edxtasks.warehouse.rows import ParquetFiles
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
        self._bucket = bucket
        self._storage: GcsStorage | None = None
        self._opening = threading.Lock()
        self._locks = locks
        self._scratch = scratch or Scratch((locks / PLACE,))
        self._max_bad_rows = max_bad_rows

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

    # Building

    def lock(self, name: TableName) -> AbstractContextManager[object]:
        self._locks.mkdir(parents=True, exist_ok=True)
        return FileLock(self._locks / f"{self._service.path(name)}.lock")

    def load(
        self,
        name: TableName,
        schema: Schema,
        content: Loadable,
        label: BuildInfo,
        checks: TableChecks | None = None,
    ) -> TableState:
        began = time.monotonic()
        self._make_dataset(name.dataset)
        storage = self._opened_storage()
        with self._scratch.folder() as folder:
            files = {}
            for one in staged(name, schema, content, label.stamp, folder):
                storage.put(one.path, one.name)
                files[storage.uri(one.name)] = one
            home = self._home(name, sql.Shape(), checks)
            key = self._key("load", name, label)
            job = self._run_load(name, home, key, schema, files, isinstance(content, ParquetFiles))
            state = TableState(
                label.stamp,
                labels.version(label),
                self._loaded(name, job, label),
                first_time=label.first_time,
                last_time=label.last_time,
            )
            self._look_over(checks, home, schema)
            about = f"Loaded from {', '.join(sorted(files))}"
            description = described(label, about, began, job.input_file_bytes)
            table = claims.end(self._service, home, key, state, description)
            self._settle(name, home, table)
            for one in files.values():
                if not one.stays:
                    storage.delete(one.name)
        return state

    def create(
        self, name: TableName, query: Query, label: BuildInfo, checks: TableChecks | None = None
    ) -> TableState:
        began = time.monotonic()
        self._make_dataset(name.dataset)
        shape = sql.shape_of(query.schema)
        with batches.fitted(self._service, name, query) as fitted:
            select, parameters = sql.resolved(fitted, self._service.projects)
            home = self._home(name, shape, checks)
            key = self._key("create", name, label)
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
            self._look_over(checks, home, query.schema)
            table = self._service.get(home)
            if claims.made_by(table, key):
                state = TableState(label.stamp, label.stamp, table.num_rows or 0)
                table.description = described(label, query.sql, began, job.total_bytes_processed)
                table = self._service.relabel(table, labels.written(state))
            else:  # another run has built it since: what it said holds
                state = labels.read(listed_as(table))
            self._settle(name, home, table)
        return state

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
        began = time.monotonic()
        self._make_dataset(name.dataset)
        self._datasets.refuse_expiring_dates(name)
        self._make_stamps(name.dataset)
        self._compact_stamps(name.dataset)
        with told(f"building {name}"):
            before = self.dates(name)
            kept = {day: before[day] for day in keep if day in before}
            home = self._home(name, sql.shape_of(schema, column))
            key = self._key("dates", name, label)
            build = DatedBuild(self._service, name, home, schema, column, before, kept, key)
            build.run(work, label.stamp, checks, self.count)
            self.refresh(name.dataset)
            state = self._by_date(name, build.place.series, label)
            text = work[0].query.sql if work else ""
            home = build.place.name
            description = described(label, text, began, build.processed)
            table = claims.end(self._service, home, key, state, description)
            self._settle(name, home, table)
        return state

    def _look_over(self, checks: TableChecks | None, home: TableName, schema: Schema) -> None:
        """Look over the rows of a table that was built beside; it goes where they break a check."""
        if not checks:
            return
        try:
            checks.look(self.count, Tables((home,), schema))
        except CheckFailedError:
            self._service.drop(home)
            raise

    def count(self, query: Query) -> Counts:
        text, parameters = sql.resolved(query, self._service.projects)
        [row] = self._service.select(text, parameters)
        return row

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
            place = self._place(name, table, listed.partition or "", listed.labels[labels.SERIES])
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
        """Give a table that exists a stamp, as if the product had built it; its rows are not touched.

        `column` and `dates` are the partition column and the stamp of each date where the table goes by
        date. `label` says what else is known of it. Raises `UserError` when there is no such table.
        """
        with told(f"adopting {name}"):
            table = self._service.get(name)
            marks: dict[str, str | None] = {labels.RUN: None, labels.BUILT: claims.now(), labels.SERIES: None}
            if column is not None and dates is not None:
                self._make_stamps(name.dataset)
                series = secrets.token_hex(10)
                marks[labels.SERIES] = series
                place = self._place(name, table, column, series)
                self._service.script(f"adopting {name}", series, place.count(dates))
                self.refresh(name.dataset)
                state = self._by_date(name, series, label)
            else:
                state = TableState(
                    label.stamp,
                    labels.version(label),
                    table.num_rows or 0 if label.rows is None else label.rows,
                    first_time=label.first_time,
                    last_time=label.last_time,
                )
            table.description = adopted(table.description or "", label)
            self._listings.learn(name, self._service.relabel(table, labels.written(state) | marks))
        return state

    def unstamped(self, dataset: str) -> list[str]:
        """The tables of a dataset that others have made, as one listing tells.

        One whose stamp was taken away, or that a build of the product has begun to change, is none of them.
        """
        listed = self._listings.listed(dataset)
        return [table for table in self.states(dataset) if not labels.ours(listed[table])]

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

    def estimate(self, query: Query) -> int:
        """The bytes that a query would read; nothing is run, and it costs nothing."""
        return batches.estimated(self._service, query)

    # Inside

    def notices(self, dataset: str) -> tuple[str, ...]:
        return self._datasets.notices(dataset)

    def _make_dataset(self, dataset: str) -> None:
        self._datasets.prepare(dataset)

    def _make_stamps(self, dataset: str) -> None:
        if stamps.TABLE in self._listings.listed(dataset):
            return
        name = self._service.path(TableName(dataset, stamps.TABLE))
        table = bigquery.Table(name, schemas.fields(stamps.SCHEMA))
        table.clustering_fields = ["table_name"]
        table.description = "Stamps by date of the tables of this dataset. Rows are only ever added."
        self._service.make_table(table)
        self.refresh(dataset)

    def _compact_stamps(self, dataset: str) -> None:
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

    def _home(self, name: TableName, shape: sql.Shape, checks: TableChecks | None = None) -> TableName:
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

    def _settle(self, name: TableName, home: TableName, table: Any) -> None:
        """Put a table that was built beside in its place, and know it as it is now."""
        if home == name:
            self._listings.learn(name, table)
        else:
            self.refresh(name.dataset)
            key = digest("settle", str(name), claims.now(), secrets.token_hex(8))
            script = stamps.Script(sql.rename(self._service.projects, home, name))
            self._service.script(f"building {name}", key, script)

    def _key(self, kind: str, name: TableName, label: BuildInfo) -> str:
        return claims.job_key(kind, self._service, name, label.stamp, self._listings.find(name))

    def _place(self, name: TableName, table: Any, column: str, series: str) -> stamps.Place:
        schema = schemas.schema_of(table.schema)
        return stamps.Place(self._service.projects, name, schema[column], series, name.table)

    def _by_date(self, name: TableName, series: str, label: BuildInfo) -> TableState:
        dates = self._listings.series(name, series)
        rows = sum(one.rows for one in dates.values())
        return TableState(
            label.stamp, whole_version(dates), rows, partitioned=True, signature=label.signature
        )

    def _opened_storage(self) -> GcsStorage:
        if self._bucket is None:
            raise SettingsError(
                "loading into BigQuery goes through Cloud Storage: set gs_bucket of [storage]"
            )
        with self._opening:
            if self._storage is None:
                self._storage = self._bucket()
            return self._storage

    def _run_load(
        self,
        name: TableName,
        home: TableName,
        key: str,
        schema: Schema,
        files: Mapping[str, Staged],
        parquet: bool,
    ) -> Any:
        claim = claims.begin(self._service, home, key)

        def holds(job: Any) -> bool:
            table = self._service.find(home)
            if table is None:
                return False
            # A table that a load made has no labels until its run sets them.
            return claim.begun_by(key) or (not claim.said and table.created >= job.created)

        try:
            return self._service.load(home, key, list(files), schema, parquet, self._max_bad_rows, holds)
        except JobFailedError as failed:
            claim.undo(self._service, home)
            paths = {uri: one.path for uri, one in files.items()}
            explained = refused(f"loading {name}", failed)
            if isinstance(explained, UserError) and "reading data" not in failed.result.get("message", ""):
                raise explained from None
            raise load_error(name, failed.errors, paths) or explained from None

    def _loaded(self, name: TableName, job: Any, label: BuildInfo) -> int:
        rows = int(job.output_rows or 0)
        missing = 0 if label.rows is None else label.rows - rows
        if not 0 <= missing <= self._max_bad_rows:
            raise UserError(
                f"{name}: {label.rows} rows were expected, BigQuery loaded {rows}; the table is left without "
                "stamp. Rebuild its files and run again"
            )
        return rows
