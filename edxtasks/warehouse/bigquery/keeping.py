"""What BigQuery keeps of tables that are gone, and the rows of whatever table lies in a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from edxtasks.storage.cloud import told
from edxtasks.warehouse.base import NAME, TableName
from edxtasks.warehouse.bigquery import labels, stamps
from edxtasks.warehouse.bigquery.service import Service, listed_as

_USUAL_TIME_TRAVEL = 168
"""Hours, unless the owner of a dataset set another time."""

FAIL_SAFE = timedelta(days=7)
"""How long, after time travel, Google itself can still bring a table back."""

_PAGE = 10_000
_WITH_ROWS = ("TABLE", "SNAPSHOT", "CLONE")
_COMPUTED = ("VIEW", "MATERIALIZED_VIEW")


@dataclass(frozen=True)
class Kept:
    """A table as it lies in a project, whoever made it. `is_snapshot`: its rows cannot be changed.
    `expires`: when it goes by itself. `has_rows`: its rows are stored, and can be listed; `is_computed`: a
    view, which has none of its own."""

    dataset: str
    table: str
    project: str
    is_ours: bool
    stamp: str | None
    type: str

    @property
    def name(self) -> TableName | None:
        """The name, where it is one that the product would give."""
        fits = NAME.fullmatch(self.dataset) and NAME.fullmatch(self.table)
        return TableName(self.dataset, self.table) if fits else None

    @property
    def has_rows(self) -> bool:
        """Whether its rows are stored and can be listed."""
        return self.type in _WITH_ROWS

    @property
    def is_computed(self) -> bool:
        """Whether it is a view, which has no rows of its own."""
        return self.type in _COMPUTED

    @property
    def is_stamps(self) -> bool:
        """Whether it is the table of the stamps of a dataset."""
        return self.table == stamps.TABLE

    def __str__(self) -> str:
        return f"{self.dataset}.{self.table}"


class ProjectTables:
    """All tables of the projects that the warehouse builds in."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def tables(self) -> Iterator[Kept]:
        """Every table of every dataset."""
        client, retry = self._service.client, self._service.retry
        projects = self._service.projects
        for project in dict.fromkeys((projects.usual, projects.reports)):
            with told(f"listing {project}"):
                datasets = sorted(one.dataset_id for one in client.list_datasets(project, retry=retry))
            for dataset in datasets:
                with told(f"listing {dataset}"):
                    items = list(client.list_tables(f"{project}.{dataset}", retry=retry))
                for item in items:
                    listed = listed_as(item)
                    stamp = listed.labels.get(labels.STAMP)
                    yield Kept(dataset, item.table_id, project, labels.ours(listed), stamp, listed.type)

    def rows(self, table: Kept) -> Iterator[Mapping[str, Any]]:
        """The rows of a table, those too that were streamed in and are not stored yet. Nothing is asked by a
        query, which would keep what is looked for among the jobs of the project for half a year."""
        client, retry = self._service.client, self._service.retry
        with told(f"reading {table}"):
            found = client.get_table(self._path(table), retry=retry)
            for row in client.list_rows(found, page_size=_PAGE, retry=retry):
                yield dict(row.items())

    def drop(self, table: Kept) -> None:
        """Remove a table, whatever its name."""
        with told(f"removing {table}"):
            self._service.client.delete_table(self._path(table), retry=self._service.retry, not_found_ok=True)

    def details(self, table: Kept) -> tuple[datetime | None, bool]:
        """When a table goes by itself, and whether rows are being streamed into it."""
        with told(f"{table}"):
            found = self._service.client.get_table(self._path(table), retry=self._service.retry)
        return found.expires, found.streaming_buffer is not None

    def time_travel(self, table: Kept) -> timedelta:
        """How long the dataset of a table keeps what is removed for whoever asks for the past."""
        with told(f"the dataset {table.dataset}"):
            found = self._service.client.get_dataset(
                f"{table.project}.{table.dataset}", retry=self._service.retry
            )
        return timedelta(hours=int(found.max_time_travel_hours or _USUAL_TIME_TRAVEL))

    def _path(self, table: Kept) -> str:
        return f"{table.project}.{table.dataset}.{table.table}"


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)
