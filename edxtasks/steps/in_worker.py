"""What a job finds in its worker process: one context for each set of settings, whose DuckDB stays open."""

from __future__ import annotations

import gc
import pickle
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

from edxtasks.build.context import Context
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import read_registry
from edxtasks.caches import keep_in
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests, Mark
from edxtasks.outages import Outage, outages
from edxtasks.scratch import Scratch, scratch_of, use
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import ResourceLimits
from edxtasks.workers import Job, Progress

_kept = threading.local()


@dataclass(frozen=True)
class OfRun:
    """What all jobs of a run need to know of it: settings, chosen courses, their share of the machine.

    It is pickled once, and a worker that gets the same again has it: of 500 courses this takes as long as a
    small table.
    """

    settings: Settings
    courses: tuple[CourseKey, ...]
    share: ResourceLimits

    def __reduce__(self) -> tuple[Callable[[bytes], OfRun], tuple[bytes]]:
        return _of_run, (self._pickled,)

    @cached_property
    def _pickled(self) -> bytes:
        return pickle.dumps((self.settings, self.courses, self.share))


@lru_cache(maxsize=1)
def _of_run(pickled: bytes) -> OfRun:
    return OfRun(*pickle.loads(pickled))


@dataclass(frozen=True)
class JobContext:
    """What a job needs to know: of its run, digests of files, services that do not answer."""

    of_run: OfRun
    digests: dict[str, tuple[Mark, str]]
    outages: tuple[Outage, ...] = ()

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.of_run.settings

    def learn_outages(self) -> None:
        """Know in this process of the services that do not answer."""
        for outage in self.outages:
            outages.learn(outage)

    def known_digests(self) -> Digests:
        """The digests of files that the run knows, for a job that reads files and no tables."""
        digests = Digests()
        digests.learn(self.digests)
        return digests


def telling(progress: Progress, job: Job) -> object:
    """Do a job; that it waits for a service is told as its progress."""
    outages.tell = partial(progress, 0, 0)
    return job(progress)


def use_scratch(settings: Settings) -> Scratch:
    """The scratch of this process. From now on what it writes beside its targets is noted there."""
    state, scratch = getattr(_kept, "scratch", (None, None))
    if scratch is None or state != settings.engine.state:
        scratch = use(scratch_of(settings))
        _kept.scratch = (settings.engine.state, scratch)
    return scratch


def context_of(job: JobContext) -> Context:
    """The context for a job: that of the job before, where settings and courses are the same."""
    job.learn_outages()
    of_run, settings, courses = job.of_run, job.of_run.settings, job.of_run.courses
    key, context = getattr(_kept, "context", (None, None))
    if context is None or key != (settings, courses):
        keep_in(settings.engine.state)
        registry = with_overrides(read_registry(settings.engine.state), settings, courses)
        scratch = use_scratch(settings)
        tempfile.tempdir = str(scratch.path)  # libraries have no other place either
        warehouse = open_warehouse(settings, of_run.share, scratch)
        context = Context(settings, registry, warehouse, Digests(), courses)
        context.scratch = scratch
        _kept.context = ((settings, courses), context)
        gc.freeze()  # the registry lives as long as the worker: not looked through for garbage in each job
    context.digests.learn(job.digests)
    context.warehouse.refresh_all()
    return context
