"""Log days: from the shards of a course to its day tables `tracklog_YYYYMMDD`.

A day table is replaced by the content of its shard. It is stale when the digest of the shard's uncompressed
lines differs from the one that it was loaded from; dates of files decide nothing. A shard that is gone, or
has no rows, has no table. Where shards are copied to storage, one of which only the copy is left is not gone:
its table stays, and is loaded from the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from edxtasks.build.context import LOG_DAY, Context, is_foreign
from edxtasks.build.event_dates import may_have_gaps, noted
from edxtasks.config import Settings, required
from edxtasks.course import CourseKey
from edxtasks.digests import ContentHash
from edxtasks.errors import InputError, QuotaError
from edxtasks.logs.legacy import count, dates_of
from edxtasks.logs.shards import Shard, held_back, shards, used
from edxtasks.logs.stored import StoredShards
from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA
from edxtasks.messages import Messages
from edxtasks.outages import UnreachableError
from edxtasks.printable import listed as listed_names
from edxtasks.printable import quantity
from edxtasks.table import TRACKLOG
from edxtasks.warehouse.base import BuildInfo, TableName, TableState, digest
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.rows import JsonLines

__all__ = ["TRACKLOG_SCHEMA", "LogVerdict", "check_log_days", "label_of", "load_log_days", "lock_name"]

_LOAD_VERSION = "1"
"""Raised when the same shard gives other rows."""
_NO_LINES = ContentHash().hexdigest()


@dataclass(frozen=True)
class LogVerdict:
    """Which days have to be loaded, by table name, and which tables have to go; why nothing is to be done.

    `load` are shards of the log directory, `fetch` days of which only the copy in storage is left.
    `held_back` are days that a raw log feeds whose last split failed: what is loaded of them stays. `foreign`
    are days without shard that somebody else has loaded, or that cannot be read: they stay.
    """

    load: dict[str, Shard] = field(default_factory=dict)
    fetch: dict[str, date] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    days: int = 0
    reason: str = ""
    foreign: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether nothing is to be done."""
        return not self.load and not self.fetch and not self.drop


def check_log_days(context: Context, course: CourseKey, force: bool = False) -> LogVerdict:
    """Compare the course's list of shards, and their copies, with its day tables.

    With the option `not_before`, a day is left alone whose shard was stored before that date (UTC), or whose
    table was loaded before it. Raises `SettingsError` when no log directory is set.
    """
    folder = log_directory(context.settings)
    present = {shard.day: shard for shard in shards(folder, course)}
    listed = {_table(shard.day): shard for shard in present.values() if shard.rows}
    loaded = context.log_days(course)
    withheld = {_table(day) for day in held_back(folder, course)}
    stored = stored_shards(context, course)
    copies = {} if stored is None else {_table(day): day for day in stored.days() - set(present)}
    if not listed and not copies and not (folder / course.directory).is_dir():
        return LogVerdict(days=len(loaded), reason=f"{folder / course.directory}: no shards of this course")

    def is_stale(name: str, lines: str | None) -> bool:
        if name in withheld or (lines == _NO_LINES and name not in loaded):
            return False
        return force or name not in loaded or (lines is not None and loaded[name].stamp != _stamp(lines))

    load = {name: shard for name, shard in listed.items() if is_stale(name, shard.digest)}
    fetch = {
        name: day
        for name, day in sorted(copies.items())
        if stored is not None and is_stale(name, stored.digest(day))
    }
    days = {name: shard.day for name, shard in load.items()} | fetch
    alone = _left_alone(context, course, days, stored)
    load = {name: shard for name, shard in load.items() if name not in alone}
    fetch = {name: day for name, day in fetch.items() if name not in alone}
    gone = sorted(set(loaded) - set(listed) - set(copies) - withheld)
    states = context.warehouse.states(course.logs_dataset)
    foreign = tuple(name for name in gone if is_foreign(states[name]) or _is_unreadable(states[name]))
    drop = tuple(name for name in gone if name not in foreign)
    held = tuple(sorted(withheld & set(listed)))
    new = sum(name not in loaded for name in [*load, *fetch])
    reason = ", ".join(
        quantity(number, f"{before}day{after}", f"{before}days{after}")
        for number, before, after in (
            (new, "new ", ""),
            (len(load) + len(fetch) - new, "changed ", ""),
            (len(drop), "", " to go"),
            (len(held), "", " held back"),
            (len(alone), "", " left alone (not_before)"),
            (len(foreign), "", " of somebody else or unreadable, without shard, left alone"),
        )
        if number
    )
    return LogVerdict(load, fetch, drop, held, len(listed) + len(copies), reason, foreign)


def _is_unreadable(state: TableState) -> bool:
    """Whether a day table has no footer that tells whose it is: it may be somebody's, or be on its way."""
    return bool(state.fault) and state.first_time is None


def load_log_days(
    context: Context,
    course: CourseKey,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, int, Messages]:
    """Load the days that are stale. Gives rows and days loaded, and notes; `progress(done, of)` is told.

    A day that fails leaves its old table; the others go on, and the first error is raised at the end. A quota
    that is used up, or a service that does not answer, ends the loading: what is left is for a later run.
    """
    messages = Messages()
    with context.warehouse.lock(lock_name(course)):
        context.warehouse.refresh(course.logs_dataset)
        context.claim_logs(course)
        verdict = check_log_days(context, course, force)
        days = len(verdict.load) + len(verdict.fetch)
        stored = stored_shards(context, course) if verdict.fetch else None

        def load(name: str) -> int:
            table = TableName(course.logs_dataset, name)
            if stored is not None and name in verdict.fetch:
                return _load_copy(context, table, stored, verdict.fetch[name])
            return used(
                log_directory(context.settings),
                course,
                verdict.load[name],
                partial(_load, context, table),
                context.warehouse.tell_waiting,
            )

        work = _side_by_side(load, [*verdict.load, *verdict.fetch], context.warehouse)
        loaded, failures = _load_each(work, days, progress)
        if stored is not None:
            stored.save_notes()
        for name in verdict.drop:
            context.warehouse.drop(TableName(course.logs_dataset, name))
        context.warehouse.refresh(course.logs_dataset)
    for notice in context.warehouse.notices(course.logs_dataset):
        messages.add(notice)
    _tell(verdict, messages)
    if failures:
        raise failures[min(failures)]
    return sum(loaded.values()), days, messages


def _load_each(
    work: Generator[tuple[str, Callable[[], int]]], days: int, progress: Callable[[int, int], None] | None
) -> tuple[dict[str, int], dict[str, Exception]]:
    """Rows loaded, and errors, by name of the day; of what ends the loading, that error alone."""
    loaded: dict[str, int] = {}
    failures: dict[str, Exception] = {}
    with closing(work) as ready:
        for name, ended in ready:
            try:
                loaded[name] = ended()
            except QuotaError as error:  # the others would fail of it too
                left = quantity(days - len(loaded), "day is", "days are")
                return loaded, {name: QuotaError(f"{error}. {left} left for a later run")}
            except UnreachableError as error:
                return loaded, {name: error}
            except Exception as error:  # noqa: BLE001 - one day's failure never stops the others
                failures[name] = error
            if progress:
                progress(len(loaded) + len(failures), days)
    return loaded, failures


def _tell(verdict: LogVerdict, messages: Messages) -> None:
    """Tell of days that were not loaded."""
    if verdict.drop:
        messages.note(f"dropped {quantity(len(verdict.drop), 'day table')} without a shard")
    if verdict.foreign:
        names = listed_names(verdict.foreign)
        messages.add(f"left as they are, made by somebody else or unreadable, and without shard: {names}")
    for name in verdict.held_back:
        messages.add(f"{name} held back: a raw log that feeds this day could not be split")


def _side_by_side(
    work: Callable[[str], int], names: Sequence[str], warehouse: Warehouse
) -> Generator[tuple[str, Callable[[], int]]]:
    """Each name with what gives the result of `work`, or raises its error, as it is ready."""
    if warehouse.loads_at_once == 1 or len(names) < 2:
        for name in names:
            yield name, partial(work, name)
        return
    with (
        warehouse.side_by_side(),
        ThreadPoolExecutor(warehouse.loads_at_once, thread_name_prefix="edxtasks-load") as pool,
    ):
        futures = {pool.submit(work, name): name for name in names}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result
        finally:  # an interrupted run waits for those that have begun, not for all
            pool.shutdown(cancel_futures=True)


def log_directory(settings: Settings) -> Path:
    """The log directory of a run. Raises `SettingsError` when none is set."""
    return required(settings, "paths.tracking_logs_directory", Path)


def stored_shards(context: Context, course: CourseKey) -> StoredShards | None:
    """The copies of a course's shards in storage; None with the embedded engine, which makes none: it reads
    the shards where they are."""
    if context.settings.warehouse.engine != "bigquery":
        return None
    return StoredShards(context.storage, log_directory(context.settings), course)


def lock_name(course: CourseKey) -> TableName:
    """The name that stands for all log days of a course when they are locked."""
    return TableName(course.logs_dataset, TRACKLOG)


def _left_alone(
    context: Context, course: CourseKey, days: Mapping[str, date], stored: StoredShards | None
) -> set[str]:
    """The tables of `days` (day by table name) that the option `not_before` excepts."""
    limit = context.settings.options.not_before
    if limit is None:
        return set()
    folder = log_directory(context.settings) / course.directory
    copied = set() if stored is None else stored.days()
    found = set()
    for name, day in days.items():
        if stored is not None and day in copied:
            written = stored.updated(day)
        else:
            written = _time((folder / f"tracklog-{day}.json.gz").stat().st_mtime)
        info = context.warehouse.info(TableName(course.logs_dataset, name))
        if written.date() < limit or (info is not None and _time(info.modified).date() < limit):
            found.add(name)
    return found


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _load_copy(context: Context, name: TableName, stored: StoredShards, day: date) -> int:
    """Load a day of which only the copy in storage is left."""
    with context.scratch.folder() as folder:
        path = stored.get(day, folder)
        entry = count(path, day.isoformat())
        if entry.message:
            raise InputError(entry.message.replace(str(path), f"{path.name} of {stored.where}"))
        stored.note(day, entry.digest)
        if not entry.rows:
            context.warehouse.drop(name)
            return 0
        shard = Shard(day, path, entry.digest, entry.rows, entry.min_time_us, entry.max_time_us, ())
        return _load(context, name, shard)


def _load(context: Context, name: TableName, shard: Shard) -> int:
    return context.warehouse.load(name, TRACKLOG_SCHEMA, JsonLines((shard.path,)), label_of(shard)).rows


def label_of(shard: Shard) -> BuildInfo:
    """What a day table that holds the lines of a shard says of itself.

    The shard is read only where its first and last event lie so far apart that there may be dates between
    them without any. Raises `RawLogError` where that cannot be done.
    """
    wide = may_have_gaps(shard.min_time_us, shard.max_time_us)
    return BuildInfo(
        _stamp(shard.digest),
        version=digest(TRACKLOG_SCHEMA.digest(), shard.digest),
        rows=shard.rows,
        first_time=shard.min_time_us,
        last_time=shard.max_time_us,
        event_dates=noted(dates_of(shard.path)) if wide else "",
        parts={"shard": shard.digest},
        description=f"Tracking log of {shard.day}, from {shard.path.name}",
    )


def _table(day: date) -> str:
    return f"{LOG_DAY}{day:%Y%m%d}"


def _stamp(digest_of_lines: str) -> str:
    return digest(_LOAD_VERSION, TRACKLOG_SCHEMA.digest(), digest_of_lines)
