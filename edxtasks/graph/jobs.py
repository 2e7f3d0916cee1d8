"""The jobs of tasks, as functions that run in a worker process.

Each takes the progress function first. A worker keeps one context for each set of settings: its DuckDB
stays open from job to job.
"""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from edxtasks.build import mirror
from edxtasks.build.building import Built, build, set_aside
from edxtasks.build.context import Context
from edxtasks.build.log_days import load_log_days, stored_shards
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import read_registry
from edxtasks.build.research import export_for_research
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests, Mark
from edxtasks.dumps.mongo2user_info import mongo2user_info
from edxtasks.dumps.package import Package
from edxtasks.dumps.waldofy import convert
from edxtasks.errors import InputError, SourceAbsentError, UserError
from edxtasks.graph.workers import Progress
from edxtasks.logs.mongo_days import MongoLogs, fetch_days
from edxtasks.logs.results import Progress as SplitProgress
from edxtasks.logs.shards import Shard
from edxtasks.logs.split import SplitOptions, SplitResult, forget, split
from edxtasks.messages import Messages
from edxtasks.scratch import Scratch, scratch_of, use
from edxtasks.simulate import CampusSize, simulate
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import ResourceLimits

_kept = threading.local()


@dataclass(frozen=True)
class JobContext:
    """What a job needs to know of the run: settings, chosen courses, its share of the machine, digests."""

    settings: Settings
    courses: tuple[CourseKey, ...]
    share: ResourceLimits
    digests: dict[str, tuple[Mark, str]]


def build_table(
    progress: Progress,
    setting: JobContext,
    table: str,
    course: CourseKey | None,
    force: bool,
    expected: frozenset[str],
) -> Built:
    """Build one table of the registry."""
    context = _context(setting)
    return build(context, context.registry[table], course, force, expected)


def set_table_aside(progress: Progress, setting: JobContext, table: str, course: CourseKey | None) -> None:
    """Set aside a table of the registry that has nothing to be made from any more."""
    context = _context(setting)
    set_aside(context, context.registry[table], course)


def export_research(progress: Progress, setting: JobContext, course: CourseKey, force: bool) -> Built:
    """Export the tables of a course that have changed as files for research."""
    messages = Messages()
    number = export_for_research(
        _context(setting), course, force, messages, lambda done, of: progress(done, of, "files")
    )
    return Built(number, messages=messages, unit="files")


def load_days(progress: Progress, setting: JobContext, course: CourseKey, force: bool) -> Built:
    """Load the log days of a course that are stale."""
    rows, days, messages = load_log_days(
        _context(setting), course, force, lambda done, of: progress(done, of, "days")
    )
    return Built(rows, days, messages=messages)


def split_logs(
    progress: Progress, setting: JobContext, paths: list[Path], options: SplitOptions
) -> SplitResult:
    """Split raw logs and publish the shards that changed."""
    digests = Digests()
    digests.learn(setting.digests)
    return split(paths, options, lambda told: _tell(progress, told), digests)


def _tell(progress: Progress, told: SplitProgress) -> None:
    if told.stage == "splitting":
        progress(told.bytes_done >> 10, told.bytes >> 10, "kB")


def withdraw_logs(progress: Progress, pattern: str, options: SplitOptions) -> Built:
    """Withdraw the sources of a pattern from the log directory."""
    withdrawn = forget(pattern, options)
    messages = Messages()
    for source in withdrawn:
        messages.add(f"{source} withdrawn")
    if not withdrawn:
        raise UserError(f"forget={pattern}: no source that was split has this key, or one like it")
    return Built(len(withdrawn), messages=messages, unit="sources")


def store_shards(progress: Progress, setting: JobContext, course: CourseKey, shards: list[Shard]) -> Built:
    """Copy shards of a course to storage, as far as their content is not there."""
    stored = stored_shards(_context(setting), course)
    assert stored is not None
    sent = 0
    try:
        for number, shard in enumerate(shards, 1):
            sent += stored.put(shard.day, shard.path, shard.digest)
            progress(number, len(shards), "shards")
    finally:
        stored.save_notes()
    return Built(sent, unit="shards")


def fetch_log_days(
    progress: Progress, setting: JobContext, course: CourseKey, days: list[date], again: bool
) -> Built:
    """Make shards of the documents of a MongoDB, and copy them to storage."""
    messages = Messages()
    rows, fetched = fetch_days(
        course,
        days,
        MongoLogs.from_settings(setting.settings),
        stored_shards(_context(setting), course),
        messages,
        again,
        lambda done, of: progress(done, of, "days"),
    )
    return Built(rows, fetched, messages=messages)


def fetch_user_info(progress: Progress, setting: JobContext, course: CourseKey) -> Built:
    """Fetch accounts, profiles, enrolments and certificates of a course from a MongoDB."""
    _scratch(setting.settings)
    messages = Messages()
    try:
        files = mongo2user_info(course, setting.settings, messages)
    except SourceAbsentError as absent:  # it is where the files are to go, so this is not a missing source
        raise InputError(f"nowhere to put the records: {absent}") from None
    return Built(len(files), messages=messages, unit="files")


def mirror_files(progress: Progress, setting: JobContext, course: CourseKey) -> Built:
    """Copy the files of a course's SQL directory to storage."""
    return Built(mirror.copy(_context(setting), course), unit="files")


def sort_package(
    progress: Progress, setting: JobContext, package: Package, course: CourseKey | None, force: bool
) -> Built:
    """Sort the files of a course (None: of no known course) into its directory; with `force` all of them."""
    _scratch(setting.settings)
    messages = Messages()
    digests = Digests()
    digests.learn(setting.digests)
    limit = setting.settings.max_bad_fraction
    done = convert(package, course, digests, messages, max_bad_fraction=limit, force=force)
    return Built(len(done.made), messages=messages, unit="files")


def simulate_campus(progress: Progress, folder: Path, size: CampusSize, seed: int, workers: int) -> Built:
    """Write a simulated campus."""
    simulate(folder, size, seed, workers)
    description = orjson.loads((folder / "ledger" / "campus.json").read_bytes())
    messages = Messages()
    messages.add(f"{len(description['courses'])} courses, logs to {description['last_day']}, in {folder}")
    return Built(description["lines"], messages=messages, unit="log lines")


def _scratch(settings: Settings) -> Scratch:
    """The scratch of this process. From now on what it writes beside its targets is noted there."""
    state, scratch = getattr(_kept, "scratch", (None, None))
    if scratch is None or state != settings.engine.state:
        scratch = use(scratch_of(settings))
        _kept.scratch = (settings.engine.state, scratch)
    return scratch


def _context(setting: JobContext) -> Context:
    key, context = getattr(_kept, "context", (None, None))
    if context is None or key != (setting.settings, setting.courses):
        settings = setting.settings
        registry = with_overrides(read_registry(settings.engine.state), settings, setting.courses)
        scratch = _scratch(settings)
        tempfile.tempdir = str(scratch.path)  # libraries have no other place either
        warehouse = open_warehouse(settings, setting.share, scratch)
        context = Context(settings, registry, warehouse, Digests(), setting.courses)
        context.scratch = scratch
        _kept.context = ((setting.settings, setting.courses), context)
    context.digests.learn(setting.digests)
    context.warehouse.refresh_all()
    return context
