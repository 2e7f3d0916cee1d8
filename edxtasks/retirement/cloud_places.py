"""The places of a learner at Google: tables of BigQuery and files of a bucket, and what is kept of both for
some time after they are gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from edxtasks.printable import printable
from edxtasks.retired import TABLES_BY_ID, Retired, is_about, of_row
from edxtasks.retirement.csv_files import clean_csv, is_csv
from edxtasks.retirement.looking import Looker
from edxtasks.retirement.removed import Made, Removed

if TYPE_CHECKING:
    from edxtasks.storage.gcs import GcsStorage, Version
    from edxtasks.warehouse.bigquery import BigQueryWarehouse
    from edxtasks.warehouse.bigquery.keeping import Kept

_ASIDE = "_edxtasks_aside_"
_CACHED = timedelta(hours=24)
"""How long BigQuery keeps the results of queries."""

Note = Callable[[str, datetime], None]
"""Told of what goes by itself, and when, before anything is removed: a run that is killed has said it."""


class CloudTables:
    """The tables of the projects, those of others too. `made` is what a run makes again; `note` is told what
    the history of a dataset keeps; `remove` False: it only looks."""

    def __init__(
        self, warehouse: BigQueryWarehouse, retired: Retired, made: Made, note: Note, remove: bool
    ) -> None:
        self._warehouse = warehouse
        self._project = warehouse.project_tables()
        self._retired = retired
        self._made = made
        self._note = note
        self._remove = remove

    def sweep(self, removed: Removed) -> None:
        """Look through all tables, and remove those that hold a learner and are made again."""
        with_rows = []
        for table in self._project.tables():
            if table.is_stamps or table.is_computed:
                continue  # no rows but of dates; none of its own
            if table.has_rows:
                with_rows.append(table)
            else:
                removed.left[printable(str(table))] = "its rows lie elsewhere, and were not looked through"
        # Two requests for each table, of which most hold few rows: it is the service that is waited for.
        with ThreadPoolExecutor(self._warehouse.loads_at_once) as pool:
            try:
                for table, is_about_one in zip(with_rows, pool.map(self._is_about, with_rows), strict=True):
                    if is_about_one:
                        self._sweep_one(table, removed)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _sweep_one(self, table: Kept, removed: Removed) -> None:
        shown = printable(str(table))
        is_aside = table.table.startswith(_ASIDE)
        plain = table.table.removeprefix(_ASIDE)
        again = table.is_ours and self._made.is_made_again(plain, table.stamp) and table.type == "TABLE"
        scratch = table.table.startswith("_edxtasks_") and not is_aside  # of a build that was broken off
        if self._remove and (again or scratch):
            self._tell_history(table)
            self._drop(table)
            if shown not in removed.tables:
                removed.tables.append(shown)
            return
        expires, is_streamed = self._project.details(table)
        what = "a table" if not self._remove else "which no run makes again: remove it, or its rows"
        if table.type == "SNAPSHOT":
            until = f"until {_day(expires)}" if expires is not None else "without end: remove it"
            what = f"a snapshot, kept {until}"
        if is_streamed:
            what += "; rows are streamed into it, and can be removed 90 minutes after they came"
        removed.left[shown] = what

    def _drop(self, table: Kept) -> None:
        name = table.name
        if name is None or table.table.startswith("_edxtasks_"):
            self._project.drop(table)
            return
        with self._warehouse.lock(name):
            self._warehouse.refresh(name.dataset)
            self._project.drop(table)
            self._warehouse.refresh(name.dataset)

    def _tell_history(self, table: Kept) -> None:
        from edxtasks.warehouse.bigquery.keeping import FAIL_SAFE

        now = datetime.now(UTC)
        travel = self._project.time_travel(table)
        dataset = printable(table.dataset)
        self._note(f"results of queries that BigQuery keeps, {printable(table.project)}", now + _CACHED)
        self._note(f"history (time travel) of the dataset {dataset}", now + travel)
        self._note(f"fail-safe of the dataset {dataset}, for Google alone", now + travel + FAIL_SAFE)

    def _is_about(self, table: Kept) -> bool:
        is_log_day = table.table.startswith("tracklog_")
        plain = table.table.removeprefix(_ASIDE)
        for row in self._project.rows(table):
            text = orjson.dumps(_plain(row), default=str)
            if not self._retired.hits(text) and plain not in TABLES_BY_ID:
                continue
            if is_log_day and of_row(text, self._retired)[0] is not text:
                return True
            if not is_log_day and is_about(orjson.loads(text), self._retired, plain):
                return True
        return False


def _plain(value: Any) -> Any:
    """A value of BigQuery as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


class BucketFiles:
    """The files of the bucket's folder, with all versions of them that are kept. `scratch` is a folder for
    what is fetched; `remove` False: it only looks."""

    def __init__(
        self,
        storage: GcsStorage,
        retired: Retired,
        looker: Looker,
        scratch: Path,
        note: Note,
        remove: bool,
    ) -> None:
        self._storage = storage
        self._retired = retired
        self._looker = looker
        self._scratch = scratch
        self._note = note
        self._remove = remove

    def sweep(self, removed: Removed) -> None:
        """Look through all versions of all files; remove those that hold a learner, of CSV the records."""
        for version in self._storage.versions():
            local = self._scratch / "file" / Path(*_safe(version.name))
            local.parent.mkdir(parents=True, exist_ok=True)
            try:
                if self._storage.get_version(version, local) and self._looker.is_about(local):
                    self._sweep_one(version, local, removed)
            finally:
                local.unlink(missing_ok=True)

    def _sweep_one(self, version: Version, local: Path, removed: Removed) -> None:
        shown = printable(f"{self._storage.where}/{version.name}")
        shown += "" if version.is_current else ", an older version"
        if not self._remove:
            removed.left[shown] = _kept(version) or "a file"
            return
        from edxtasks.storage.gcs import NotAllowedError

        self._tell_keeping()
        try:
            if version.is_current and is_csv(version.name) and not version.is_held:
                clean_csv(local, self._retired)
                self._storage.replace(local, version.name)
            erased = not version.is_held and self._storage.erase(version)
        except NotAllowedError:
            erased = False
        if erased:
            removed.files.append(shown)
        else:
            removed.left[shown] = ", ".join(filter(None, ("it cannot be removed", _kept(version))))

    def _tell_keeping(self) -> None:
        keeping = self._storage.keeping()
        if keeping.soft_delete:
            assumed = "" if keeping.is_known else " (as usual: the account may not ask)"
            what = f"what was deleted from {printable(self._storage.where)}, soft delete{assumed}"
            self._note(what, datetime.now(UTC) + keeping.soft_delete)


def _kept(version: Version) -> str:
    """Why a version stays, and until when."""
    if version.is_held:
        return "under a hold: release it first"
    if version.kept_until is not None and version.kept_until > datetime.now(UTC):
        return f"kept by retention until {_day(version.kept_until)}"
    return ""


def _safe(name: str) -> list[str]:
    """The parts of the name of a stored file as a path below a folder."""
    return [part for part in name.split("/") if part not in {"", ".", ".."}] or ["file"]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
