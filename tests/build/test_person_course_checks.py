"""person_course looked over after a build: every rule notices a row that breaks it, and no other does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from edxtasks.build.person_course import COLUMNS, look_over

NOON = datetime(2014, 10, 14, 12, tzinfo=UTC)
ONE = datetime(2014, 10, 14, 13, tzinfo=UTC)
ACTIVE: dict[str, Any] = {
    "user_id": 1,
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
IDLE = dict.fromkeys(COLUMNS) | {"user_id": 2, "viewed": False, "certified": False, "completed": False}


def test_rows_at_the_limits_break_no_rule() -> None:
    same_moment = ACTIVE | {"user_id": 3, "last_event": NOON, "nevents": 20, "n_dt": 0, "sum_dt": None}
    found = look_over([ACTIVE, IDLE, same_moment])
    assert (found.rows, dict(found.broken)) == (3, {})
    assert (found.without_address, found.certified_without_address) == (1, 0)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"completed": False}, "certified, and not completed"),
        ({"viewed": False}, "explored, and not viewed"),
        ({"nvideo": 4}, "nvideo is not nplay_video"),
        ({"nproblem_check": 21}, "nproblem_check is more than nevents"),
        ({"first_event": ONE, "last_event": NOON}, "first_event is after last_event"),
        ({"sum_dt": 1200.001}, "sum_dt is more than 300 s for each of n_dt gaps"),
    ],
)
def test_a_broken_rule_is_counted(change: dict[str, Any], rule: str) -> None:
    assert dict(look_over([ACTIVE, IDLE, ACTIVE | {"user_id": 3} | change]).broken) == {rule: 1}


def test_an_account_that_comes_twice_is_counted() -> None:
    found = look_over([ACTIVE, IDLE, ACTIVE, ACTIVE])
    assert dict(found.broken) == {"user_id is not the only one": 2}


def test_certified_learners_without_address_are_counted() -> None:
    found = look_over([ACTIVE | {"ip": None}, IDLE])
    assert (found.without_address, found.certified_without_address) == (2, 1)
