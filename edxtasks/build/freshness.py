"""Is a table fresh? Same inputs, same recipe: then its stamp is the one that it would get now.

A stamp is a digest of named parts: the recipe (what the query or builder says), the parameters, and the
version of each input. A table partitioned by date has a stamp for each date, made of the parts that this
date depends on: the log days that hold events of its window, the dates of by-date inputs in the window,
and every other input as a whole. A date that is not up to date is *pending* (docs/architecture.md).
"""

from __future__ import annotations

import enum
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from edxtasks.build.context import Context, day_of_log
from edxtasks.build.exports import outdated
from edxtasks.build.parameters import OF_SETTINGS, value_for
from edxtasks.build.published import unpublished, unpublished_outputs
from edxtasks.config import Settings
from edxtasks.config.settings import SETTINGS
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.dumps.waldofy import withheld
from edxtasks.errors import NoCourseDirectory, NoDumpDirectory, SourceAbsentError, UserError, from_machine
from edxtasks.table import (
    ALL_EARLIER,
    TRACKLOG,
    External,
    Instance,
    Need,
    PythonModel,
    Scope,
    SqlModel,
    Table,
)
from edxtasks.warehouse.base import DateState, Parameter, TableState, digest
from edxtasks.warehouse.checks import digest_of

NO_LOG_DAY = "there is no log day of the course"

ABSENT = "absent"
"""The version of an input that does not exist: appearing and vanishing make a table stale."""

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Status(enum.Enum):
    """What a check finds."""

    FRESH = "fresh"
    STALE = "stale"
    SKIPPED = "skipped"  # there is nothing to make it from
    SET_ASIDE = "set aside"  # there is nothing to make it from any more: what was made before is to go


@dataclass(frozen=True)
class Verdict:
    """What a check finds, why, and what a build has to do.

    `parts` make up the stamp. For a table by date, `pending` are the dates to build with their stamps,
    `keep` the dates that stay; both None otherwise. `sources` are the files that it is made from. `lacks` is
    the required input that does not exist. `files_only`: the rows are as they should be, and only the files
    that are written from them are not; `checks_only`: nor are these to be changed, they have not gone through
    the checks that the table has now. `signature` is what a table by date is fresh against, or will be when
    it is built (see `TableState`). `vanished`: there is nothing to make it from, while the course has files.
    """

    status: Status
    reason: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[date, str] | None = None
    keep: frozenset[date] | None = None
    sources: Mapping[str, Path | None] = field(default_factory=dict)
    signature: str | None = None
    lacks: str = ""
    files_only: bool = False
    checks_only: bool = False
    vanished: bool = False

    @property
    def stamp(self) -> str:
        """The stamp that the table gets when it is built now; of a table by date, that of its recipe."""
        return stamp_of(self.parts)


def stamp_of(parts: Mapping[str, str]) -> str:
    """The stamp that named parts make up."""
    return digest(*(text for name in sorted(parts) for text in (name, parts[name])))


def check(context: Context, table: Table, course: CourseKey | None, quick: bool = True) -> Verdict:
    """Look whether a table is fresh: small files and listings only, no engine, no rows.

    This is the one place that decides what becomes of a table that has nothing to be made from. It counts as
    absent for whatever is checked or built after it (`Context.absent`): else rows of an older dump would
    stand beside rows of this one. `SET_ASIDE` says that there is such a table. A course without any
    directory, and a table that somebody else made, keep what they have.

    `quick`: a table by date that was found fresh against the same inputs before is not looked at date by
    date; its verdict then names no dates. Raises `UserError` where a file that must be there is not, or
    a table over courses is asked for and none is chosen.
    """
    if table.fault:
        raise UserError(table.fault)
    if table.scope is not Scope.COURSE:
        return _with_checks(context, table, course, _check(context, table, course, quick))
    name = context.name(table, course)
    context.absent.discard(name)
    verdict = _with_checks(context, table, course, _check(context, table, course, quick))
    if not verdict.vanished:
        return verdict
    if context.state(table, course) is not None:
        if not context.warehouse.built_here(name):
            return replace(verdict, reason=f"{verdict.reason}; the table that others made is read as it is")
        verdict = replace(verdict, status=Status.SET_ASIDE)
    context.absent.add(name)
    return verdict


def checks_changed(context: Context, table: Table, course: CourseKey | None) -> bool:
    """Whether the checks of a table that is there are others than those that its rows went through.

    Where all notes beside the table are lost, nothing is known of it, and its rows are not looked over again:
    what decides is never a cache.
    """
    if not table.checks:
        return False
    name = context.name(table, course)
    known = context.warehouse.checked(name)
    if known is None and not context.warehouse.parts(name):
        return False
    return known != digest_of(table.checks)


def _with_checks(context: Context, table: Table, course: CourseKey | None, verdict: Verdict) -> Verdict:
    """What is fresh, and has not gone through the checks that the table has now, is to go through them."""
    if (
        verdict.status is Status.FRESH
        and not context.settings.options.skip_if_exists
        and checks_changed(context, table, course)
    ):
        return replace(_stale(verdict, "its checks changed"), checks_only=True)
    return verdict


def _check(context: Context, table: Table, course: CourseKey | None, quick: bool) -> Verdict:
    if table.scope is Scope.GROUP:
        context.chosen()
    try:
        sources = sources_of(context, table, course)
        values = parameters(context, table, course)
    except SourceAbsentError as absent:
        return _without_source(context, course, absent)
    missing = _missing(context, table, course)
    if missing is not None:
        if missing.name in table.named:
            raise UserError(f"{table.named[missing.name]}: {missing.task} does not exist")
        reason = f"{missing.task} does not exist"
        vanished = _vanished(context, missing, course)
        return Verdict(Status.SKIPPED, reason, lacks=missing.task, vanished=vanished)
    if _has_nothing_to_read(context, table, course):
        names = ", ".join(table.inputs)
        return Verdict(Status.SKIPPED, f"none of its inputs exists: {names}", vanished=True)
    parts = {"recipe": _recipe(context, table)}
    if table.declared:
        parts["of"] = table.declared
    # Of a setting, text and what is not text are told apart: "None" is not the same as none.
    parts |= {f"@{name}": repr(it) if name in OF_SETTINGS else str(it) for name, it in values.items()}
    if sources:
        parts |= _source_parts(context, sources)
    if table.scope is Scope.GROUP:
        parts["courses"] = digest(*(course.slash for course in context.courses_of(table)))
    state = context.state(table, course)
    if state is not None and context.settings.options.skip_if_exists:
        return Verdict(Status.FRESH, "it exists (skip_if_exists)")
    if table.partition is not None and _by_date_inputs(context, table, course):
        return _check_dates(context, table, course, parts, state, quick)
    parts |= dict(_input_parts(context, table, course, table.inputs))
    verdict = Verdict(Status.FRESH, "", parts, sources=sources)
    if state is None:
        back = set_aside_before(context, table, course)
        same = back is not None and back.stamp == verdict.stamp
        return _stale(verdict, "what it is made from is back" if same else "it does not exist")
    if state.stamp != verdict.stamp:
        return _stale(verdict, _difference(context, table, course, state, parts))
    gone = next((path for path in outputs(table, course, sources) if not path.exists()), None)
    if gone is not None and os.access(gone.parent, os.W_OK):
        return _stale(verdict, f"{gone.name} is gone")
    if reason := unpublished_outputs(context, table, course, verdict.stamp):
        return _stale(verdict, reason)
    if reason := outdated(context, table, course) or unpublished(context, table, sources):
        return replace(_stale(verdict, reason), files_only=True)
    return verdict


def _without_source(context: Context, course: CourseKey | None, absent: SourceAbsentError) -> Verdict:
    """The verdict of a table whose source is not there. What edX did deliver, and nobody could use, is not
    gone: the table of an earlier dump stays."""
    if isinstance(absent, NoCourseDirectory):
        return Verdict(Status.SKIPPED, str(absent))
    reason = withheld(course, context.settings, absent.names) if course is not None and absent.names else ""
    if reason:
        return Verdict(Status.SKIPPED, f"{absent}: {reason}; what was made before stays")
    return Verdict(Status.SKIPPED, str(absent), vanished=True)


def set_aside_before(context: Context, table: Table, course: CourseKey | None) -> TableState | None:
    """The state of a table that was set aside, None where there is none."""
    name = context.name(table, course)
    return context.warehouse.aside(name.dataset).get(name.table)


def existing_inputs(context: Context, table: Table, course: CourseKey | None) -> frozenset[str]:
    """The inputs of a table that exist, as `dataset.table`; all log days of a course as its log dataset."""
    return frozenset(label for label, exists in _labelled_inputs(context, table, course) if exists)


def lacking_inputs(context: Context, table: Table, course: CourseKey | None) -> frozenset[str]:
    """The inputs of a table that do not exist, as `existing_inputs` names them; none that is to go."""
    return frozenset(label for label, exists in _labelled_inputs(context, table, course) if not exists)


def _labelled_inputs(context: Context, table: Table, course: CourseKey | None) -> Iterator[tuple[str, bool]]:
    for name in table.inputs:
        if name == TRACKLOG:
            assert course is not None
            yield course.logs_dataset, bool(context.log_days(course))
        elif not context.left_out(table, name):
            source = context.registry[name]
            for one in instances(context, table, name, course):
                place = context.name(source, one)
                if place not in context.absent:
                    yield str(place), context.state(source, one) is not None


def outputs(table: Table, course: CourseKey | None, sources: Mapping[str, Path | None]) -> list[Path]:
    """The documented files that are written beside a table, into the directory of its sources."""
    builder = table.builder
    directory = next((path.parent for path in sources.values() if path is not None), None)
    if course is None or directory is None or not isinstance(builder, PythonModel):
        return []
    return [directory / name.format(course=course.directory) for name in builder.outputs]


def sources_of(context: Context, table: Table, course: CourseKey | None) -> Mapping[str, Path | None]:
    """The files that a table is made from now; raises `SourceAbsentError` or `UserError` as `check` does."""
    builder = table.builder
    if isinstance(builder, PythonModel) and builder.sources is not None:
        try:
            return builder.sources(Instance(context.settings, course, context.courses_of(table)))
        except OSError as error:  # a folder that cannot be read: a fault of this table, and of no other
            raise from_machine(error) or error from None
    return {}


def parameters(context: Context, table: Table, course: CourseKey | None) -> dict[str, Parameter]:
    """Values of the parameters that a model uses."""
    if not isinstance(table.builder, SqlModel):
        return {}
    return {name: value_for(table, name, course, context.settings) for name in table.builder.parameters}


def window(day: date, lookback: timedelta) -> tuple[int, int]:
    """The microseconds since 1970 that the events of a date and of its look-back lie in: [low, high)."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    low = 0 if lookback == ALL_EARLIER else (start - lookback - _EPOCH) // _MICROSECOND
    return low, (start + _DAY - _EPOCH) // _MICROSECOND


def whole_days(lookback: timedelta) -> timedelta:
    """A look-back in whole days, rounded up."""
    return -(-lookback // _DAY) * _DAY


def by_date(context: Context, table: Table, name: str, course: CourseKey | None) -> bool:
    """Whether a table takes an input date by date: log days, and tables that are partitioned by date (one
    of somebody else's may be called so and stand as a whole)."""
    if table.partition is None or name == TRACKLOG:
        return table.partition is not None
    source = context.registry[name]
    if source.partition is None:
        return False
    state = context.input_state(table, source, course if source.scope is Scope.COURSE else None)
    return state is None or state.partitioned


def instances(context: Context, table: Table, name: str, course: CourseKey | None) -> list[CourseKey | None]:
    """For which courses a table reads an input: its own, or all chosen ones."""
    source = context.registry[name]
    if source.scope is not Scope.COURSE:
        return [None]
    return [course] if table.scope is Scope.COURSE else list(context.courses_of(table))


def _stale(verdict: Verdict, reason: str) -> Verdict:
    return replace(verdict, status=Status.STALE, reason=reason)


def _vanished(context: Context, table: Table, course: CourseKey | None) -> bool:
    """Whether a required input that does not exist has nothing to be made from."""
    if table.scope is not Scope.COURSE or course is None:
        return False
    return context.name(table, course) in context.absent or (
        set_aside_before(context, table, course) is not None
    )


def lacks_log_days(context: Context, table: Table, course: CourseKey | None) -> bool:
    """Whether a table of log days does not exist yet, and would have no rows for want of a log day."""
    if course is None or TRACKLOG not in table.inputs or context.state(table, course) is not None:
        return False
    return not context.log_days(course)


def _missing(context: Context, table: Table, course: CourseKey | None) -> Table | None:
    """The first required input that does not exist. A union over courses needs one of them."""
    for name, need in table.inputs.items():
        if need is not Need.REQUIRED or name == TRACKLOG:
            continue
        source = context.registry[name]
        if not any(
            context.input_state(table, source, one) for one in instances(context, table, name, course)
        ):
            return source
    return None


def _has_nothing_to_read(context: Context, table: Table, course: CourseKey | None) -> bool:
    """Whether a table is made from other tables of its course alone, none of them is there, and there is
    nothing else of the course. Of a course of which there is something the table is made, and empty; and one
    that always has one row is made all the same."""
    builder = table.builder
    from_files = isinstance(builder, PythonModel) and builder.sources is not None
    if course is None or not table.inputs or from_files or table.key == ():
        return False
    if has_anything(context, course):
        return False
    return not any(
        context.log_days(course)
        if name == TRACKLOG
        else context.input_state(table, context.registry[name], one) is not None
        for name in table.inputs
        for one in ([course] if name == TRACKLOG else instances(context, table, name, course))
    )


def has_anything(context: Context, course: CourseKey) -> bool:
    """Whether there is any table, log day, shard or dump of a course."""
    if context.warehouse.states(context.dataset(course)) or context.log_days(course):
        return True
    logs = context.settings.paths.tracking_logs_directory
    if logs is not None and (logs / course.directory).is_dir():
        return True
    try:
        return sql_directory(course, context.settings).is_dir()
    except (SourceAbsentError, NoDumpDirectory):
        return False


def _recipe(context: Context, table: Table) -> str:
    builder = table.builder
    assert not isinstance(builder, External)
    values = [f"{name}={_setting(context.settings, name)!r}" for name in builder.settings]
    if isinstance(builder, SqlModel):
        return digest(builder.recipe, *values) if values else builder.recipe
    return digest(str(builder.version), table.schema.digest(), *values)


def _setting(settings: Settings, name: str) -> object:
    """The value of a setting as a stamp has it; of a secret only whether there is one."""
    value: object = getattr(settings, name)
    entry = SETTINGS.get(("", name))
    return value is not None if entry is not None and entry.secret else value


def _source_parts(context: Context, sources: Mapping[str, Path | None]) -> dict[str, str]:
    parts = {
        f"file {label}": ABSENT if path is None else context.digests(path) for label, path in sources.items()
    }
    # The directory of the dump counts too: its date is part of what is made from it.
    base = context.settings.paths.course_sql_base_dir
    dumped = [path.parent for path in sources.values() if path is not None and base in path.parents]
    if dumped:
        parts["directory"] = dumped[0].name
    return parts


def _by_date_inputs(context: Context, table: Table, course: CourseKey | None) -> list[str]:
    return [name for name in table.inputs if by_date(context, table, name, course)]


def _input_parts(
    context: Context, table: Table, course: CourseKey | None, names: Mapping[str, Need] | list[str]
) -> Iterator[tuple[str, str]]:
    """The version of each input as a whole."""
    for name in names:
        if name == TRACKLOG:
            assert course is not None
            days = context.log_days(course)
            yield name, digest(*(text for day, state in days.items() for text in (day, state.version)))
            continue
        source = context.registry[name]
        for one in instances(context, table, name, course):
            state = context.input_state(table, source, one)
            label = source.task if one is course or one is None else f"{name} of {one}"
            yield label, ABSENT if state is None else state.version


def _check_dates(
    context: Context,
    table: Table,
    course: CourseKey | None,
    parts: dict[str, str],
    state: TableState | None,
    quick: bool,
) -> Verdict:
    dated = _by_date_inputs(context, table, course)
    parts |= dict(_input_parts(context, table, course, [name for name in table.inputs if name not in dated]))
    limits = _limits(context, course)
    everything = parts | dict(_input_parts(context, table, course, dated))
    signature = stamp_of(everything | {"range": f"{limits}"})
    if quick and state is not None and state.signature == signature:
        return Verdict(Status.FRESH, "", parts, {}, frozenset(), signature=signature)
    stamps = _date_stamps(context, table, course, dated, stamp_of(parts), limits)
    known = context.warehouse.dates(context.name(table, course)) if state is not None else {}
    pending = {day: stamp for day, stamp in stamps.items() if _stamp(known, day) != stamp}
    keep = frozenset(stamps) - frozenset(pending)
    removed = frozenset(known) - frozenset(stamps)
    verdict = Verdict(Status.FRESH, "", parts, pending, keep, signature=signature)
    if state is None:
        return _stale(verdict, "it does not exist")
    if state.fault:
        return _stale(verdict, f"it is damaged: {state.fault}")
    if pending or removed:
        return _stale(verdict, _pending_reason(pending, removed, known))
    if not stamps and state.stamp != verdict.stamp:
        return _stale(verdict, "it has no dates, and its recipe has changed")
    return verdict


def _stamp(known: Mapping[date, DateState], day: date) -> str | None:
    state = known.get(day)
    return None if state is None else state.stamp


def _limits(context: Context, course: CourseKey | None) -> tuple[date, date]:
    """First and last date that the options of this run let through."""
    options = context.settings.options
    first = options.start_date or date.min
    last = options.end_date or date.max
    if options.skip_last_day and course is not None:
        newest = max(context.log_days(course), default=None)
        if newest is not None:
            last = min(last, day_of_log(newest) - _DAY)
    return first, last


def _date(microseconds: int) -> date:
    return (_EPOCH + timedelta(microseconds=microseconds)).date()


def _date_stamps(
    context: Context,
    table: Table,
    course: CourseKey | None,
    dated: list[str],
    recipe: str,
    limits: tuple[date, date],
) -> dict[date, str]:
    """The stamp of every date that the table has now."""
    made_of: dict[date, list[str]] = defaultdict(list)
    dates: set[date] = set()
    for name in dated:
        pieces = list(_pieces(context, name, course))
        dates.update(day for piece in pieces for day in _days(piece.first, piece.last))
        if table.lookback != ALL_EARLIER:
            for piece in pieces:
                for day in _days(piece.first, piece.reach(table.lookback)):
                    made_of[day].append(f"{name} {piece.name} {piece.version}")
    chosen = sorted(day for day in dates if limits[0] <= day <= limits[1])
    if table.lookback == ALL_EARLIER:
        return dict(_running_stamps(context, dated, course, recipe, chosen))
    return {day: digest(recipe, *sorted(made_of[day])) for day in chosen}


def _running_stamps(
    context: Context, dated: list[str], course: CourseKey | None, recipe: str, chosen: list[date]
) -> Iterator[tuple[date, str]]:
    """Stamps of dates that depend on everything before them: each goes on from the one before."""
    pieces = sorted(
        (piece.first, f"{name} {piece.name} {piece.version}")
        for name in dated
        for piece in _pieces(context, name, course)
    )
    stamp, position = recipe, 0
    for day in chosen:
        while position < len(pieces) and pieces[position][0] <= day:
            stamp = digest(stamp, pieces[position][1])
            position += 1
        yield day, digest(stamp)


@dataclass(frozen=True)
class _Piece:
    """A part of a by-date input: a log day (its times in microseconds), or a date of a table."""

    name: str
    version: str
    first: date
    last: date
    last_time: int | None = None

    def reach(self, lookback: timedelta) -> date:
        """The last date whose window still holds rows of this piece."""
        if self.last_time is None:
            return self.last + whole_days(lookback)
        return _date(self.last_time + lookback // _MICROSECOND)


def _pieces(context: Context, name: str, course: CourseKey | None) -> Iterator[_Piece]:
    assert course is not None
    if name == TRACKLOG:
        for day, state in context.log_days(course).items():
            if state.rows and state.first_time is not None and state.last_time is not None:
                yield _Piece(
                    day, state.version, _date(state.first_time), _date(state.last_time), state.last_time
                )
        return
    for one, held in context.warehouse.dates(context.name(context.registry[name], course)).items():
        if held.rows:
            yield _Piece(one.isoformat(), held.version, one, one)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY


def _pending_reason(
    pending: Mapping[date, str], removed: frozenset[date], known: Mapping[date, DateState]
) -> str:
    new = sorted(day for day in pending if day not in known)
    changed = sorted(day for day in pending if day in known)
    told = [
        f"{len(days)} {word}: {_some(days)}"
        for days, word in ((new, "new"), (changed, "changed"), (sorted(removed), "to go"))
        if days
    ]
    return "dates " + "; ".join(told)


def _some(days: list[date]) -> str:
    shown = ", ".join(day.isoformat() for day in days[:3])
    return shown if len(days) <= 3 else f"{shown}, … {days[-1].isoformat()}"


def _difference(
    context: Context, table: Table, course: CourseKey | None, state: TableState, parts: Mapping[str, str]
) -> str:
    if state.fault:
        return f"it is damaged: {state.fault}"
    if state.stamp is None:
        return "it was not built by edxtasks, or was marked to be rebuilt"
    known = context.warehouse.parts(context.name(table, course))
    if stamp_of(known) != state.stamp:
        return "its inputs or its recipe changed"
    changed = [name for name in sorted(parts) if known.get(name) != parts[name]]
    changed += sorted(set(known) - set(parts))
    return ", ".join(f"{name} {_how(known.get(name), parts.get(name))}" for name in changed)


def _how(before: str | None, now: str | None) -> str:
    if before in {None, ABSENT}:
        return "is new"
    return "is gone" if now in {None, ABSENT} else "changed"
