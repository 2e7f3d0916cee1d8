"""How the dates of a table are cut into queries: no query reads more log days than it may."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from product_registry import product_registry

from edxtasks.build import table_queries
from edxtasks.build.table_queries import _chunks
from edxtasks.table import ALL_EARLIER, SqlModel, Table
from edxtasks.warehouse import base
from edxtasks.warehouse.schema import schema

FIRST = date(2013, 1, 30)
DAYS = [FIRST + timedelta(days=number) for number in range(5)]
DAILY = schema("date DATE -- the day")


def table(lookback: timedelta) -> Table:
    return Table("t", "c", DAILY, SqlModel("", ""), partition="date", lookback=lookback)


def cut(days: list[date], lookback: timedelta, most: int | None) -> list[int]:
    """How many dates each query makes; all dates are in one of them, in order."""
    parts = list(_chunks(days, table(lookback), most))
    assert [day for part in parts for day in part] == days
    return [len(part) for part in parts]


def test_without_a_limit_dates_are_cut_by_month() -> None:
    assert cut(DAYS, timedelta(0), None) == [2, 3]  # 30th and 31st, 1st to 3rd


def test_a_query_makes_the_dates_of_so_many_days() -> None:
    assert cut(DAYS, timedelta(0), 2) == [2, 2, 1]
    gap = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=400)]
    assert cut(gap, timedelta(0), 200) == [2, 1]


def test_a_query_that_looks_back_over_all_dates_is_not_cut_by_days() -> None:
    assert cut(DAYS, ALL_EARLIER, 2) == [5]
    assert cut(DAYS, ALL_EARLIER, None) == [5]


@pytest.mark.parametrize("lookback", [ALL_EARLIER, timedelta(0)])
def test_no_query_makes_more_dates_than_bigquery_changes_partitions(
    lookback: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert base.MOST_DATES <= 4_000  # partitions that BigQuery changes in a job
    monkeypatch.setattr(table_queries, "MOST_DATES", 2)
    assert cut(DAYS, lookback, 100) == [2, 2, 1]


def test_nothing_to_build_is_no_query() -> None:
    assert cut([], ALL_EARLIER, 5) == []


def test_no_model_looks_back_over_all_log_days() -> None:
    """Those that look back over everything read a table by date, which is one table to a query."""
    found = {one.name: list(one.inputs) for one in product_registry().values() if one.lookback == ALL_EARLIER}
    assert found == {"pcday_trlang_counts": ["pcday_trlang_events"]}
