"""BigQuery against the suite of all warehouses, on emulators."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import BUCKET, PROJECT, running
from suite import WarehouseSuite

from edxtasks.storage.cloud import Patience
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service

PATIENCE = Patience(initial=0.05, maximum=0.2, deadline=5.0, jobs=2)


class TestBigQuery(WarehouseSuite):
    """Tables of BigQuery, loaded through Cloud Storage."""

    @pytest.fixture
    def warehouse(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BigQueryWarehouse:
        """A warehouse on the emulators."""
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
        return _open(tmp_path)

    @pytest.fixture
    def other(self, warehouse: BigQueryWarehouse, tmp_path: Path) -> BigQueryWarehouse:
        """The same project as another process sees it."""
        return _open(tmp_path)

    def check_refusal(self, message: str, path: Path) -> None:
        """The emulator does not say which line it refused."""
        assert str(path) in message


def _open(folder: Path) -> BigQueryWarehouse:
    service = Service(PROJECT, endpoint=running().bigquery, patience=PATIENCE)
    place = f"gs://{BUCKET}/folder"
    return BigQueryWarehouse(
        service, lambda: GcsStorage(place, PROJECT, patience=PATIENCE), folder / "locks", days_in_query=200
    )
