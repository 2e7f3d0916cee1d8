"""What is known of the tables of each dataset: one listing, and one query where stamps go by date."""

from __future__ import annotations

import threading
from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from edxtasks.warehouse.base import NAME, DateState, TableName, TableState, whole_version
from edxtasks.warehouse.bigquery import labels, stamps
from edxtasks.warehouse.bigquery.service import Service, listed_as


class Listings:
    """The tables of datasets as they stood when they were first asked for; kept until `refresh`.

    Threads may share it: log days are loaded side by side.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.RLock()
        self._listed: dict[str, dict[str, labels.Listed]] = {}
        self._states: dict[str, dict[str, TableState]] = {}
        self._dates: dict[str, stamps.Dates] = {}

    def refresh(self, dataset: str) -> None:
        """Forget what was listed of a dataset."""
        with self._lock:
            for known in (self._listed, self._states, self._dates):
                known.pop(dataset, None)

    def refresh_all(self) -> None:
        """Forget everything."""
        with self._lock:
            for known in (self._listed, self._states, self._dates):
                known.clear()

    def learn(self, name: TableName, table: Any) -> None:
        """Take a table of the client into what was listed of its dataset: this run has built it."""
        with self._lock:
            if name.dataset in self._listed:
                self._listed[name.dataset][name.table] = listed_as(table)
            self._states.pop(name.dataset, None)

    def listed(self, dataset: str) -> Mapping[str, labels.Listed]:
        """The tables of a dataset by name, also the private ones."""
        with self._lock:
            if dataset not in self._listed:
                self._listed[dataset] = self._service.tables(dataset)
            return self._listed[dataset]

    def find(self, name: TableName) -> labels.Listed | None:
        """A table as it was listed."""
        return self.listed(name.dataset).get(name.table)

    def states(self, dataset: str) -> Mapping[str, TableState]:
        """The states of the tables of a dataset by name."""
        with self._lock:
            if dataset not in self._states:
                self._states[dataset] = {
                    table: self._state(TableName(dataset, table), one)
                    for table, one in self.listed(dataset).items()
                    # A name that others chose may be none of ours: no query or path is made of it.
                    if not table.startswith(stamps.PRIVATE) and NAME.fullmatch(table)
                }
            return self._states[dataset]

    def types(self, dataset: str) -> Mapping[str, str]:
        """What the tables of a dataset are (`TABLE`, `VIEW`, …), by name, without the private ones."""
        return {
            table: one.type
            for table, one in self.listed(dataset).items()
            if not table.startswith(stamps.PRIVATE)
        }

    def dates(self, name: TableName) -> Mapping[date, DateState]:
        """The dates of a table, in order; {} where it has no stamps by date."""
        listed = self.find(name)
        if listed is None or labels.SERIES not in listed.labels:
            return {}
        return self.series(name, listed.labels[labels.SERIES])

    def series(self, name: TableName, series: str) -> Mapping[date, DateState]:
        """The dates of a series of a table."""
        return self._all_dates(name.dataset).get((name.table, series), {})

    def number_of_dates(self, dataset: str, series: Container[str]) -> int:
        """How many dates of these series of a dataset have stamps."""
        return sum(len(days) for (_, one), days in self._all_dates(dataset).items() if one in series)

    def _all_dates(self, dataset: str) -> stamps.Dates:
        with self._lock:
            if dataset not in self._dates:
                found: stamps.Dates = {}
                if stamps.TABLE in self.listed(dataset):
                    found = stamps.collected(
                        self._service.select(stamps.newest(self._service.projects, dataset))
                    )
                self._dates[dataset] = found
            return self._dates[dataset]

    def _state(self, name: TableName, listed: labels.Listed) -> TableState:
        state = labels.read(listed)
        if labels.SERIES in listed.labels and labels.VERSION not in listed.labels:
            # A build was broken off: what is known of the whole has to be taken from its dates.
            dates = self.dates(name)
            rows = sum(one.rows for one in dates.values())
            return TableState(state.stamp, whole_version(dates), rows, partitioned=True)
        if state.stamp is not None and labels.ROWS not in listed.labels:
            # A query brings its stamp along, its run counts the rows after: that run was broken off.
            table = self._service.find(name)
            return replace(state, rows=(table.num_rows or 0) if table is not None else 0)
        return state
