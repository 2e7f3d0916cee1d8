"""The embedded warehouse as a catalog for people: every dataset a schema, every table a view."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import duckdb

from edxtasks.errors import UserError, from_machine
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.duckdb_session import spill_folder
from edxtasks.warehouse.duckdb_sql import quoted
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.refusals import machine_fault

LOG_DAYS = "tracklog_"
ALL_DAYS = "tracklog"
"""The view of a dataset of log days in which they are all together."""

_NAMES = re.compile(r"\w+")
_OF_THE_CATALOG = re.compile(
    r"\b(?:information_schema|sqlite_master|duckdb_\w+|pg_\w+|show\b|pragma\b)", re.IGNORECASE
)
"""What asks which views there are."""


_Content = tuple[str, tuple[tuple[str, str], ...]]
"""The SQL of a view; version and fault of each of its tables."""


class Views:
    """A DuckDB connection in memory in which the tables below a folder are views; UTC.

    Views are made when they are wanted: making one reads a file, and a warehouse may have 100 000 tables.
    In a dataset with day tables the view `tracklog` is all of them together. What cannot be read has no
    view; `remarks` says so, and what else lies there that is not a table, in lines for people. Runs beside
    this make tables, months and days, and remove some: before each statement the datasets that it names are
    listed again (`refresh`), and views of other files than before are made anew.
    """

    def __init__(self, folder: Path, scratch: Scratch) -> None:
        """`scratch` is for what does not fit in memory; it is closed when the connection goes."""
        self._warehouse = ParquetWarehouse(folder, scratch=scratch)
        self.connection = duckdb.connect(config={"temp_directory": spill_folder(scratch)})
        weakref.finalize(self.connection, scratch.close)
        self.connection.execute("SET TimeZone = 'UTC'")
        self.remarks: list[str] = []
        self._tables: dict[str, dict[str, tuple[str, ...]]] = {}
        self._made: dict[tuple[str, str], _Content] = {}
        self._unlisted: set[str] = set()
        self._list(self._warehouse.datasets())
        self._words: set[str] = set()
        self.remarks += self._warehouse.remarks()
        # What is known to be damaged is told at once.
        for dataset, views in self._tables.items():
            states = self._warehouse.states(dataset)
            self._make_all(dataset, [view for view, of in views.items() if any(states[t].fault for t in of)])

    @property
    def tables(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """The tables behind each view, by dataset and name of the view."""
        return self._tables

    def rows(self, dataset: str, view: str) -> int:
        """How many rows a view has, as the files say."""
        states = self._warehouse.states(dataset)
        return sum(states[table].rows for table in self._tables[dataset][view])

    def refresh(self, wanted: Callable[[str], bool] = lambda dataset: True) -> None:
        """Look again at which tables the datasets that are wanted have, and at their files."""
        datasets = [dataset for dataset in self._warehouse.datasets() if wanted(dataset)]
        for dataset in datasets:
            self._warehouse.refresh(dataset)
        for dataset in [one for one in self._tables if wanted(one) and one not in datasets]:
            del self._tables[dataset]
        self._list(datasets)

    def make_all(self) -> None:
        """Make the views of all tables."""
        self.refresh()
        for dataset, views in self._tables.items():
            self._make_all(dataset, views)

    def make_for(self, statement: str) -> None:
        """Make the views that a statement may read: those whose two names stand in it, or in one before (a
        `USE` may name the dataset), and all where it asks which there are."""
        if _OF_THE_CATALOG.search(statement):
            self.make_all()
            return
        self._words |= {word.lower() for word in _NAMES.findall(statement)}
        self.refresh(lambda dataset: dataset.lower() in self._words)
        for dataset, views in self._tables.items():
            if dataset.lower() in self._words:
                self._make_all(dataset, [view for view in views if view.lower() in self._words])

    def sql(self, dataset: str, view: str) -> str:
        """DuckDB SQL that reads what a view is of. Raises `UserError`."""
        return self._warehouse.relation(*(TableName(dataset, one) for one in self._tables[dataset][view]))

    def _list(self, datasets: Collection[str]) -> None:
        """Take down which tables there are; views of those that are gone, or others now, go."""
        for dataset in datasets:
            try:
                if dataset not in self._tables:
                    self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(dataset)}")
                states = self._warehouse.states(dataset)
            except (OSError, UserError, duckdb.Error) as error:
                if dataset not in self._unlisted:
                    self._unlisted.add(dataset)
                    self.remarks.append(f"{dataset} has no views: {from_machine(error) or error}")
                self._tables.pop(dataset, None)
                continue
            views: dict[str, tuple[str, ...]] = {table: (table,) for table in states}
            if days := tuple(table for table in states if table.startswith(LOG_DAYS)):
                views[ALL_DAYS] = days
            self._tables[dataset] = views
        for (dataset, view), content in list(self._made.items()):
            if (dataset in datasets or dataset not in self._tables) and content != self._content(
                dataset, view
            ):
                self.connection.execute(f"DROP VIEW IF EXISTS {quoted(f'{dataset}.{view}')}")
                del self._made[dataset, view]

    def _content(self, dataset: str, view: str) -> _Content | None:
        """What tells whether a view is still right; None where it is of nothing."""
        if view not in self._tables.get(dataset, {}):
            return None
        states = self._warehouse.states(dataset)
        tables = self._tables[dataset][view]
        return self.sql(dataset, view), tuple((states[one].version, states[one].fault) for one in tables)

    def _make_all(self, dataset: str, views: Collection[str]) -> None:
        for view in views:
            if (dataset, view) not in self._made and (content := self._content(dataset, view)) is not None:
                self._made[dataset, view] = content
                self._make(dataset, view)

    def _make(self, dataset: str, view: str) -> None:
        tables = self._tables[dataset][view]
        try:
            name = quoted(f"{dataset}.{view}")
            self.connection.execute(f"CREATE VIEW {name} AS {self.sql(dataset, view)}")
        except (UserError, duckdb.Error) as error:
            states = self._warehouse.states(dataset)
            faults = [states[table].fault for table in tables if states[table].fault]
            known = str(error) if isinstance(error, UserError) else str(machine_fault(error) or "")
            why = faults[0] if faults else known or type(error).__name__
            self.remarks.append(f"{dataset}.{view} has no view, since it cannot be read: {why}")


def open_views(folder: Path, scratch: Scratch) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """The connection of `Views` with the views of all tables, and its remarks."""
    views = Views(folder, scratch)
    views.make_all()
    return views.connection, views.remarks
