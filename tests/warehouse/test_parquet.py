"""The embedded engine against the suite of all warehouses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from suite import WarehouseSuite

from edxtasks.errors import InputError
from edxtasks.warehouse.base import BuildInfo, Query, TableName, Tables
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import JsonLines
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
    warehouse.load(name, schema("n INTEGER -- number"), content, BuildInfo("s"))
    path = warehouse.location(name, partitioned=False)
    assert duckdb.execute(f"SELECT DISTINCT compression FROM parquet_metadata('{path}')").fetchall() == [
        (codec,)
    ]
    assert [number for (number,) in warehouse.read(name)] == list(range(rows))


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    """As on BigQuery: NULL, an absent column and a list of nothing are the same, in every way in."""
    warehouse = ParquetWarehouse(tmp_path)
    name, other, lacking = (TableName("campus", table) for table in ("lists", "made", "lacking"))
    columns = schema("n INTEGER\ntags REPEATED STRING")
    warehouse.load(name, columns, [{"n": 1, "tags": None}, {"n": 2, "tags": []}, {"n": 3}], BuildInfo("s"))
    assert warehouse.states("campus")["lists"].rows == 3
    warehouse.load(lacking, schema("n INTEGER"), [{"n": 4}], BuildInfo("s"))
    both = Tables((name, lacking), columns, {lacking: frozenset({"tags"})})
    sql = "SELECT n, ARRAY_LENGTH(tags) AS l, CAST(NULL AS ARRAY<INT64>) AS z FROM lists"
    made = schema("n INTEGER\nl INTEGER\nz REPEATED INTEGER")
    warehouse.create(other, Query(sql, {"lists": both}, {}, made), BuildInfo("s"))
    assert sorted(warehouse.read(other)) == [(n, 0, []) for n in (1, 2, 3, 4)]


def test_a_null_in_a_list_is_refused(tmp_path: Path) -> None:
    """As on BigQuery; the message has the column and the file, no value."""
    warehouse = ParquetWarehouse(tmp_path / "warehouse")
    name = TableName("campus", "lists")
    columns = schema("n INTEGER\ntags REPEATED STRING")
    path = tmp_path / "lists.json"
    path.write_text('{"n":1,"tags":["secret",null]}\n')
    with pytest.raises(InputError) as caught:
        warehouse.load(name, columns, JsonLines((path,)), BuildInfo("s"))
    assert "tags: a NULL among the values of a REPEATED column" in str(caught.value)
    assert str(path) in str(caught.value)
    assert "secret" not in str(caught.value)
    assert warehouse.states("campus") == {}


def test_a_version_heeds_the_order_in_a_list(tmp_path: Path) -> None:
    warehouse = ParquetWarehouse(tmp_path)
    columns = schema("item REPEATED RECORD<a STRING, n INTEGER>")
    lists: list[list[dict[str, object]]] = [
        [{"a": "x", "n": 1}, {"a": "y", "n": 2}],
        [{"a": "y", "n": 2}, {"a": "x", "n": 1}],
        [{"a": "x", "n": 1}],
        [],
    ]
    versions = {
        warehouse.load(TableName("campus", "t"), columns, [{"item": item}], BuildInfo("s")).version
        for item in lists
    }
    assert len(versions) == len(lists)


def test_times_are_read_in_utc_wherever_the_machine_is(tmp_path: Path) -> None:
    code = f"""if True:
        from datetime import UTC, datetime
        from pathlib import Path
        from edxtasks.warehouse.base import BuildInfo, TableName
        from edxtasks.warehouse.parquet import ParquetWarehouse
        from edxtasks.warehouse.schema import schema
        warehouse = ParquetWarehouse(Path({str(tmp_path)!r}))
        name = TableName("campus", "events")
        row = {{"time": datetime(2014, 10, 1, 12, tzinfo=UTC)}}
        warehouse.load(name, schema("time TIMESTAMP -- when"), [row], BuildInfo("s"))
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
