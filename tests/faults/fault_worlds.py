"""What all points of one engine share: projects to begin with, what is run, and what is to stand then."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from fault_points import Point
from fault_runs import Started
from project import Project
from standing import Standing, standing

from edxtasks.simulate import simulate


class World(ABC):
    """`room` is a folder for everything, `words` what each run is asked for, `expected` what stands after an
    undisturbed run; of what is `varying` two such runs have different bytes."""

    room: Path
    words: tuple[str, ...]
    expected: Standing
    varying: frozenset[str]

    @abstractmethod
    def project(self, one: Point, folder: Path) -> Project:
        """The project that a point begins with."""

    @abstractmethod
    def standing(self, project: Project) -> Standing:
        """What stands in a project."""

    def cut(self, one: Point, run: Started) -> str:
        """Cut the network; says for how long, "" where the run was over."""
        raise ValueError(f"there is no network to cut: {one}")


class Embedded(World):
    """What all points of the embedded engine share: projects to begin with, and what is to stand."""

    def __init__(self, room: Path, words: tuple[str, ...]) -> None:
        self.room = room
        self.words = words
        simulate(room / "campus", "tiny")
        raw = Project.create(room / "raw", room / "campus")
        split = raw.copy(room / "split")
        split.doit("waldofy")
        split.doit("split")
        tables = split.copy(room / "tables")
        tables.doit("-n", "2", *(word for word in words if word != "dashboard"))
        whole = tables.copy(room / "whole")
        whole.doit(*words)
        again = raw.copy(room / "again")
        again.doit("-n", "4", *words)
        self.starts = {"raw": raw, "split": split, "tables": tables, "whole": whole}
        self.expected = standing(whole.folder)
        other = standing(again.folder)
        self.varying = frozenset(
            name for name, digest in self.expected.items() if other.get(name) != digest and name in other
        )
        shutil.rmtree(again.folder)
        print(
            f"undisturbed: {len(self.expected)} files; two runs differ in: {sorted(self.varying)}", flush=True
        )

    def project(self, one: Point, folder: Path) -> Project:
        """The project that a point begins with."""
        start = "whole" if one.kind in {"flip", "clock"} and one.draw % 2 else one.start
        if one.kind == "flip" and start == "raw":
            start = "split"
        return self.starts[start].copy(folder)

    def standing(self, project: Project) -> Standing:
        """What stands in a project."""
        return standing(project.folder)
