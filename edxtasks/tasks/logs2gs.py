"""`logs2gs`: the shards of a course in storage."""

from __future__ import annotations

from datetime import date
from functools import partial

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.build.log_days import log_directory, stored_shards
from edxtasks.course import CourseKey
from edxtasks.logs.shards import Shard, held_back, shards, used
from edxtasks.logs.stored import not_stored
from edxtasks.messages import Messages
from edxtasks.printable import listed, quantity
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.made import SHARD, STORED_SHARD, Made
from edxtasks.steps.task import CourseStep, Registry, Task, TaskOfRun
from edxtasks.table import Need
from edxtasks.workers import Job, Progress


class StoreShardsStep(CourseStep):
    """The shards of a course in storage. Whoever named the task wants to hear of nothing done."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of)
        self._asked = of.asked
        self._shards: list[Shard] = []
        self._withdrawn: set[date] = set()

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        nothing = Status.SKIPPED if self._asked else Status.FRESH
        settings = context.settings
        if settings.warehouse.engine != "bigquery":
            return nothing, "the embedded engine loads the shards where they are: nothing is copied"
        if settings.paths.tracking_logs_directory is None:
            return Status.SKIPPED, "no tracking_logs_directory is set"
        directory = log_directory(settings)
        stored = stored_shards(context, self.course)
        assert stored is not None
        self._withdrawn = stored.withdrawn()
        if not (directory / self.course.directory).is_dir() and not self._withdrawn:
            return nothing, f"{directory / self.course.directory}: no shards of this course"
        withheld = held_back(directory, self.course)
        present = [shard for shard in shards(directory, self.course) if shard.day not in withheld]
        force = self.name in self.run.forced
        self._shards = not_stored(present, stored, settings.options.not_before, force)
        self._withdrawn -= {shard.day for shard in present}
        if not self.has_work:
            return Status.FRESH, ""
        new = sum(shard.day not in stored.days() for shard in self._shards)
        counts = (
            (new, "new shard", ""),
            (len(self._shards) - new, "shard", " to compare with the copy in the bucket"),
            (len(self._withdrawn), "shard", " withdrawn, whose copy is to go"),
        )
        told = [f"{quantity(number, one)}{then}" for number, one, then in counts if number]
        return Status.STALE, ", ".join(told)

    @property
    def has_work(self) -> bool:
        return bool(self._shards or self._withdrawn)

    def job(self) -> Job:
        return Job(store_shards, (self.job_context(), self.course, self._shards, sorted(self._withdrawn)))


def store_shards(
    progress: Progress, job: JobContext, course: CourseKey, shards: list[Shard], withdrawn: list[date]
) -> Built:
    """Copy shards of a course to storage, as far as their content is not there, and remove the copies of
    those that were withdrawn."""
    context = context_of(job)
    stored = stored_shards(context, course)
    assert stored is not None
    directory, waiting = log_directory(context.settings), partial(progress, 0, 0)
    sent, messages = 0, Messages()
    try:
        still = stored.withdrawn().intersection(withdrawn)
        if gone := [day for day in sorted(still) if stored.delete(day)]:
            copies = quantity(len(gone), "copy", "copies")
            messages.add(f"{copies} removed from {stored.where}, withdrawn here: {listed(gone)}")
        for number, shard in enumerate(shards, 1):
            # The copy may be all that is left one day.
            sent += used(
                directory, course, shard, lambda one: stored.put(one.day, one.path, one.digest), waiting
            )
            progress(number, len(shards), "shards")
    finally:
        stored.save_notes()
    return Built(sent, unit="shards", messages=messages)


def _made(registry: Registry) -> list[Made]:
    return [Made("day", (STORED_SHARD,), {SHARD: Need.REQUIRED})]


TASK = Task(
    made=_made,
    text="copy shards to storage, with engine = bigquery",
    step=StoreShardsStep,
    member_of="daily_logs, nightly, doall unless skip_log_loading, weekly unless skip_log_loading",
    needs={"split": Need.OPTIONAL},
    options=("not_before",),
)
