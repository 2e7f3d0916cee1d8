"""The steps that copy local files to storage: shards of the tracking log, files of the SQL dump."""

from __future__ import annotations

from edxtasks.build import mirror
from edxtasks.build.freshness import Status
from edxtasks.build.log_days import log_directory, stored_shards
from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsentError
from edxtasks.graph.steps import JOBS, Run, Step
from edxtasks.graph.workers import Job
from edxtasks.logs.shards import Shard, held_back, shards
from edxtasks.logs.stored import not_stored


class StoreShardsStep(Step):
    """The shards of a course in storage. `asked`: somebody named the task, who wants to hear of nothing
    done."""

    def __init__(self, run: Run, name: str, course: CourseKey, asked: bool) -> None:
        super().__init__(run, name)
        self.course = course
        self._asked = asked
        self._shards: list[Shard] = []

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        nothing = Status.SKIPPED if self._asked else Status.FRESH
        settings = context.settings
        if settings.warehouse.engine != "bigquery":
            return nothing, "the embedded engine loads the shards where they are: nothing is copied"
        if settings.paths.tracking_logs_directory is None:
            return Status.SKIPPED, "no tracking_logs_directory is set"
        directory = log_directory(settings)
        if not (directory / self.course.directory).is_dir():
            return nothing, f"{directory / self.course.directory}: no shards of this course"
        stored = stored_shards(context, self.course)
        assert stored is not None
        withheld = held_back(directory, self.course)
        present = [shard for shard in shards(directory, self.course) if shard.day not in withheld]
        force = self.name in self.run.forced
        self._shards = not_stored(present, stored, settings.options.not_before, force)
        if not self._shards:
            return Status.FRESH, ""
        new = sum(shard.day not in stored.days() for shard in self._shards)
        counts = ((new, "new shards"), (len(self._shards) - new, "shards to compare with their copies"))
        return Status.STALE, ", ".join(f"{number} {what}" for number, what in counts if number)

    @property
    def has_work(self) -> bool:
        return bool(self._shards)

    def job(self) -> Job:
        return Job(f"{JOBS}:store_shards", (self.run.setting(), self.course, self._shards))


class MirrorStep(Step):
    """The files of a course's SQL directory, and its image, in storage."""

    def __init__(self, run: Run, name: str, course: CourseKey) -> None:
        super().__init__(run, name)
        self.course = course

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        if not self.has_work:
            return Status.FRESH, "with the embedded engine the files stay where they are"
        try:
            changed = mirror.look(context, self.course).changed
        except SourceAbsentError as absent:
            return Status.SKIPPED, str(absent)
        return (Status.STALE, f"{len(changed)} files to copy") if changed else (Status.FRESH, "")

    @property
    def has_work(self) -> bool:
        return self.run.context.settings.warehouse.engine == "bigquery"

    def job(self) -> Job:
        return Job(f"{JOBS}:mirror_files", (self.run.setting(), self.course))
