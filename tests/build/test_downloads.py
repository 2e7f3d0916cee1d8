"""Tables of other people as files: types that no table of ours has, views, tables that cannot be read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import duckdb
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import PROJECT, running

from edxtasks.build.downloads import Extract, Source, combine, extract, is_newer, save
from edxtasks.build.row_writers import RowFile
from edxtasks.errors import UserError
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service, stamps
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.parquet import ParquetWarehouse

NAME = TableName("theirs", "things")
SQL = """
SELECT 7::INTEGER AS small, 18446744073709551615::UBIGINT AS huge,
  1.50::DECIMAL(9, 2) AS price, 'a"b'::BLOB AS raw,
  TIMESTAMP '2020-01-02 03:04:05' AS local,
  [[1, 2], []] AS nested, {'at': TIMESTAMPTZ '2020-01-02 03:04:05+00', 'cost': 2.5::DECIMAL(9, 1)} AS item,
  TIMESTAMPTZ '2020-01-02 03:04:05.5+00' AS at, true AS "o.k"
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""


def found(warehouse: Warehouse, name: TableName) -> Extract:
    """A table that is there."""
    one = extract(Source(warehouse, name))
    assert one is not None
    return one


def test_types_that_no_table_of_ours_has_are_text(tmp_path: Path) -> None:
    """As their schema says, which tells them as STRING."""
    (tmp_path / "warehouse" / "theirs").mkdir(parents=True)
    path = tmp_path / "warehouse" / "theirs" / "things.parquet"
    duckdb.execute("SET TimeZone = 'UTC'")
    duckdb.execute(f"COPY ({SQL}) TO '{path}' (FORMAT parquet)")
    one = found(ParquetWarehouse(tmp_path / "warehouse"), NAME)
    types = ["STRING", "STRING", "STRING", "STRING", "STRING", "STRING", "RECORD", "TIMESTAMP", "BOOLEAN"]
    assert [column.type for column in one.schema] == types
    assert save(one, RowFile(tmp_path / "things.json", json=True)) == 2
    first, second = map(json.loads, (tmp_path / "things.json").read_text().splitlines())
    assert first == {
        "small": 7,
        "huge": "18446744073709551615",
        "price": "1.50",
        "raw": "YSJi",  # base64
        "local": "2020-01-02 03:04:05",
        "nested": "[[1,2],[]]",
        "item": {"at": "2020-01-02 03:04:05", "cost": "2.5"},
        "at": "2020-01-02 03:04:05.500000",
        "o.k": True,
    }
    assert second == dict.fromkeys(first)
    save(one, RowFile(tmp_path / "things.csv"))
    assert (tmp_path / "things.csv").read_text().splitlines()[1:] == [
        '7,18446744073709551615,1.50,YSJi,2020-01-02 03:04:05,"[[1,2],[]]",'
        '"{""at"":""2020-01-02 03:04:05"",""cost"":""2.5""}",2020-01-02 03:04:05.500000,true',
        ",,,,,,,,",
    ]


def test_types_and_views_of_bigquery(tmp_path: Path) -> None:
    service = Service(PROJECT, endpoint=running().bigquery)
    warehouse = BigQueryWarehouse(service, None, tmp_path / "locks")
    service.dataset("theirs")
    place = f"`{PROJECT}.theirs"
    select = (
        "SELECT 7 AS n, NUMERIC '1.123456789' AS price, b'a\"b' AS raw, "
        "DATETIME '2020-01-02 03:04:05' AS local, TIME '03:04:05' AS clock"
    )
    service.script("test", "table", stamps.Script(f"CREATE TABLE {place}.odd` AS {select}"))
    service.script(
        "test", "view", stamps.Script(f"CREATE VIEW {place}.view` AS SELECT n + 1 AS m FROM {place}.odd`")
    )
    save(found(warehouse, TableName("theirs", "odd")), RowFile(tmp_path / "odd.json", json=True))
    assert json.loads((tmp_path / "odd.json").read_text()) == {
        "n": 7,
        "price": "1.123456789",
        "raw": "YSJi",
        "local": "2020-01-02 03:04:05",
        "clock": "03:04:05",
    }
    save(found(warehouse, TableName("theirs", "view")), RowFile(tmp_path / "view.csv"))
    assert (tmp_path / "view.csv").read_text() == "m\n8\n"
    newest = tmp_path / "view.csv"
    os.utime(newest, (4_000_000_000, 4_000_000_000))
    assert is_newer(newest, [found(warehouse, TableName("theirs", "odd"))])
    assert not is_newer(newest, [found(warehouse, TableName("theirs", "view"))])
    assert dict(warehouse.table_types("theirs")) == {"odd": "TABLE", "view": "VIEW"}


def test_a_table_that_cannot_be_read_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "warehouse" / "theirs").mkdir(parents=True)
    path = tmp_path / "warehouse" / "theirs" / "things.parquet"
    duckdb.execute(f"COPY (SELECT md5(i::VARCHAR) AS a FROM range(100000) t(i)) TO '{path}' (FORMAT parquet)")
    warehouse = ParquetWarehouse(tmp_path / "warehouse")
    one = found(warehouse, NAME)
    content = bytearray(path.read_bytes())
    content[1000:200_000] = bytes(199_000)
    path.write_bytes(content)
    for file in ("one.csv", "all.csv"):
        (tmp_path / file).write_text("old")
    with pytest.raises(UserError, match="damaged"):
        save(one, RowFile(tmp_path / "one.csv"))
    with pytest.raises(UserError, match="damaged"):
        combine([one, one], RowFile(tmp_path / "all.csv"))
    assert {path.name: path.read_text() for path in tmp_path.glob("*.csv")} == {
        "one.csv": "old",
        "all.csv": "old",
    }
    assert not list(tmp_path.glob(".edxtasks-*"))
