"""The step that exports tables of a course as files for research."""

from __future__ import annotations

from edxtasks.build.freshness import Status
from edxtasks.build.research import to_export, to_remove
from edxtasks.course import CourseKey
from edxtasks.graph.steps import JOBS, Run, Step
from edxtasks.graph.workers import Job


class ResearchStep(Step):
    """The tables of a course that exist, as `<table>.csv.gz` in the storage."""

    def __init__(self, run: Run, name: str, course: CourseKey) -> None:
        super().__init__(run, name)
        self.course = course

    def check(self) -> tuple[Status, str]:
        stale, files = to_export(self.run.context, self.course)
        removed = to_remove(self.run.context, self.course)
        if removed:
            return Status.STALE, ", ".join([*stale, *(f"{name} is to go" for name in removed)])
        if not files:
            return Status.SKIPPED, "none of its tables exists"
        return (Status.STALE if stale else Status.FRESH), ", ".join(stale)

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(f"{JOBS}:export_research", (self.run.setting(), self.course, force))
