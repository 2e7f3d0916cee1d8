"""What all points of one engine share: projects to begin with, what is run, and what is to stand then."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from fault_kinds import bytes_below
from fault_points import Point
from fault_runs import Length, Started
from project import Project
from standing import Standing, names_of, standing

from edxtasks.simulate import simulate

OF_PAGES = ("dashboard", "minimum_cell=1")
"""Words that make pages; an option that nothing of a run heeds is refused."""


class World(ABC):
    """`room` is a folder for everything, `words` what runs are asked for; of what is `varying` two
    undisturbed runs have different bytes."""

    room: Path
    words: tuple[str, ...]
    varying: frozenset[str]

    @abstractmethod
    def project(self, one: Point, folder: Path) -> Project:
        """The project that a point begins with."""

    @abstractmethod
    def expected(self, one: Point) -> Standing:
        """What stands after an undisturbed run from where a point begins."""

    @abstractmethod
    def length(self, one: Point) -> Length:
        """How long an undisturbed run is from where a point begins."""

    def line(self, one: Point) -> tuple[str, ...]:
        """What the runs of a point are asked for."""
        return self.words

    def came_out(self, one: Point, well: bool) -> None:  # noqa: B027 - most keep nothing from point to point
        """Called when a point is done."""

    @abstractmethod
    def standing(self, project: Project) -> Standing:
        """What stands in a project."""

    def names_of(self, project: Project, path: Path) -> set[str]:
        """The names under which the content of a file stands."""
        return names_of(project.folder, path)

    def cut(self, one: Point, run: Started, length: Length) -> str:
        """Cut the network; says for how long, "" where the run was over."""
        raise ValueError(f"there is no network to cut: {one}")


def measured(project: Project, words: tuple[str, ...]) -> Length:
    """Run a line, undisturbed, and measure it."""
    before = bytes_below(project.folder)
    outcome = project.doit(*words)
    return Length(len(outcome.built), outcome.seconds, bytes_below(project.folder) - before)


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
        tables.doit("-n", "2", *(word for word in words if word not in OF_PAGES))
        whole, again, once_more = (
            start.copy(room / name) for start, name in ((tables, "whole"), (raw, "again"), (split, "more"))
        )
        self._lengths = {
            "tables": measured(whole, words),
            "raw": measured(again, ("-n", "4", *words)),
            "split": measured(once_more, ("-n", "4", *words)),
        }
        self.starts = {"raw": raw, "split": split, "tables": tables, "whole": whole}
        self._whole, self._from_raw = standing(whole.folder), standing(again.folder)
        self.varying = frozenset(
            name for name in self._whole.keys() & self._from_raw if self._whole[name] != self._from_raw[name]
        )
        shutil.rmtree(again.folder)
        shutil.rmtree(once_more.folder)
        print(f"undisturbed: {len(self._whole)} files; two runs differ in: {sorted(self.varying)}")
        print(f"    {self._lengths}", flush=True)

    def project(self, one: Point, folder: Path) -> Project:
        """The project that a point begins with."""
        return self.starts[self._start(one)].copy(folder)

    def expected(self, one: Point) -> Standing:
        return self._from_raw if self._start(one) == "raw" else self._whole

    def length(self, one: Point) -> Length:
        return self._lengths[one.start]

    def _start(self, one: Point) -> str:
        if one.kind in {"flip", "times"} and one.draw % 2:
            return "whole"
        return "split" if one.kind == "flip" and one.start == "raw" else one.start

    def standing(self, project: Project) -> Standing:
        """What stands in a project."""
        return standing(project.folder)
