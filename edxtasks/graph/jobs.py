"""The jobs of tasks, as functions that run in a worker process.

Each takes the progress function first. A worker keeps one context for each set of settings: its DuckDB
stays open from job to job.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import orjson

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests, Mark
from edxtasks.dumps.package import Package
from edxtasks.dumps.waldofy import convert
from edxtasks.errors import UserError
from edxtasks.graph.workers import Progress
from edxtasks.logs.results import Progress as SplitProgress
from edxtasks.logs.split import SplitOptions, SplitResult, forget, split
from edxtasks.notes import Notes
from edxtasks.simulate.campus import CampusSize, simulate
from edxtasks.tables.build import Built, build
from edxtasks.tables.context import Context
from edxtasks.tables.logs import load_log_days
from edxtasks.tables.registry import read_registry
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import Share

_kept = threading.local()


@dataclass(frozen=True)
class Setting:
    """What a job needs to know of the run: settings, chosen courses, its share of the machine, digests."""

    settings: Settings
    courses: tuple[CourseKey, ...]
    share: Share
    digests: dict[str, tuple[Mark, str]]


def build_table(
    progress: Progress, setting: Setting, table: str, course: CourseKey | None, force: bool
) -> Built:
    """Build one table of the registry."""
    context = _context(setting)
    return build(context, context.registry[table], course, force)


def load_days(progress: Progress, setting: Setting, course: CourseKey, force: bool) -> Built:
    """Load the log days of a course that are stale."""
    rows, days, notes = load_log_days(
        _context(setting), course, force, lambda done, of: progress(done, of, "days")
    )
    return Built(rows, days, notes=notes)


def split_logs(progress: Progress, setting: Setting, paths: list[Path], options: SplitOptions) -> SplitResult:
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
    notes = Notes()
    for source in withdrawn:
        notes.say(f"{source} withdrawn")
    if not withdrawn:
        raise UserError(f"forget={pattern}: no source that was split has this key, or one like it")
    return Built(len(withdrawn), notes=notes, unit="sources")


def sort_package(progress: Progress, setting: Setting, package: Package, course: CourseKey | None) -> Built:
    """Sort the files of a course (None: of no known course) into its directory."""
    notes = Notes()
    digests = Digests()
    digests.learn(setting.digests)
    done = convert(package, course, digests, notes, max_bad_fraction=setting.settings.max_bad_fraction)
    return Built(len(done.made), notes=notes, unit="files")


def simulate_campus(progress: Progress, folder: Path, size: CampusSize, seed: int, workers: int) -> Built:
    """Write a simulated campus."""
    simulate(folder, size, seed, workers)
    description = orjson.loads((folder / "ledger" / "campus.json").read_bytes())
    notes = Notes()
    notes.say(f"{len(description['courses'])} courses, logs to {description['last_day']}, in {folder}")
    return Built(description["lines"], notes=notes, unit="log lines")


def _context(setting: Setting) -> Context:
    key, context = getattr(_kept, "context", (None, None))
    if context is None or key != (setting.settings, setting.courses):
        settings = setting.settings
        registry = read_registry(settings.engine.state)
        warehouse = open_warehouse(settings, setting.share)
        context = Context(settings, registry, warehouse, Digests(), setting.courses)
        _kept.context = ((setting.settings, setting.courses), context)
    context.digests.learn(setting.digests)
    context.warehouse.refresh_all()
    return context
