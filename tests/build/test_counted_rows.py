"""Rows on their way to a table are counted, and nothing else happens to them."""

from __future__ import annotations

import pytest

from edxtasks.build import python_tables
from edxtasks.build.python_tables import counted


def test_rows_pass_and_are_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python_tables, "_SECONDS_BETWEEN", 0.0)
    told: list[tuple[int, int, str]] = []
    rows = [{"n": number} for number in range(2500)]
    passed = list(counted(iter(rows), lambda done, of, unit: told.append((done, of, unit))))
    assert passed == rows
    assert told == [(1024, 0, "rows"), (2048, 0, "rows")]


def test_few_rows_are_not_told() -> None:
    assert list(counted(iter([{"n": 1}]), lambda done, of, unit: pytest.fail("told"))) == [{"n": 1}]
