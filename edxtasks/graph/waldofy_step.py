"""The step that sorts the weekly package into the directory of a course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edxtasks.config import required
from edxtasks.course import CourseKey
from edxtasks.dumps.package import Package, plan_package
from edxtasks.dumps.waldofy import pending
from edxtasks.graph.steps import JOBS, Run, Step
from edxtasks.graph.workers import Job
from edxtasks.tables.freshness import Standing


@dataclass
class Delivery:
    """The weekly package of a run, listed once. `known` are the courses whose files have a place."""

    run: Run
    known: Sequence[CourseKey]

    @cached_property
    def package(self) -> Package:
        """The package. Raises `UserError` when the folder cannot be one."""
        settings = self.run.context.settings
        base: Path = required(settings, "paths.course_sql_base_dir", Path)
        return plan_package(required(settings, "paths.dump_dir", Path), self.known, base)


class WaldofyStep(Step):
    """The files of one course of the package; with course None those that belong to no known course."""

    def __init__(self, run: Run, name: str, delivery: Delivery, course: CourseKey | None) -> None:
        super().__init__(run, name)
        self._delivery = delivery
        self.course = course

    def check(self) -> tuple[Standing, str]:
        package = self._delivery.package
        if (
            self.course is not None
            and not package.files.get(self.course)
            and not package.failed.get(self.course)
        ):
            return Standing.SKIPPED, f"{package.name} has no file of this course"
        reasons = pending(package, self.course, self.run.context.digests)
        if not reasons:
            return Standing.FRESH, ""
        return Standing.STALE, "; ".join(reasons[:3]) + (
            f" and {len(reasons) - 3} more" if reasons[3:] else ""
        )

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(f"{JOBS}:sort_package", (self.run.setting(), self._delivery.package, self.course, force))
