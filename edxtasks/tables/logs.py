"""Log days: from the shards of a course to its day tables `tracklog_YYYYMMDD`.

A day table is replaced by the content of its shard. It is stale when the digest of the shard's uncompressed
lines differs from the one that it was loaded from; dates of files decide nothing. A shard that is gone, or
has no rows, has no table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edxtasks.config import required
from edxtasks.course import CourseKey
from edxtasks.logs.schema import TRACKLOG_SCHEMA
from edxtasks.logs.shards import Shard, held_back, shards
from edxtasks.notes import Notes
from edxtasks.tables.context import LOG_DAY, Context
from edxtasks.tables.declaration import TRACKLOG
from edxtasks.warehouse.base import Label, TableName, digest
from edxtasks.warehouse.rows import JsonLines

__all__ = ["TRACKLOG_SCHEMA", "LogVerdict", "check_log_days", "load_log_days", "lock_name"]

_LOAD_VERSION = "1"
"""Raised when the same shard gives other rows."""


@dataclass(frozen=True)
class LogVerdict:
    """Which days have to be loaded, by table name, and which tables have to go; why nothing is to be done.

    `held_back` are days that a raw log feeds whose last split failed: what is loaded of them stays.
    """

    load: dict[str, Shard] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    days: int = 0
    reason: str = ""

    @property
    def fresh(self) -> bool:
        """Whether nothing is to be done."""
        return not self.load and not self.drop


def check_log_days(context: Context, course: CourseKey, force: bool = False) -> LogVerdict:
    """Compare the course's list of shards with its day tables.

    Raises `SettingsError` when no log directory is set.
    """
    directory = required(context.settings, "paths.tracking_logs_directory")
    options = context.settings.options
    folder = options.logs_dir or directory
    listed = {_table(shard): shard for shard in shards(folder, course) if shard.rows}
    loaded = context.log_days(course)
    withheld = {f"{LOG_DAY}{day:%Y%m%d}" for day in held_back(folder, course)}
    if not listed and not (folder / course.directory).is_dir():
        return LogVerdict(days=len(loaded), reason=f"{folder / course.directory}: no shards of this course")
    load = {
        name: shard
        for name, shard in listed.items()
        if name not in withheld and (force or name not in loaded or loaded[name].stamp != _stamp(shard))
    }
    drop = tuple(sorted(set(loaded) - set(listed) - withheld))
    held = tuple(sorted(withheld & set(listed)))
    new = sum(name not in loaded for name in load)
    reason = ", ".join(
        f"{number} {word}"
        for number, word in (
            (new, "new days"),
            (len(load) - new, "changed days"),
            (len(drop), "days to go"),
            (len(held), "days held back"),
        )
        if number
    )
    return LogVerdict(load, drop, held, len(listed), reason)


def load_log_days(
    context: Context,
    course: CourseKey,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, int, Notes]:
    """Load the days that are stale. Gives rows and days loaded, and notes; `progress(done, of)` is told.

    A day that fails leaves its old table; the others go on, and the first error is raised at the end.
    """
    notes = Notes()
    with context.warehouse.lock(lock_name(course)):
        context.warehouse.refresh(course.logs_dataset)
        verdict = check_log_days(context, course, force)
        rows = 0
        failures = []
        for done, (name, shard) in enumerate(verdict.load.items()):
            try:
                rows += _load(context, TableName(course.logs_dataset, name), shard)
            except Exception as error:  # noqa: BLE001 - one day's failure never stops the others
                failures.append(error)
            if progress:
                progress(done + 1, len(verdict.load))
        for name in verdict.drop:
            context.warehouse.drop(TableName(course.logs_dataset, name))
        context.warehouse.refresh(course.logs_dataset)
    if verdict.drop:
        notes.say(f"{len(verdict.drop)} day tables dropped: their shards are gone")
    for name in verdict.held_back:
        notes.say(f"{name} held back: a raw log that feeds this day could not be split")
    if failures:
        raise failures[0]
    return rows, len(verdict.load), notes


def lock_name(course: CourseKey) -> TableName:
    """The name that stands for all log days of a course when they are locked."""
    return TableName(course.logs_dataset, TRACKLOG)


def _load(context: Context, name: TableName, shard: Shard) -> int:
    label = Label(
        _stamp(shard),
        version=digest(TRACKLOG_SCHEMA.digest(), shard.digest),
        rows=shard.rows,
        first_time=shard.min_time_us,
        last_time=shard.max_time_us,
        parts={"shard": shard.digest},
        description=f"Tracking log of {shard.day}, from {shard.path.name}",
    )
    return context.warehouse.load(name, TRACKLOG_SCHEMA, JsonLines((shard.path,)), label).rows


def _table(shard: Shard) -> str:
    return f"{LOG_DAY}{shard.day:%Y%m%d}"


def _stamp(shard: Shard) -> str:
    return digest(_LOAD_VERSION, TRACKLOG_SCHEMA.digest(), shard.digest)
