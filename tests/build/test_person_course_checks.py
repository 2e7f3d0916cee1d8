"""person_course looked over in a build: every rule notices a row that breaks it, and no other does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from product_registry import product_registry

from edxtasks.build.context import Context
from edxtasks.build.facts import facts_of
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.messages import Messages
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.checks import CheckFailedError, TableChecks
from edxtasks.warehouse.parquet import ParquetWarehouse

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


TABLE = product_registry()["person_course"]
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
    with pytest.raises(CheckFailedError, match="check one_person_per_username: broken by 2 of 3 rows"):
        broken(warehouse, ACTIVE, IDLE, other(3, username="ada"))


def test_what_is_said_of_a_build(tmp_path: Path) -> None:
    warehouse = ParquetWarehouse(tmp_path / "warehouse")
    course = CourseKey.parse("MITx/6.00x/2013")
    context = Context(Settings(root=tmp_path), product_registry(), warehouse, Digests())
    people = [ACTIVE | {"ip": None}, IDLE, other(3)]
    warehouse.load(TableName(course.dataset, TABLE.name), TABLE.schema, people, BuildInfo("s"))
    names = ["ada", "ada", "ada", "bob", "", None]
    accounts = [{"user_id": number, "username": name} for number, name in enumerate(names, 1)]
    columns = context.registry["user_info_combo"].schema
    warehouse.load(TableName(course.dataset, "user_info_combo"), columns, accounts, BuildInfo("s"))
    warnings = [
        "rows: 3; usernames in user_info_combo: 2",
        "records of user_info_combo left out, without username: 2",
        "records left out, since a newer account has the same username: 2",
    ]
    told = Messages()
    lines = facts_of(context, TABLE, course, told)
    assert told.lines == warnings
    assert lines[:3] == [f"Course: {course}", "Start: 2012-09-05. End: none", "SQL directory: none"]
    assert lines[4:6] == [
        "Chapters: not known",  # there is no course_facts
        "Warning: 2 of 3 rows have no ip, 1 of them certified",
    ]
    assert lines[6:9] == [f"Warning: {one}" for one in warnings]
    assert lines[9].startswith("Warning: no chapter_grades, ") or "course_facts" in lines[9]
