"""The steps that fetch from an office's MongoDB: tracking logs, and the records of learners.

No table depends on them: the database is asked when somebody asks for it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from edxtasks.build.freshness import Status
from edxtasks.build.log_days import log_directory, stored_shards
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory
from edxtasks.dumps.from_mongodb import FOLDER
from edxtasks.dumps.mongo2user_info import OUTPUT_FILES
from edxtasks.errors import SourceAbsentError
from edxtasks.graph.steps import JOBS, Run, Step
from edxtasks.graph.workers import Job
from edxtasks.logs.mongo_days import unfinished, window


class MongoLogsStep(Step):
    """The days of a course whose tracking logs are in a MongoDB: a shard each."""

    def __init__(self, run: Run, name: str, course: CourseKey) -> None:
        super().__init__(run, name)
        self.course = course
        self._days: list[date] = []

    def check(self) -> tuple[Status, str]:
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
        return Status.STALE, f"{len(self._days)} of {len(days)} days have no shard: {between}"

    def job(self) -> Job:
        again = self.name in self.run.forced
        return Job(f"{JOBS}:fetch_log_days", (self.run.setting(), self.course, self._days, again))


class UserInfoStep(Step):
    """The records of a course's learners in a MongoDB: four files for `make_uic`."""

    def __init__(self, run: Run, name: str, course: CourseKey) -> None:
        super().__init__(run, name)
        self.course = course

    def check(self) -> tuple[Status, str]:
        if self.run.context.settings.options.skip_if_exists and self._all_there():
            return Status.FRESH, "its files exist (skip_if_exists)"
        return Status.STALE, "the database is asked each time"

    def _all_there(self) -> bool:
        try:
            folder = course_directory(self.course, self.run.context.settings) / FOLDER
        except SourceAbsentError:
            return False
        return all((folder / name).is_file() for name in OUTPUT_FILES)

    def job(self) -> Job:
        return Job(f"{JOBS}:fetch_user_info", (self.run.setting(), self.course))
