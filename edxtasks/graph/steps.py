"""Steps: the objects behind the doit tasks. Each can look whether it is fresh, and do its work.

A step is both the `uptodate` check and the action of its task. Checks run in the parent, one at a time,
after everything that the task depends on has finished; work runs in a worker process.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.exceptions import TaskFailed

from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsent, UserError
from edxtasks.graph.jobs import Setting
from edxtasks.graph.shares import share, split_workers
from edxtasks.graph.workers import Job, Progress, TaskDefect, Workers
from edxtasks.tables.build import Built
from edxtasks.tables.context import Context
from edxtasks.tables.declaration import Table
from edxtasks.tables.freshness import Standing, Verdict, check
from edxtasks.tables.logs import check_log_days

JOBS = "edxtasks.graph.jobs"


class Run:
    """What the steps of one run share: the context, the workers, and how many tasks run side by side."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.workers = Workers()
        self.processes = 1
        self.forced: set[str] = set()
        self.progress: Callable[[str, int, int, str], None] = lambda task, done, of, unit: None

    def setting(self) -> Setting:
        """What a worker needs to know of this run."""
        context = self.context
        return Setting(
            context.settings,
            context.courses,
            share(context.settings, self.processes),
            context.digests.known(),
        )


class Step(ABC):
    """The check and the work of one task. `name` is the name of the task."""

    # doit asks for the signature of a check each time, which is slow; it takes this one instead.
    __signature__ = inspect.Signature()

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self.reason = ""
        self.standing: Standing | None = None
        self.built: Built | None = None
        self._fault: UserError | None = None

    def __repr__(self) -> str:
        return self.reason or "not looked at yet"

    def __call__(self) -> bool:
        """doit's check: whether there is nothing to do."""
        return self.look() is not Standing.STALE

    def look(self) -> Standing:
        """Check, and keep standing and reason."""
        self._fault = None
        try:
            self.standing, self.reason = self.check()
        except UserError as fault:
            self._fault = fault
            self.standing, self.reason = Standing.STALE, str(fault)
        if self.standing is Standing.FRESH and self.name in self.run.forced:
            self.standing, self.reason = Standing.STALE, "force_recompute"
        return self.standing

    def work(self) -> Any:
        """doit's action: do the work in a worker; the failure is what people are told."""
        if self._fault is not None:
            return TaskFailed(str(self._fault))
        try:
            result = self.run.workers.run(self.job(), self._tell)
            self.built = self.taken(result)
        except SourceAbsent as absent:
            self.standing, self.reason = Standing.SKIPPED, str(absent)
        except UserError as error:
            return TaskFailed(str(error))
        except TaskDefect as defect:
            return TaskFailed(f"a defect of edxtasks, please report it:\n{defect}")
        return True

    @property
    def _tell(self) -> Progress:
        return lambda done, of, unit: self.run.progress(self.name, done, of, unit)

    @abstractmethod
    def check(self) -> tuple[Standing, str]:
        """Standing and reason. Raises `UserError` where it cannot be told: the task then fails with it."""

    @abstractmethod
    def job(self) -> Job:
        """The work, for a worker."""

    def taken(self, result: Any) -> Built:
        """The result of the work; raises `UserError` where the work is a failure after all."""
        built: Built = result
        return built

    def refresh(self) -> None:  # noqa: B027 - a step need not have anything to look at again
        """Called in the parent when the work is done, before anything that depends on it is checked."""

    def clean(self) -> None:  # noqa: B027 - or anything to remove
        """Remove what the step makes, for `doit clean`."""

    def forget(self) -> bool:
        """Take the stamp away, for `doit forget`. False when there is none."""
        return False

    def targets(self) -> list[str]:
        """Files and folders that the step makes."""
        return []


class TableStep(Step):
    """A table of the registry, for one course where it is a course's."""

    def __init__(self, run: Run, name: str, table: Table, course: CourseKey | None) -> None:
        super().__init__(run, name)
        self.table = table
        self.course = course
        self.verdict: Verdict | None = None

    def check(self) -> tuple[Standing, str]:
        context = self.run.context
        self.verdict = verdict = check(context, self.table, self.course)
        if verdict.standing is Standing.FRESH and verdict.signature is not None:
            state = context.state(self.table, self.course)
            if state is not None and state.signature != verdict.signature:
                context.warehouse.note_signature(context.name(self.table, self.course), verdict.signature)
        return verdict.standing, verdict.reason

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(f"{JOBS}:build_table", (self.run.setting(), self.table.name, self.course, force))

    def refresh(self) -> None:
        self.run.context.warehouse.refresh(self.run.context.name(self.table, self.course).dataset)

    def clean(self) -> None:
        self.run.context.warehouse.drop(self.run.context.name(self.table, self.course))

    def forget(self) -> bool:
        return self.run.context.warehouse.forget(self.run.context.name(self.table, self.course))

    def targets(self) -> list[str]:
        name = self.run.context.name(self.table, self.course)
        location = self.run.context.warehouse.location(name, self.table.partition is not None)
        return [str(location)] if location is not None else []


class LogDaysStep(Step):
    """The log days of a course: a day table for every shard."""

    def __init__(self, run: Run, name: str, course: CourseKey) -> None:
        super().__init__(run, name)
        self.course = course

    def check(self) -> tuple[Standing, str]:
        context = self.run.context
        if context.settings.paths.tracking_logs_directory is None:
            return Standing.SKIPPED, "no tracking_logs_directory is set"
        verdict = check_log_days(context, self.course)
        if not verdict.fresh:
            return Standing.STALE, verdict.reason
        return (Standing.FRESH if verdict.days else Standing.SKIPPED), verdict.reason

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(f"{JOBS}:load_days", (self.run.setting(), self.course, force))

    def refresh(self) -> None:
        self.run.context.warehouse.refresh(self.course.logs_dataset)

    def clean(self) -> None:
        warehouse = self.run.context.warehouse
        for day in self.run.context.log_days(self.course):
            warehouse.drop(_name(self.course, day))

    def forget(self) -> bool:
        warehouse = self.run.context.warehouse
        forgotten = [
            warehouse.forget(_name(self.course, day)) for day in self.run.context.log_days(self.course)
        ]
        return any(forgotten)


def _name(course: CourseKey, day: str) -> Any:
    from edxtasks.warehouse.base import TableName

    return TableName(course.logs_dataset, day)


class SplitStep(Step):
    """The raw logs of this run: all of them are one task, since days are known only after reading."""

    def __init__(self, run: Run, name: str, patterns: list[str]) -> None:
        super().__init__(run, name)
        self._patterns = patterns
        self._paths: list[Path] = []

    def check(self) -> tuple[Standing, str]:
        from edxtasks.logs.split import expand, pending

        settings = self.run.context.settings
        forget = settings.options.forget
        if forget is not None:
            return Standing.STALE, f"forget={forget}"
        if not self._patterns:
            return Standing.SKIPPED, "no raw logs are named: neither tlfn= nor the setting tlfn"
        self._paths = expand(self._patterns, settings.root)
        waiting = pending(self._paths, self._options(), self.run.context.digests)
        if waiting:
            return Standing.STALE, f"{len(waiting)} of {len(self._paths)} raw logs to split"
        return Standing.FRESH, ""

    def _options(self) -> Any:
        from dataclasses import replace

        from edxtasks.logs.split import SplitOptions

        options = SplitOptions.from_settings(self.run.context.settings)
        return replace(options, workers=split_workers(self.run.context.settings))

    def job(self) -> Job:
        forget = self.run.context.settings.options.forget
        if forget is not None:
            return Job(f"{JOBS}:withdraw_logs", (forget, self._options()))
        return Job(f"{JOBS}:split_logs", (self._paths, self._options()))
