"""The step that makes one table of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edxtasks.build.build_table import WAS_SET_ASIDE, Built, build, refuse_vanished, set_aside
from edxtasks.build.exports import files_beside
from edxtasks.build.freshness import Status, Verdict, check, set_aside_before
from edxtasks.build.inputs import (
    NO_LOG_DAY,
    existing_inputs,
    has_anything,
    lacking_inputs,
    lacks_log_days,
    outputs,
    sources_of,
)
from edxtasks.course import CourseKey
from edxtasks.errors import NoDumpDirectory, NotDeliveredError, SourceAbsentError, UserError
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.step import Run, Size, Step
from edxtasks.table import Scope, Table
from edxtasks.workers import Job, Progress


@dataclass(frozen=True)
class Role:
    """What a table is to the run.

    `as_it_stands`: it is not looked at. `demanded`: a person named it, and it cannot be left out where there
    is nothing to make it from. `needed`: it is asked for, or what is asked for cannot be made without it.
    `only_for_groups`: only tables over courses are asked for. `in_part`: a table over all courses that is
    made of some, since there is none.
    """

    as_it_stands: bool = False
    demanded: bool = False
    needed: bool = True
    only_for_groups: bool = False
    in_part: bool = False


class TableStep(Step):
    """A table of the registry, for one course where it is a course's."""

    def __init__(
        self,
        run: Run,
        name: str,
        table: Table,
        course: CourseKey | None,
        role: Role | None = None,
    ) -> None:
        super().__init__(run, name)
        self._role = role or Role()
        self.table = table
        self.course = course
        self.verdict: Verdict | None = None
        self._expected: frozenset[str] = frozenset()

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        if self._role.as_it_stands:
            exists = context.state(self.table, self.course) is not None
            self._note(exists)
            return (Status.FRESH if exists else Status.SKIPPED), "taken as it stands"
        if self._role.only_for_groups and self.course is not None and not has_anything(context, self.course):
            return Status.SKIPPED, self._nothing_of_the_course()
        try:
            self.verdict = verdict = check(context, self.table, self.course)
        except NotDeliveredError as fault:
            return self._not_delivered(fault)
        if self.course in self.run.unsplit and lacks_log_days(context, self.table, self.course):
            return Status.SKIPPED, f"{NO_LOG_DAY}, and raw logs could not be split"
        if verdict.status is Status.SKIPPED and self._role.demanded:
            raise UserError(self._nothing_to_make_it_from(verdict))
        self._note(verdict.status is Status.FRESH)
        if verdict.status is not Status.FRESH or self.name in self.run.forced:
            refuse_vanished(lacking_inputs(context, self.table, self.course) & self.run.present)
            self._expected = existing_inputs(context, self.table, self.course)
        elif verdict.signature is not None:
            state = context.state(self.table, self.course)
            if state is not None and state.signature != verdict.signature:
                context.warehouse.note_signature(context.name(self.table, self.course), verdict.signature)
        suffix = WAS_SET_ASIDE if verdict.status is Status.SET_ASIDE else ""
        if self._role.in_part and verdict.status is Status.STALE:
            suffix = f"; made from the courses of this run alone ({len(context.courses)})"
        return verdict.status, f"{verdict.reason}{suffix}"

    def _note(self, present: bool) -> None:
        """Keep whether the table is there, for what reads it later in this run."""
        label = str(self.run.context.name(self.table, self.course))
        self.run.present.add(label) if present else self.run.present.discard(label)

    def _not_delivered(self, fault: NotDeliveredError) -> tuple[Status, str]:
        """A table that cannot be made without a source that is not there, and stays as it is: no failure
        where nothing that is asked for needs it."""
        without_dump = self._role.only_for_groups and isinstance(fault, NoDumpDirectory)
        if self._role.needed and not without_dump:
            raise fault
        exists = self.run.context.state(self.table, self.course) is not None
        self._note(exists)
        return Status.SKIPPED, f"{fault}{'; the table is read as it stands' if exists else ''}"

    def _nothing_of_the_course(self) -> str:
        """Why nothing of the course is made; "" where it was told already."""
        assert self.course is not None
        if self.course in self.run.nothing_of:
            return ""
        self.run.nothing_of.add(self.course)
        return f"there is no dump, no shard and no table of {self.course}: nothing of it is made"

    def _nothing_to_make_it_from(self, verdict: Verdict) -> str:
        context, name = self.run.context, verdict.lacks
        if not name:
            return verdict.reason
        if name in context.registry and context.registry[name].scope is Scope.COURSE:
            return f"no chosen course has a table {name}: make it first (doit {name})"
        typed = context.registry[name].task if name in context.registry else name
        return f"{typed} does not exist: there is nothing to make this from"

    def job(self) -> Job:
        what = (self.job_context(), self.table.name, self.course)
        if self.status is Status.SET_ASIDE:
            return Job(set_table_aside, what)
        return Job(build_table, (*what, self.name in self.run.forced, self._expected))

    def taken(self, result: Any) -> Built:
        if self.status is Status.SET_ASIDE:
            raise SourceAbsentError(self.reason)
        return super().taken(result)

    @property
    def exists(self) -> bool:
        return self.run.context.state(self.table, self.course) is not None

    @property
    def makes(self) -> str:
        try:
            return str(self.run.context.name(self.table, self.course))
        except UserError:
            return self.name  # without chosen courses there is no dataset for it

    def size(self) -> Size:
        context = self.run.context
        state = context.state(self.table, self.course)
        if state is None:
            return Size()
        name = context.name(self.table, self.course)
        stored = context.warehouse.bytes_of(name)
        if stored is None and self.built is not None and not self.built.already:
            info = context.warehouse.info(name)  # a request for each table: not for thousands that are fresh
            stored = info.bytes if info is not None else None
        return Size(state.rows, stored)

    def refresh(self) -> None:
        context = self.run.context
        context.warehouse.refresh(context.name(self.table, self.course).dataset)
        if self.built is not None:
            self._note(True)

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
        if set_aside_before(context, self.table, self.course) is not None:
            there.append(f"{name} (set aside)")
        return there + [str(path) for path in self._files() if path.exists()]

    def forget(self) -> bool:
        return self.run.context.warehouse.forget(self.run.context.name(self.table, self.course))

    def targets(self) -> list[str]:
        location = self.location
        return [*([str(location)] if location is not None else []), *self.files_written()]

    @property
    def location(self) -> Path | None:
        """The file or folder that the table is kept in; None where the engine has none for it."""
        context = self.run.context
        try:
            name = context.name(self.table, self.course)
        except (UserError, OSError):
            return None  # there is no dataset for it without chosen courses; or the check says what is wrong
        return context.warehouse.location(name, self.table.partition is not None)

    def files_written(self) -> list[str]:
        """The files that are written from the table."""
        return [str(path) for path in self._files()]

    def _files(self) -> list[Path]:
        context = self.run.context
        try:
            beside = files_beside(context, self.table, self.course)
            return outputs(self.table, self.course, sources_of(context, self.table, self.course)) + beside
        except (SourceAbsentError, UserError):
            return []  # what cannot be made has no files


def build_table(
    progress: Progress,
    job: JobContext,
    table: str,
    course: CourseKey | None,
    force: bool,
    expected: frozenset[str],
) -> Built:
    """Build one table of the registry."""
    context = context_of(job)
    context.warehouse.progress = progress
    try:
        return build(context, context.registry[table], course, force, expected)
    finally:
        context.warehouse.progress = None


def set_table_aside(progress: Progress, job: JobContext, table: str, course: CourseKey | None) -> None:
    """Set aside a table of the registry that has nothing to be made from any more."""
    context = context_of(job)
    set_aside(context, context.registry[table], course)
