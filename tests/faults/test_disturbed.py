"""A short sample of `disturb.py`, whose 200 points are run by hand: a killed run, and what it sees."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from disturb import disturb
from fault_points import EMBEDDED, EMULATORS, WEIGHTS, point
from fault_runs import Length
from fault_worlds import World
from project import Project
from standing import Standing, differences, standing, unfinished

SEED = 19


class OneTable(World):
    """A built project of which one table of one course is to be built again."""

    def __init__(self, room: Path, built: Project) -> None:
        self.room = room
        self.words = (f"pc_forum:{built.courses[0]}",)
        self.varying = frozenset()
        self._built = built
        self._whole = standing(built.copy(room / "whole").folder)

    def project(self, one: object, folder: Path) -> Project:
        project = self._built.copy(folder)
        project.doit("forget", *self.words)
        return project

    def expected(self, one: object) -> Standing:
        return self._whole

    def length(self, one: object) -> Length:
        return Length(1, 3.0, 0)

    def standing(self, project: Project) -> Standing:
        return standing(project.folder)


def test_a_sample(built_once: Project, tmp_path: Path) -> None:
    world = OneTable(tmp_path, built_once)
    one = next(
        found
        for found in (point(SEED, number, kinds=("kill",)) for number in range(200))
        if found.target == "all" and 0.6 < found.delay < 0.8
    )
    assert disturb(one, world).faults == []


def test_points_are_the_same_for_the_same_seed() -> None:
    points = [point(SEED, number) for number in range(200)]
    assert points == [point(SEED, number) for number in range(200)]
    assert points != [point(SEED + 1, number) for number in range(200)]
    assert {one.kind for one in points} == WEIGHTS.keys() - {"network"}
    assert {one.processes for one in points} == {1, 4}
    assert {one.kind for one in (point(SEED, n, EMULATORS) for n in range(200))} == WEIGHTS.keys()
    with pytest.raises(ValueError, match="no kind of network for embedded: expected "):
        point(SEED, 0, EMBEDDED, ("network",))


def test_what_differs_is_found(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("one")
    (tmp_path / "gone").write_text("two")
    (tmp_path / "LOGS" / "PARTS" / "a.log.0123abcd").mkdir(parents=True)
    (tmp_path / "LOGS" / "PARTS" / "a.log.0123abcd" / "0").write_text("rows")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "note").write_text("of a run")
    before = standing(tmp_path)
    assert set(before) == {"table", "gone", "LOGS/PARTS/a.log/0"}
    (tmp_path / "gone").unlink()
    (tmp_path / "LOGS" / "PARTS" / "a.log.0123abcd").rename(tmp_path / "LOGS" / "PARTS" / "a.log.4567abcd")
    (tmp_path / "table").write_text("One")
    (tmp_path / ".edxtasks-1").touch()
    after = standing(tmp_path)
    assert differences(before, after) == ["missing: gone", "left over: .edxtasks-1", "different: table"]
    assert differences(before, after, frozenset({"table"})) == ["missing: gone", "left over: .edxtasks-1"]
    assert unfinished(tmp_path) == [str(tmp_path / ".edxtasks-1")]
