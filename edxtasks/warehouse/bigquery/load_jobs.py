"""Loading tables of BigQuery: files go to Cloud Storage, a load job takes them from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edxtasks.errors import SettingsError, UserError
from edxtasks.printable import quantity
from edxtasks.scratch import Scratch
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import BuildInfo, Loadable, TableName, TableState
from edxtasks.warehouse.bigquery import claims, labels, sql
from edxtasks.warehouse.bigquery.building import Builder
from edxtasks.warehouse.bigquery.datasets import Datasets
from edxtasks.warehouse.bigquery.descriptions import described
from edxtasks.warehouse.bigquery.jobs import JobFailedError
from edxtasks.warehouse.bigquery.sent import Sent, domain_of
from edxtasks.warehouse.bigquery.service import Service, refused
from edxtasks.warehouse.bigquery.staged_files import load_error, staged
from edxtasks.warehouse.checks import TableChecks
from edxtasks.warehouse.rows import ParquetFiles
from edxtasks.warehouse.schema import Schema


class Loader:
    """Loads tables of a project. `bucket` gives the storage of the files, of whose rows a load may refuse
    `max_bad_rows`; files of rows lie in `scratch` on their way. `locks` is the folder of the locks that keep
    runs apart."""

    def __init__(
        self,
        service: Service,
        datasets: Datasets,
        builder: Builder,
        bucket: Callable[[], GcsStorage] | None,
        scratch: Scratch,
        max_bad_rows: int,
        locks: Path,
    ) -> None:
        self._domain = domain_of(locks)
        self._service = service
        self._datasets = datasets
        self._builder = builder
        self._bucket = bucket
        self._storage: GcsStorage | None = None
        self._opening = threading.Lock()
        self._scratch = scratch
        self._max_bad_rows = max_bad_rows

    def load(
        self,
        name: TableName,
        schema: Schema,
        content: Loadable,
        label: BuildInfo,
        checks: TableChecks | None,
    ) -> TableState:
        """As `Warehouse.load` says."""
        began = time.monotonic()
        self._datasets.prepare(name.dataset)
        storage = self._opened_storage()
        sent = Sent(storage, name, self._domain, label.stamp)
        with self._scratch.folder() as folder, sent:
            for one in staged(name, schema, content, sent.beginning, folder):
                sent.send(one)
            home = self._builder.home(name, sql.Shape(), checks)
            key = self._builder.key("load", name, label)
            job = self._run_load(name, home, key, schema, sent, isinstance(content, ParquetFiles))
            sent.remove()  # before the table has its stamp, after which no run would look for it
            state = TableState(
                label.stamp,
                labels.version(label),
                self._loaded(name, job, label),
                first_time=label.first_time,
                last_time=label.last_time,
                event_dates=label.event_dates,
            )
            self._builder.look_over(checks, home, schema)
            about = f"Loaded from {', '.join(sorted(sent.files))}"
            description = described(label, about, began, job.input_file_bytes)
            table = claims.end(self._service, home, key, state, description)
            self._builder.settle(name, home, table)
        return state

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
        sent: Sent,
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
            return self._service.load(home, key, list(sent.files), schema, parquet, self._max_bad_rows, holds)
        except JobFailedError as failed:
            claim.undo(self._service, home)
            if (gone := sent.gone()) is not None:
                raise gone from None
            paths = {uri: one.path for uri, one in sent.files.items()}
            explained = refused(f"loading {name}", failed)
            if isinstance(explained, UserError) and "reading data" not in failed.result.get("message", ""):
                raise explained from None
            raise load_error(name, failed.errors, paths) or explained from None

    def _loaded(self, name: TableName, job: Any, label: BuildInfo) -> int:
        rows = int(job.output_rows or 0)
        missing = 0 if label.rows is None else label.rows - rows
        if not 0 <= missing <= self._max_bad_rows:
            raise UserError(
                f"{name}: {quantity(label.rows or 0, 'row was', 'rows were')} expected, BigQuery loaded "
                f"{rows}; the table is left without "
                "stamp. Rebuild its files and run again"
            )
        return rows
