"""`doit delete_empty_tables`: only tables without rows, only in the log dataset."""

from __future__ import annotations

from pathlib import Path

import duckdb
from doit_process import doit

from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

COLUMNS = schema("x INTEGER -- a number")
LOGS, OTHER = "MITx__6_00x__1T2014_logs", "MITx__6_00x__1T2014"


def test_empty_log_tables_go(tmp_path: Path) -> None:
    warehouse = ParquetWarehouse(tmp_path / "warehouse")
    for dataset, table, rows in (
        (LOGS, "tracklog_20140101", 0),
        (LOGS, "tracklog_20140102", 1),
        (LOGS, "tracklog_20140103", 0),
        (OTHER, "forum", 0),
    ):
        warehouse.load(TableName(dataset, table), COLUMNS, [{"x": 1}] * rows, BuildInfo("stamp"))
    course = "MITx/6.00x/1T2014"

    def tables(dataset: str) -> set[str]:
        return {path.stem for path in (tmp_path / "warehouse" / dataset).glob("*.parquet")}

    ended = doit(tmp_path, "delete_empty_tables", course, "--skiprun")
    assert ended.lines == [f"would delete {LOGS}.tracklog_20140101", f"would delete {LOGS}.tracklog_20140103"]
    assert len(tables(LOGS)) == 3
    ended = doit(tmp_path, "delete_empty_tables", "A/B/C", course)
    assert ended.lines == [f"deleting {LOGS}.tracklog_20140101", f"deleting {LOGS}.tracklog_20140103"]
    assert "A/B/C: there is no dataset A__B__C_logs" in ended.err
    assert tables(LOGS) == {"tracklog_20140102"}
    assert tables(OTHER) == {"forum"}
    ended = doit(tmp_path, "delete_empty_tables", course)
    assert ended.lines == []
    assert f"{course}: no table of {LOGS} is empty" in ended.err


def test_tables_of_somebody_else_and_damaged_ones_are_counted_by_what_they_hold(tmp_path: Path) -> None:
    logs = tmp_path / "warehouse" / LOGS
    logs.mkdir(parents=True)
    for day, rows in ((1, 3), (2, 0)):
        path = logs / f"tracklog_2014010{day}.parquet"
        duckdb.execute(f"COPY (SELECT i AS x FROM range({rows}) AS t(i)) TO '{path}' (FORMAT parquet)")
    (logs / "tracklog_20140103.parquet").write_bytes(b"was a table once")
    ended = doit(tmp_path, "delete_empty_tables", "MITx/6.00x/1T2014")
    assert ended.lines == [f"deleting {LOGS}.tracklog_20140102"]
    assert f"{LOGS}.tracklog_20140103 is left as it is" in ended.err
    assert len(list(logs.glob("*.parquet"))) == 2


def test_the_tables_of_another_course_are_left_alone(tmp_path: Path) -> None:
    warehouse = ParquetWarehouse(tmp_path / "warehouse")
    warehouse.load(TableName(LOGS, "tracklog_20140101"), COLUMNS, [], BuildInfo("stamp"))
    warehouse.note_owner(LOGS, "MITx/6_00x/1T2014 (tracking log)")
    ended = doit(tmp_path, "delete_empty_tables", "MITx/6.00x/1T2014", status=1)
    assert "MITx/6_00x/1T2014" in ended.err and "MITx/6.00x/1T2014" in ended.err
    assert (tmp_path / "warehouse" / LOGS / "tracklog_20140101.parquet").exists()
