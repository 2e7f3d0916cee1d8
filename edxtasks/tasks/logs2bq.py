"""`logs2bq`: the log days of a course, a day table `tracklog_YYYYMMDD` for every shard."""

from __future__ import annotations

from edxtasks.build.adoption import Adopting, adopt_log_days
from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.build.log_days import check_log_days, load_log_days
from edxtasks.course import CourseKey
from edxtasks.printable import quantity
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.made import DAY_TABLES, SHARD, STORED_SHARD, Made
from edxtasks.steps.step import Taken
from edxtasks.steps.task import CourseStep, Registry, Task
from edxtasks.table import TRACKLOG, Need
from edxtasks.warehouse.base import TableName
from edxtasks.workers import Job, Progress


class LogDaysStep(CourseStep):
    """The log days of a course: a day table for every shard."""

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        if context.settings.paths.tracking_logs_directory is None:
            return Status.SKIPPED, "no tracking_logs_directory is set"
        if self.failed_inputs:
            self.run.unsplit.add(self.course)
        verdict = check_log_days(context, self.course)
        self._note()
        if not verdict.fresh:
            return Status.STALE, verdict.reason
        return (Status.FRESH if verdict.days else Status.SKIPPED), verdict.reason

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(load_days, (self.job_context(), self.course, force))

    @property
    def exists(self) -> bool:
        return bool(self.run.context.log_days(self.course))

    def adopt(self, warehouse: Adopting) -> Taken:
        if self.run.context.settings.paths.tracking_logs_directory is None:
            return Taken()
        return Taken(*adopt_log_days(self.run.context, warehouse, self.course))

    def refresh(self) -> None:
        self.run.context.warehouse.refresh(self.course.logs_dataset)
        self._note()

    def _note(self) -> None:
        """Keep whether there are log days, for what reads them later in this run."""
        label = self.course.logs_dataset
        present = bool(self.run.context.log_days(self.course))
        self.run.present.add(label) if present else self.run.present.discard(label)

    def clean(self) -> None:
        warehouse = self.run.context.warehouse
        for day in self.run.context.log_days(self.course):
            warehouse.drop(TableName(self.course.logs_dataset, day))

    def removable(self) -> list[str]:
        days = list(self.run.context.log_days(self.course))
        tables = (
            f"{self.course.logs_dataset}.{days[0]} … {days[-1]} ({quantity(len(days), 'table')})"
            if days
            else ""
        )
        return [tables] if days else []

    def forget(self) -> bool:
        warehouse = self.run.context.warehouse
        forgotten = [
            warehouse.forget(TableName(self.course.logs_dataset, day))
            for day in self.run.context.log_days(self.course)
        ]
        return any(forgotten)


def load_days(progress: Progress, job: JobContext, course: CourseKey, force: bool) -> Built:
    """Load the log days of a course that are stale."""
    rows, days, messages = load_log_days(
        context_of(job), course, force, lambda done, of: progress(done, of, "days")
    )
    return Built(rows, days, messages=messages)


def _made(registry: Registry) -> list[Made]:
    return [Made("day", (DAY_TABLES,), {STORED_SHARD: Need.OPTIONAL, SHARD: Need.OPTIONAL})]


TASK = Task(
    made=_made,
    text="load shards into day tables tracklog_YYYYMMDD",
    step=LogDaysStep,
    member_of="daily_logs, nightly, doall unless skip_log_loading, weekly unless skip_log_loading",
    follows=("logs2gs",),
    needs={"split": Need.OPTIONAL},
    options=("not_before",),
    makes=TRACKLOG,
)
