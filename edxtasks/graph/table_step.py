"""The step that makes one table of the registry."""

from __future__ import annotations

from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsent, UserError
from edxtasks.graph.steps import JOBS, Run, Step
from edxtasks.graph.workers import Job
from edxtasks.tables.declaration import Scope, Table
from edxtasks.tables.exports import files_beside
from edxtasks.tables.freshness import Standing, Verdict, check, outputs, sources_of


class TableStep(Step):
    """A table of the registry, for one course where it is a course's."""

    def __init__(
        self,
        run: Run,
        name: str,
        table: Table,
        course: CourseKey | None,
        as_it_stands: bool = False,
        demanded: bool = False,
    ) -> None:
        super().__init__(run, name)
        self._as_it_stands = as_it_stands
        self._demanded = demanded
        self.table = table
        self.course = course
        self.verdict: Verdict | None = None

    def check(self) -> tuple[Standing, str]:
        context = self.run.context
        if self._as_it_stands:
            exists = context.state(self.table, self.course) is not None
            return (Standing.FRESH if exists else Standing.SKIPPED), "taken as it stands"
        self.verdict = verdict = check(context, self.table, self.course)
        if verdict.lacks and self._demanded:
            raise UserError(self._nothing_to_make_it_from(verdict.lacks))
        if verdict.standing is Standing.FRESH and verdict.signature is not None:
            state = context.state(self.table, self.course)
            if state is not None and state.signature != verdict.signature:
                context.warehouse.note_signature(context.name(self.table, self.course), verdict.signature)
        return verdict.standing, verdict.reason

    def _nothing_to_make_it_from(self, name: str) -> str:
        context = self.run.context
        if name in context.registry and context.registry[name].scope is Scope.COURSE:
            return (
                f"none of the {len(context.courses)} chosen courses has a table {name}: "
                f"make it first (doit {name})"
            )
        return f"{name} does not exist: there is nothing to make this from"

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(f"{JOBS}:build_table", (self.run.setting(), self.table.name, self.course, force))

    def refresh(self) -> None:
        self.run.context.warehouse.refresh(self.run.context.name(self.table, self.course).dataset)

    def clean(self) -> None:
        self.run.context.warehouse.drop(self.run.context.name(self.table, self.course))
        for path in self._files():
            path.unlink(missing_ok=True)

    def removable(self) -> list[str]:
        context = self.run.context
        try:
            name = context.name(self.table, self.course)
        except UserError:
            return []  # without chosen courses there is no dataset for it
        state = context.warehouse.states(name.dataset).get(name.table)
        place = context.warehouse.location(name, state.partitioned) if state is not None else None
        there = [] if state is None else [str(place or name)]
        return there + [str(path) for path in self._files() if path.exists()]

    def forget(self) -> bool:
        return self.run.context.warehouse.forget(self.run.context.name(self.table, self.course))

    def targets(self) -> list[str]:
        context = self.run.context
        try:
            name = context.name(self.table, self.course)
        except UserError:
            return []  # without chosen courses there is no dataset for it
        location = context.warehouse.location(name, self.table.partition is not None)
        return [str(path) for path in [location, *self._files()] if path is not None]

    def _files(self) -> list[Path]:
        context = self.run.context
        try:
            beside = files_beside(context, self.table, self.course)
            return outputs(self.table, self.course, sources_of(context, self.table, self.course)) + beside
        except (SourceAbsent, UserError):
            return []  # what cannot be made has no files
