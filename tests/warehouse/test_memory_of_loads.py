"""Loads side by side take so much memory together, whatever the number of threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from edxtasks.config import Engine, Settings
from edxtasks.steps.resource_limits import share
from edxtasks.warehouse.base import BuildInfo, Loadable, ResourceLimits, TableName
from edxtasks.warehouse.duckdb_session import Session
from edxtasks.warehouse.parquet import ParquetWarehouse, loader
from edxtasks.warehouse.parquet.building import Builder
from edxtasks.warehouse.parquet.loader import memory_of_load
from edxtasks.warehouse.parquet.memory_budget import MemoryBudget
from edxtasks.warehouse.rows import ParquetFiles
from edxtasks.warehouse.schema import schema


class Watch:
    """Counts who is in a block, and how many were at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.inside = self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.02)  # so that the others come, if they may

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.inside -= 1


@pytest.mark.parametrize(
    ("needs", "most"), [([200] * 6, 2), ([500] * 3, 1), ([100] * 8, 4), ([200, 200, 150], 2)]
)
def test_who_needs_more_than_is_left_waits(needs: Sequence[int], most: int) -> None:
    budget, watch = MemoryBudget(400), Watch()

    def work(need: int) -> None:
        with budget.taken(need), watch:
            pass

    with ThreadPoolExecutor(len(needs)) as pool:
        list(pool.map(work, needs))
    assert 1 <= watch.most <= most


def test_what_failed_gives_its_memory_back() -> None:
    budget = MemoryBudget(400)
    for _ in range(3):
        with pytest.raises(KeyError), budget.taken(400):
            raise KeyError
    with budget.taken(400):
        pass


def test_a_load_of_many_rows_takes_the_same_however_many_they_are() -> None:
    assert memory_of_load(10_000_000) == memory_of_load(20_480) == 200
    assert memory_of_load(0) == 20
    assert memory_of_load(180) < 30
    assert 100 <= memory_of_load(2_048) <= 130


@pytest.mark.parametrize(("limits", "most"), [(ResourceLimits(8), 2), (ResourceLimits(8, "4GB", 4000), 8)])
def test_large_tables_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: ResourceLimits, most: int
) -> None:
    watch, write = Watch(), Builder.write

    def watched(self: Builder, *given: object) -> object:
        with watch:
            return write(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Builder, "write", watched)
    warehouse = ParquetWarehouse(tmp_path, limits)
    columns, rows = schema("n INTEGER -- n"), [{"n": 1}] * 21_000
    label = BuildInfo("s", version="v", rows=len(rows))

    def load(number: int) -> int:
        return warehouse.load(TableName("d", f"t{number}"), columns, rows, label).rows

    with warehouse.side_by_side(), ThreadPoolExecutor(warehouse.loads_at_once) as pool:
        assert list(pool.map(load, range(8))) == [21_000] * 8
    assert 1 <= watch.most <= most


def test_loads_take_what_a_person_gives_a_process_and_else_little() -> None:
    assert share(Settings(), 1).memory_of_loads == 400
    assert share(Settings(), 4).memory_of_loads == 400
    given = replace(Settings(), engine=Engine(memory_limit="3GiB"))
    assert share(given, 1) == replace(share(given, 1), memory_limit="3GiB", memory_of_loads=3000)
    assert share(replace(given, engine=Engine(memory_limit="250 MB")), 2).memory_of_loads == 250


@pytest.mark.parametrize(
    ("kind", "held"),
    [("rows of a known number", (400, 4)), ("rows", (256, 2)), ("files", (256, 2))],
)
def test_every_large_load_alone_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, held: tuple[int, int]
) -> None:
    """With fewer threads than there are: what they hold together grows with their number."""
    warehouse = ParquetWarehouse(tmp_path / "warehouse", ResourceLimits(8, "1GB"))
    columns, rows = schema("n INTEGER -- n"), [{"n": number} for number in range(10)]
    first = TableName("d", "first")
    warehouse.load(first, columns, rows, BuildInfo("s"))
    content: Loadable = rows
    if kind == "files":
        path = warehouse.location(first, partitioned=False)
        content = ParquetFiles((path,))
    label = BuildInfo("s", version="v", rows=10) if kind == "rows of a known number" else BuildInfo("s")
    asked: list[tuple[int, int]] = []
    hold = Session.hold_to

    def held_to(self: Session, megabytes: int, threads: int) -> bool:
        asked.append((megabytes, threads))
        return hold(self, megabytes, threads)

    monkeypatch.setattr(Session, "hold_to", held_to)
    monkeypatch.setattr(loader, "LARGE", 0)
    assert warehouse.load(TableName("d", "second"), columns, content, label).rows == 10
    assert asked == [held]
    found = warehouse.session.connection.execute(
        "SELECT current_setting('memory_limit'), current_setting('threads')"
    ).fetchone()
    assert found == ("953.6 MiB", 8)
