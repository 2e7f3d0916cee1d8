"""The embedded engine against the suite of all warehouses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from suite import WarehouseSuite

from edxtasks.warehouse.base import Label, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema


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


@pytest.mark.parametrize(("rows", "codec"), [(1, "SNAPPY"), (500, "SNAPPY"), (501, "ZSTD")])
def test_few_rows_are_compressed_the_quick_way(tmp_path: Path, rows: int, codec: str) -> None:
    warehouse = ParquetWarehouse(tmp_path)
    name = TableName("campus", "numbers")
    content = [{"n": number} for number in range(rows)]
    warehouse.load(name, schema("n INTEGER -- number"), content, Label("s"))
    path = warehouse.location(name, partitioned=False)
    assert duckdb.execute(f"SELECT DISTINCT compression FROM parquet_metadata('{path}')").fetchall() == [
        (codec,)
    ]
    assert [number for (number,) in warehouse.read(name)] == list(range(rows))


def test_times_are_read_in_utc_wherever_the_machine_is(tmp_path: Path) -> None:
    code = f"""if True:
        from datetime import UTC, datetime
        from pathlib import Path
        from edxtasks.warehouse.base import Label, TableName
        from edxtasks.warehouse.parquet import ParquetWarehouse
        from edxtasks.warehouse.schema import schema
        warehouse = ParquetWarehouse(Path({str(tmp_path)!r}))
        name = TableName("campus", "events")
        row = {{"time": datetime(2014, 10, 1, 12, tzinfo=UTC)}}
        warehouse.load(name, schema("time TIMESTAMP -- when"), [row], Label("s"))
        print(*[time.isoformat() for (time,) in warehouse.read(name)])
    """
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TZ": "America/New_York"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "2014-10-01T12:00:00+00:00\n"
