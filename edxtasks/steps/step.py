"""Steps: the objects behind the doit tasks. Each can look whether it is fresh, and do its work.

A step is both the `uptodate` check and the action of its task. Checks run in the parent, one at a time,
after everything that the task depends on has finished; work runs in a worker process.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from doit.exceptions import TaskFailed

from edxtasks.build.adoption import Adopting
from edxtasks.build.build_table import Built
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status
from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsentError, UserError
from edxtasks.locks import HeldError, wait_at_most
from edxtasks.outages import UnreachableError, outages
from edxtasks.outcomes import for_people
from edxtasks.steps.in_worker import JobContext, OfRun, telling
from edxtasks.steps.resource_limits import share
from edxtasks.workers import Job, Progress, WorkerPool

DEFECT = "a defect of edxtasks, please report it:\n"


class DefectError(UserError):
    """A defect of the product, with the traceback that its report needs."""


def fault_of(error: Exception) -> UserError:
    """Any exception of a check or of work as what people are told of it."""
    told = for_people(error)
    return told if isinstance(told, UserError) else DefectError(f"{DEFECT}{told}")


class Run:
    """What the steps of one run share: the context, the workers, and how many tasks run side by side."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.workers = WorkerPool(prepare=partial(wait_at_most, context.settings.wait))
        self.processes = 1
        self.forced: set[str] = set()
        self.present: set[str] = set()
        """The tables that this run found or made, as `existing_inputs` names them: if one is gone later, it
        was removed in the meantime."""
        self.nothing_of: set[CourseKey] = set()
        """The courses of which it was told that nothing is there."""
        self.unsplit: set[CourseKey] = set()
        """The courses whose raw logs could not be split: that they have no log day says nothing."""
        self.progress: Callable[[str, int, int, str], None] = lambda task, done, of, unit: None

    def job_context(self, files: Collection[str]) -> JobContext:
        """What a worker needs to know of this run; of digests, those of `files` (`Digests.noting`)."""
        return JobContext(self._of_run, self.context.digests.known(files), outages.given_up())

    @cached_property
    def _of_run(self) -> OfRun:
        """What each job is told of the run; made when the first one is, and `processes` is known."""
        settings = self.context.settings
        return OfRun(settings, self.context.courses, share(settings, self.processes))


@dataclass(frozen=True)
class Taken:
    """What was taken over of what a step makes: rows by part; and why others of its parts were left."""

    rows: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Size:
    """Rows and bytes of what a step makes, as it is there now; None where that is not known."""

    rows: int | None = None
    bytes: int | None = None


class Step(ABC):
    """The check and the work of one task. `name` is the name of the task."""

    # doit asks for the signature of a check each time, which is slow; it takes this one instead.
    __signature__ = inspect.Signature()

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self.reason = ""
        self.status: Status | None = None
        self.built: Built | None = None
        self.blocks = True
        """Whether its failure holds up what needs it."""
        self.failed_inputs: frozenset[str] = frozenset()
        """The tasks that it depends on and that failed, among them those that it can do without."""
        self.is_held = False
        """Whether it was not tried, since another run had what it makes."""
        self.fault: UserError | None = None
        """Why it cannot be told whether it is fresh, after `look`: the task fails with it."""
        self._digested: set[str] = set()

    def __repr__(self) -> str:
        return self.reason or "not looked at yet"

    def __call__(self) -> bool:
        """doit's check: whether there is nothing to do."""
        return self.look() not in {Status.STALE, Status.SET_ASIDE}

    def look(self) -> Status:
        """Check, and keep standing and reason."""
        self.fault = None
        try:
            with self.run.context.digests.noting() as self._digested:
                self.status, self.reason = self.check()
        except Exception as error:  # noqa: BLE001 - it fails this task, and the run goes on
            self.fault = fault_of(error)
            known = not isinstance(self.fault, DefectError)
            self.status = Status.STALE
            self.reason = str(self.fault) if known else f"it cannot be checked: {type(error).__name__}"
        if self.status is Status.FRESH and self.name in self.run.forced and self.has_work:
            self.status, self.reason = Status.STALE, "force_recompute"
        return self.status

    def work(self) -> Any:
        """doit's action: do the work in a worker; the failure is what people are told."""
        if self.fault is not None:
            return TaskFailed(str(self.fault))
        try:
            result = self.run.workers.run(Job(telling, (self.job(),)), self._tell)
            self.built = self.taken(result)
        except SourceAbsentError as absent:
            self.status, self.reason = Status.SKIPPED, str(absent)
        except Exception as error:  # noqa: BLE001 - it fails this task, and the run goes on
            if isinstance(error, UnreachableError):
                outages.learn(error.outage)  # other workers are told not to wait for it again
            self.is_held = isinstance(error, HeldError)
            return TaskFailed(str(fault_of(error)))
        return True

    def refreshed(self) -> str | None:
        """`refresh`; what went wrong with it, for people. What reads it will meet that again."""
        try:
            self.refresh()
        except Exception as error:  # noqa: BLE001 - the work is done, and the run goes on
            return str(fault_of(error))
        return None

    @property
    def has_work(self) -> bool:
        """Whether what is fresh could be rebuilt, after `check`; not where there is nothing to make."""
        return True

    @property
    def exists(self) -> bool:
        """Whether there is already something of what the step makes, as far as it can tell."""
        return True

    def size(self) -> Size:
        """How large what the step makes is, for programs that follow a run."""
        return Size()

    @property
    def makes(self) -> str:
        """What it makes, under the name by which its last failure is kept: the same in each run."""
        return self.name

    @property
    def _tell(self) -> Progress:
        return lambda done, of, unit: self.run.progress(self.name, done, of, unit)

    @abstractmethod
    def check(self) -> tuple[Status, str]:
        """Standing and reason. Raises `UserError` where it cannot be told: the task then fails with it."""

    def job_context(self) -> JobContext:
        """What a worker needs to know for the job.

        Of the digests of files it gets those that the check asked for, since the work looks at the same
        files: those of all courses would take longer to send than a small table to build.
        """
        return self.run.job_context(self._digested)

    @abstractmethod
    def job(self) -> Job:
        """The work, for a worker."""

    def taken(self, result: Any) -> Built:
        """The result of the work; raises `UserError` where the work is a failure after all,
        `SourceAbsentError` where there is nothing."""
        built: Built = result
        return built

    def refresh(self) -> None:  # noqa: B027 - a step need not have anything to look at again
        """Called in the parent when the work is done, before anything that depends on it is checked."""

    def clean(self) -> None:  # noqa: B027 - or anything to remove
        """Remove what `removable` names, for `doit clean`."""

    def removable(self) -> list[str] | None:
        """The tables and files that `doit clean` would remove; None where it never removes any."""
        return None

    def adopt(self, warehouse: Adopting) -> Taken | None:
        """Take over what others have made. None where a step makes nothing that can be taken over, or looks
        at it in another way."""
        return None

    def forget(self) -> bool:
        """Take the stamp away, for `doit forget`. False when there is none."""
        return False

    def targets(self) -> list[str]:
        """Files and folders that the step makes."""
        return []
