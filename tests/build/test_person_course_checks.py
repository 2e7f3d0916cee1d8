"""person_course looked over in a build: every rule notices a row that breaks it, and no other does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from edxtasks.build.person_course import ACCOUNTS, PEOPLE
from edxtasks.build.registry import read_registry
from edxtasks.warehouse.base import BuildInfo, Query, TableName, Tables
from edxtasks.warehouse.checks import CheckFailedError, TableChecks
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

NOON = datetime(2014, 10, 14, 12, tzinfo=UTC)
ONE = datetime(2014, 10, 14, 13, tzinfo=UTC)
ACTIVE: dict[str, Any] = {
    "user_id": 1,
    "username": "ada",
    "viewed": True,
    "explored": True,
    "certified": True,
    "completed": True,
    "ip": "192.0.2.1",
    "first_event": NOON,
    "last_event": ONE,
    "nevents": 20,
    "nplay_video": 3,
    "nvideo": 3,
    "nproblem_check": 20,
    "n_dt": 4,
    "sum_dt": 1200.0,
}
IDLE: dict[str, Any] = {
    "user_id": 2,
    "username": "bob",
    "viewed": False,
    "certified": False,
    "completed": False,
}


TABLE = read_registry(None)["person_course"]
NAME = TableName("campus", "person_course")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> ParquetWarehouse:
    """Where the rows of a test go."""
    return ParquetWarehouse(tmp_path_factory.mktemp("checks") / "warehouse")


def other(user_id: int, **change: Any) -> dict[str, Any]:
    """An active learner more."""
    return ACTIVE | {"user_id": user_id, "username": f"user{user_id}"} | change


def broken(warehouse: ParquetWarehouse, *rows: Mapping[str, Any]) -> dict[str, int]:
    """How many rows break a check, by check."""
    assert TABLE.fault == ""
    checks = TableChecks(TABLE.name, TABLE.key, TABLE.checks)
    warehouse.load(NAME, TABLE.schema, [dict(row) for row in rows], BuildInfo("s"), checks)
    assert {one.rows for one in checks.findings} == {len(rows)}
    return {one.check.name: one.broken for one in checks.findings if one.broken}


def test_rows_at_the_limits_break_no_rule(warehouse: ParquetWarehouse) -> None:
    same_moment = other(3, last_event=NOON, nevents=20, n_dt=0, sum_dt=None)
    assert broken(warehouse, ACTIVE, IDLE, same_moment) == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"completed": False}, "certified_is_completed"),
        ({"completed": None}, "certified_is_completed"),
        ({"viewed": False}, "explored_is_viewed"),
        ({"nvideo": 4}, "nvideo_is_nplay_video"),
        ({"nvideo": None}, "nvideo_is_nplay_video"),
        ({"nproblem_check": 21}, "problem_checks_are_events"),
        ({"first_event": ONE, "last_event": NOON}, "first_event_is_not_after_last"),
        ({"sum_dt": 1200.001}, "gaps_of_at_most_300_seconds"),
        ({"grade": 1.01}, "grade_in_range"),
    ],
)
def test_a_broken_rule_is_counted(warehouse: ParquetWarehouse, change: dict[str, Any], rule: str) -> None:
    assert broken(warehouse, ACTIVE, IDLE, other(3, **change)) == {rule: 1}


def test_an_account_that_comes_twice_is_refused(warehouse: ParquetWarehouse) -> None:
    with pytest.raises(CheckFailedError, match=r"one row for each user_id .* several for 1 of them: 3 rows"):
        broken(warehouse, ACTIVE, IDLE, other(1), other(1))


def test_two_persons_of_one_username_are_refused(warehouse: ParquetWarehouse) -> None:
    nameless = [other(number, username=name) for number, name in enumerate(["", "", None, None], 5)]
    assert broken(warehouse, ACTIVE, *nameless) == {}
    with pytest.raises(CheckFailedError, match="check one_person_per_username: 2 of 3 rows break it"):
        broken(warehouse, ACTIVE, IDLE, other(3, username="ada"))


def test_certified_learners_without_address_are_counted(warehouse: ParquetWarehouse) -> None:
    broken(warehouse, ACTIVE | {"ip": None}, IDLE, other(3))
    assert counted(warehouse, PEOPLE, "person_course", NAME) == (3, 2, 1)


def test_accounts_without_username_and_of_the_same_are_counted(warehouse: ParquetWarehouse) -> None:
    accounts = TableName("campus", "user_info_combo")
    names = ["ada", "ada", "ada", "bob", "", None]
    columns = schema("username STRING -- who")
    warehouse.load(accounts, columns, [{"username": name} for name in names], BuildInfo("s"))
    assert counted(warehouse, ACCOUNTS, "user_info_combo", accounts) == (2, 2, 4)


def counted(warehouse: ParquetWarehouse, sql: str, name: str, table: TableName) -> tuple[int, ...]:
    source = Tables((table,), warehouse.schema(table))
    counts = schema("a INTEGER -- n\nb INTEGER -- n\nc INTEGER -- n")
    return tuple(warehouse.count(Query(sql, {name: source}, {}, counts)))
