"""What a job finds in its worker process: one context for each set of settings, whose DuckDB stays open."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass

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

_kept = threading.local()


@dataclass(frozen=True)
class JobContext:
    """What a job needs to know of the run: settings, chosen courses, its share of the machine, digests,
    services that do not answer."""

    settings: Settings
    courses: tuple[CourseKey, ...]
    share: ResourceLimits
    digests: dict[str, tuple[Mark, str]]
    outages: tuple[Outage, ...] = ()

    def known_digests(self) -> Digests:
        """The digests of files that the run knows, for a job that reads files and no tables."""
        digests = Digests()
        digests.learn(self.digests)
        return digests


def use_scratch(settings: Settings) -> Scratch:
    """The scratch of this process. From now on what it writes beside its targets is noted there."""
    state, scratch = getattr(_kept, "scratch", (None, None))
    if scratch is None or state != settings.engine.state:
        scratch = use(scratch_of(settings))
        _kept.scratch = (settings.engine.state, scratch)
    return scratch


def context_of(job: JobContext) -> Context:
    """The context for a job: that of the job before, where settings and courses are the same."""
    for outage in job.outages:
        outages.learn(outage)
    key, context = getattr(_kept, "context", (None, None))
    if context is None or key != (job.settings, job.courses):
        settings = job.settings
        keep_in(settings.engine.state)
        registry = with_overrides(read_registry(settings.engine.state), settings, job.courses)
        scratch = use_scratch(settings)
        tempfile.tempdir = str(scratch.path)  # libraries have no other place either
        warehouse = open_warehouse(settings, job.share, scratch)
        context = Context(settings, registry, warehouse, Digests(), job.courses)
        context.scratch = scratch
        _kept.context = ((job.settings, job.courses), context)
    outages.tell = context.warehouse.tell_waiting
    context.digests.learn(job.digests)
    context.warehouse.refresh_all()
    return context
