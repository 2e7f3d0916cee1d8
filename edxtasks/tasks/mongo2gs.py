"""`mongo2gs`: shards of tracking logs that are kept in an office's MongoDB.

No table depends on it: the database is asked when somebody asks for it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.build.log_days import log_directory, stored_shards
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.made import SHARD, STORED_SHARD, Made
from edxtasks.steps.task import CourseStep, Registry, Task, TaskOfRun
from edxtasks.table import Need
from edxtasks.workers import Job, Progress


class MongoLogsStep(CourseStep):
    """The days of a course whose tracking logs are in a MongoDB: a shard each."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of)
        self._days: list[date] = []

    def check(self) -> tuple[Status, str]:
        from edxtasks.logs.mongo_days import unfinished, window  # few offices have a MongoDB

        context = self.run.context
        days = window(context.settings, datetime.now(UTC).date())
        if not days:
            return Status.SKIPPED, "there is no day from start_date up to end_date, which is not included"
        directory = log_directory(context.settings)
        self._days = unfinished(self.course, days, directory, stored_shards(context, self.course))
        if self.name in self.run.forced:
            self._days = days
        if not self._days:
            return Status.FRESH, ""
        between = f"{days[0]} to {days[-1]}"
        return (
            Status.STALE,
            f"{len(self._days)} of {quantity(len(days), 'day has', 'days have')} no shard: {between}",
        )

    def job(self) -> Job:
        again = self.name in self.run.forced
        return Job(fetch_log_days, (self.job_context(), self.course, self._days, again))


def fetch_log_days(
    progress: Progress, job: JobContext, course: CourseKey, days: list[date], again: bool
) -> Built:
    """Make shards of the documents of a MongoDB, and copy them to storage."""
    from edxtasks.logs.mongo_days import MongoLogs, fetch_days

    messages = Messages()
    rows, fetched = fetch_days(
        course,
        days,
        MongoLogs.from_settings(job.settings),
        stored_shards(context_of(job), course),
        messages,
        again,
        lambda done, of: progress(done, of, "days"),
    )
    return Built(rows, fetched, messages=messages)


def _made(registry: Registry) -> list[Made]:
    return [Made("day", (SHARD, STORED_SHARD), {"setting:mongo": Need.REQUIRED})]


TASK = Task(
    text="make shards of logs kept in a MongoDB, a day each",
    step=MongoLogsStep,
    made=_made,
    options=("collection", "start_date", "end_date"),
)
