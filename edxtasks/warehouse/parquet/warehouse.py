"""The embedded warehouse behind the interface of all warehouses: each of its methods is done by the module of
its subject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edxtasks.csv_text import TextForm
from edxtasks.locks import Lock
from edxtasks.scratch import PLACE, PRIVATE, Scratch
from edxtasks.warehouse.base import (
    BuildInfo,
    Dates,
    DateState,
    Integrity,
    Loadable,
    Query,
    ResourceLimits,
    TableInfo,
    TableName,
    TableState,
)
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.parquet.aside import Aside
from edxtasks.warehouse.parquet.building import Builder
from edxtasks.warehouse.parquet.folder import WarehouseFolder
from edxtasks.warehouse.parquet.loader import MEMORY_OF_LOAD, Loader
from edxtasks.warehouse.parquet.notes import TableNotes
from edxtasks.warehouse.parquet.owners import Owners
from edxtasks.warehouse.parquet.reading import Reader
from edxtasks.warehouse.parquet.seals import is_sealed
from edxtasks.warehouse.schema import Schema

if TYPE_CHECKING:
    from edxtasks.warehouse.checks import Counts, TableChecks
    from edxtasks.warehouse.duckdb_session import Session


_TICK = 0.02
"""Seconds by which the clock of files may be behind that of notes: the system sets it a hundred times a
second, or more often."""


class ParquetWarehouse(Warehouse):
    """Tables as Parquet files below one folder.

    `share` is what this process may take of the machine, `scratch` where it may keep files while it works;
    without one, below the folder.
    """

    days_in_query = None

    def __init__(
        self, folder: Path, share: ResourceLimits | None = None, scratch: Scratch | None = None
    ) -> None:
        share = share or ResourceLimits()
        scratch = scratch or Scratch((folder / PRIVATE / PLACE,))
        self.folder = folder
        self.where = str(folder)
        self.loads_at_once = share.at_once(MEMORY_OF_LOAD)
        self._folder = WarehouseFolder(folder)
        self._notes = TableNotes(self._folder)
        self._owners = Owners(self._folder)
        self._reader = Reader(self._folder, share, scratch)
        self._builder = Builder(self._folder, self._reader, self._notes)
        self._loader = Loader(self._reader, self._builder, scratch, share.memory_of_loads)

    # Listing

    def states(self, dataset: str) -> Mapping[str, TableState]:
        return self._folder.listing(dataset).states

    def refresh(self, dataset: str) -> None:
        self._folder.refresh(dataset)

    def refresh_all(self) -> None:
        self._folder.refresh_all()

    def dates(self, name: TableName) -> Mapping[date, DateState]:
        return self._folder.listing(name.dataset).dates(name.table)

    def note_signature(self, name: TableName, signature: str) -> None:
        listing = self._folder.listing(name.dataset)
        listing.note_signature(name.table, signature)

    def save_listings(self) -> None:
        self._folder.save()

    def datasets(self) -> list[str]:
        return self._folder.datasets()

    def has_dataset(self, dataset: str) -> bool:
        return dataset in self.datasets()

    def remarks(self) -> list[str]:
        return self._folder.remarks() + self._notes.remarks() + self._owners.remarks()

    def info(self, name: TableName) -> TableInfo | None:
        state = self.states(name.dataset).get(name.table)
        if state is None:
            return None
        status = [path.stat() for path in self._folder.files(name)]
        modified = max(one.st_mtime for one in status)
        created = self._notes.created(name) or min(one.st_mtime for one in status)
        if modified < created < modified + _TICK:
            modified = created
        return TableInfo(
            rows=state.rows,
            bytes=sum(one.st_size for one in status),
            created=created,
            modified=modified,
            schema=self.schema(name),
            description=self._notes.description(name),
        )

    def columns(self, name: TableName) -> Schema | None:
        return self.schema(name) if name.table in self.states(name.dataset) else None

    def bytes_of(self, name: TableName) -> int | None:
        if name.table not in self.states(name.dataset):
            return None
        return sum(path.stat().st_size for path in self._folder.files(name))

    def location(self, name: TableName, partitioned: bool) -> Path:
        return self._folder.place(name, partitioned)

    # Building

    def lock(self, name: TableName) -> AbstractContextManager[object]:
        return Lock(self._folder.private(name.dataset) / f"{name.table}.lock", str(name), self.tell_waiting)

    def load(
        self,
        name: TableName,
        schema: Schema,
        content: Loadable,
        label: BuildInfo,
        checks: TableChecks | None = None,
    ) -> TableState:
        with self._noted(name, label):
            return self._loader.load(name, schema, content, label, checks)

    def side_by_side(self) -> AbstractContextManager[object]:
        return self.session.side_by_side()

    def create(
        self, name: TableName, query: Query, label: BuildInfo, checks: TableChecks | None = None
    ) -> TableState:
        with self._noted(name, label):
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
        with self._noted(name, label):
            return self._builder.create_dates(name, schema, column, work, keep, label, checks, self.progress)

    @contextmanager
    def _noted(self, name: TableName, label: BuildInfo) -> Iterator[None]:
        """A block that builds a table: it is noted, and what is known of its dataset is listed anew."""
        with self._notes.of_a_build(name, label):
            yield
        self._folder.refresh(name.dataset)

    def forget(self, name: TableName) -> bool:
        return self._builder.forget(name)

    def drop(self, name: TableName) -> bool:
        files = self._folder.files(name)
        for path in files:
            path.unlink(missing_ok=True)
        self._folder.remove_if_empty(name)
        self._notes.remove(name)
        self.drop_aside(name)
        self.refresh(name.dataset)
        return bool(files)

    # Notes beside tables

    def parts(self, name: TableName) -> Mapping[str, str]:
        return self._notes.parts(name)

    def describe(self, name: TableName, description: str) -> None:
        self._notes.describe(name, description)

    def note_checks(self, name: TableName, digest: str, results: Sequence[Mapping[str, Any]]) -> None:
        self._notes.note_checks(name, digest, results)

    def checked(self, name: TableName) -> str | None:
        return self._notes.checked(name)

    def check_results(self, name: TableName) -> Sequence[Mapping[str, Any]]:
        return self._notes.check_results(name)

    # Whether they are as they were written

    def verify(self, name: TableName) -> Integrity:
        return Integrity(
            self._reader.changed(name),
            self._notes.damage(name),
            all(map(is_sealed, self._folder.files(name))),
        )

    # Whose tables they are

    def other_owner(self, dataset: str, owner: str) -> str | None:
        noted = self._owners.owner(dataset)
        return None if noted == owner else noted

    def note_owner(self, dataset: str, owner: str) -> None:
        self._owners.note(dataset, owner)

    def built_here(self, name: TableName) -> bool:
        return self._folder.listing(name.dataset).ours(name.table)

    # Setting aside

    def set_aside(self, name: TableName) -> bool:
        done = self._aside_of(name).keep(name.table)
        self.refresh(name.dataset)
        return done

    def aside(self, dataset: str) -> Mapping[str, TableState]:
        return self._folder.aside(dataset)

    def take_back(self, name: TableName) -> bool:
        done = self._aside_of(name).take_back(name.table)
        self.refresh(name.dataset)
        return done

    def drop_aside(self, name: TableName) -> bool:
        done = self._aside_of(name).drop(name.table)
        if done:
            self.refresh(name.dataset)
        return done

    def _aside_of(self, name: TableName) -> Aside:
        return Aside(self.folder / name.dataset)

    # Reading

    def schema(self, name: TableName) -> Schema:
        """The columns of a table as its file declares them."""
        return self._reader.schema(name)

    def read(
        self, name: TableName, columns: Sequence[str] | None = None, ordered: bool = False
    ) -> Iterator[tuple[object, ...]]:
        return self._reader.rows(name, columns, ordered)

    def texts(
        self, name: TableName, schema: Schema, forms: Sequence[TextForm], ordered: bool = False
    ) -> Iterator[tuple[int, tuple[bytes, ...]]] | None:
        return self._reader.texts(name, schema, forms, ordered)

    def count(self, query: Query) -> Counts:
        return self._reader.first_row(query)

    def select(self, query: Query) -> list[tuple[object, ...]]:
        return self._reader.all_rows(query)

    def relation(self, *names: TableName) -> str:
        """DuckDB SQL that reads a table, or several together with columns matched by name."""
        return self._reader.relation(*names)

    @property
    def session(self) -> Session:
        """The DuckDB of this process, made when it is first needed."""
        return self._reader.session
