"""The embedded engine against the suite of all warehouses."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import WarehouseSuite

from edxtasks.warehouse.parquet import ParquetWarehouse


class TestParquet(WarehouseSuite):
    """Parquet files computed by DuckDB."""

    @pytest.fixture
    def warehouse(self, tmp_path: Path) -> ParquetWarehouse:
        """A warehouse in a folder of its own."""
        return ParquetWarehouse(tmp_path / "warehouse")

    @pytest.fixture
    def other(self, tmp_path: Path) -> ParquetWarehouse:
        """The same folder as another process sees it."""
        return ParquetWarehouse(tmp_path / "warehouse")
