"""A prompt that stays open while runs build: each statement sees what stands then, and never half of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from edxtasks.scratch import Scratch
from edxtasks.shell.embedded import EmbeddedShell
from edxtasks.shell.results import StatementRefusedError
from edxtasks.warehouse.base import BuildInfo, Dates, Query, TableName, Tables
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

NUMBERS = schema("n INTEGER -- number")
WORDS = schema("n STRING -- word\nmore INTEGER -- more")
DAILY = schema("date DATE -- day\nn INTEGER -- number")
NAME, DAYS = TableName("campus", "numbers"), TableName("campus", "daily")


@pytest.fixture
def warehouse(tmp_path: Path) -> ParquetWarehouse:
    found = ParquetWarehouse(tmp_path / "warehouse")
    found.load(NAME, NUMBERS, [{"n": 1}, {"n": 2}], BuildInfo("one"))
    build_day(found, date(2031, 5, 31))
    return found


@pytest.fixture(params=["duckdb", "googlesql"])
def shell(
    request: pytest.FixtureRequest, warehouse: ParquetWarehouse, tmp_path: Path
) -> Iterator[EmbeddedShell]:
    opened = EmbeddedShell(warehouse.folder, Scratch([tmp_path / "scratch"]), request.param)
    yield opened
    opened.close()


def build_day(warehouse: ParquetWarehouse, day: date) -> None:
    sql = f"SELECT\n  DATE '{day}' AS date, -- DATE: day\n  n, -- INTEGER: number\nFROM numbers"
    work = Dates(Query(sql, {"numbers": Tables((NAME,), NUMBERS)}, {}, DAILY), {day: "s"})
    keep = [*warehouse.dates(DAYS)]
    warehouse.create_dates(DAYS, DAILY, "date", [work], keep, BuildInfo("s"))


def answer(shell: EmbeddedShell, statement: str) -> list[tuple[object, ...]]:
    result = shell.run(statement)
    assert result is not None
    return [tuple(row) for row in result.rows]


def test_what_is_built_beside_is_seen_by_the_next_statement(
    warehouse: ParquetWarehouse, shell: EmbeddedShell
) -> None:
    days = "SELECT COUNT(*) AS n, MAX(date) AS last FROM campus.daily"
    assert answer(shell, days) == [(2, date(2031, 5, 31))]
    assert answer(shell, "SELECT SUM(n) AS n FROM campus.numbers") == [(3,)]
    build_day(warehouse, date(2031, 6, 1))  # another file
    assert answer(shell, days) == [(4, date(2031, 6, 1))]
    warehouse.load(TableName("later", "numbers"), NUMBERS, [{"n": 7}], BuildInfo("s"))
    assert answer(shell, "SELECT n FROM later.numbers") == [(7,)]
    warehouse.load(NAME, WORDS, [{"n": "a", "more": 5}], BuildInfo("two"))  # other columns
    assert answer(shell, "SELECT n, more FROM campus.numbers") == [("a", 5)]
    warehouse.drop(NAME)
    with pytest.raises(StatementRefusedError):
        answer(shell, "SELECT n FROM campus.numbers")
    assert {one.name for one in shell.tables()} == {"campus.daily", "later.numbers"}


def test_a_reader_sees_the_table_before_or_after_each_build(
    warehouse: ParquetWarehouse, shell: EmbeddedShell
) -> None:
    """Builds of a thousand equal rows and more: no answer mixes two of them."""
    done = threading.Event()

    def build() -> None:
        for number in range(60):
            warehouse.load(
                NAME, NUMBERS, ({"n": number} for _ in range(1000 + number)), BuildInfo(f"{number}")
            )
        done.set()

    builder = threading.Thread(target=build)
    answer(shell, "SELECT COUNT(*) AS n FROM campus.numbers")
    builder.start()
    found = []
    while not done.is_set():
        found += answer(shell, "SELECT COUNT(*) AS n, MIN(n) AS low, MAX(n) AS high FROM campus.numbers")
    builder.join()
    assert all((n, low, high) == (2, 1, 2) or (n == 1000 + low and low == high) for n, low, high in found)  # type: ignore[operator]
    assert answer(shell, "SELECT MAX(n) AS n FROM campus.numbers") == [(59,)]
