"""Datasets as somebody else may have made them: in another location, or with tables that expire."""

from __future__ import annotations

import threading
from typing import Any

from edxtasks.errors import SettingsError, UserError
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.bigquery.service import Service

_DAY = 86_400_000
"""Milliseconds."""


class Datasets:
    """The datasets in which a process builds; each is made or looked at once. Threads may share it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}
        self._notices: dict[str, tuple[str, ...]] = {}

    def prepare(self, dataset: str) -> None:
        """Make a dataset unless it is there. Raises `SettingsError` where it is in another location."""
        with self._lock:
            if dataset in self._known:
                return
            found = self._service.dataset(dataset)
            wanted = self._service.client.location
            if found.location and wanted and found.location.lower() != wanted.lower():
                raise SettingsError(
                    f"the dataset {dataset} is in the location {found.location}, but location of "
                    f'[warehouse] is "{wanted}": BigQuery reads no tables of two locations together. '
                    f'Set location = "{found.location}", or rebuild the dataset in {wanted}'
                )
            self._known[dataset] = found
            if found.default_table_expiration_ms:
                self._notices[dataset] = (
                    f"the dataset {dataset} lets new tables expire after "
                    f"{_days(found.default_table_expiration_ms)}: they vanish, and are built again. "
                    "Its default expiration is set in the Google Cloud console",
                )

    def refuse_expiring_dates(self, name: TableName) -> None:
        """Raises `UserError` where BigQuery would remove dates of a table by date when they are old enough.

        They are the dates of events: of a course of years ago nothing would be left.
        """
        table = self._service.find(name)
        partitioning = table.time_partitioning if table is not None else None
        with self._lock:
            if partitioning is not None:
                expires, whose = partitioning.expiration_ms, f"the table {name}"
            else:
                expires = self._known[name.dataset].default_partition_expiration_ms
                whose = f"the dataset {name.dataset}"
        if expires:
            raise UserError(
                f"{name}: {whose} removes partitions that are older than {_days(expires)}, and so the "
                "dates of all earlier events. Turn its partition expiration off"
            )

    def notices(self, dataset: str) -> tuple[str, ...]:
        """What people should know of a dataset; told once."""
        with self._lock:
            return self._notices.pop(dataset, ())


def _days(milliseconds: Any) -> str:
    days = int(milliseconds) / _DAY
    return f"{days:g} day{'' if days == 1 else 's'}"
