"""Is a table fresh? Same inputs, same recipe: then its stamp is the one that it would get now.

A stamp is a digest of named parts (`stamp_parts.py`): the recipe (what the query or builder says), the
parameters, and the version of each input. A table partitioned by date has a stamp for each date
(`date_stamps.py`). A date that is not up to date is *pending* (docs/architecture.md).
"""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.date_stamps import date_limits, date_stamps
from edxtasks.build.exports import outdated
from edxtasks.build.inputs import (
    by_date_inputs,
    has_nothing_to_read,
    missing_input,
    outputs,
    parameters,
    sources_of,
)
from edxtasks.build.parameters import OF_SETTINGS
from edxtasks.build.published import unpublished, unpublished_outputs
from edxtasks.build.stale_reasons import difference, pending_dates, reason_of_dates
from edxtasks.build.stamp_parts import (
    COURSES,
    DECLARED,
    PARAMETER,
    RECIPE,
    input_parts,
    mark_parts,
    recipe_of,
    source_parts,
    stamp_of,
)
from edxtasks.course import CourseKey
from edxtasks.dumps.waldofy import withheld
from edxtasks.errors import NoCourseDirectory, SourceAbsentError, UserError
from edxtasks.table import Scope, Table
from edxtasks.warehouse.base import DateState, TableState, digest
from edxtasks.warehouse.checks import digest_of


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


def set_aside_before(context: Context, table: Table, course: CourseKey | None) -> TableState | None:
    """The state of a table that was set aside, None where there is none."""
    name = context.name(table, course)
    return context.warehouse.aside(name.dataset).get(name.table)


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
    missing = missing_input(context, table, course)
    if missing is not None:
        if missing.name in table.named:
            raise UserError(f"{table.named[missing.name]}: {missing.task} does not exist")
        reason = f"{missing.task} does not exist"
        vanished = _vanished(context, missing, course)
        return Verdict(Status.SKIPPED, reason, lacks=missing.task, vanished=vanished)
    if has_nothing_to_read(context, table, course):
        names = ", ".join(table.inputs)
        return Verdict(Status.SKIPPED, f"none of its inputs exists: {names}", vanished=True)
    parts = {RECIPE: recipe_of(context, table)}
    if table.declared:
        parts[DECLARED] = table.declared
    # Of a setting, text and what is not text are told apart: "None" is not the same as none.
    parts |= {
        f"{PARAMETER}{name}": repr(it) if name in OF_SETTINGS else str(it) for name, it in values.items()
    }
    if sources:
        parts |= source_parts(context, sources)
    parts |= mark_parts(context, table, course)
    if table.scope is Scope.GROUP:
        parts[COURSES] = digest(*(course.slash for course in context.courses_of(table)))
    state = context.state(table, course)
    if state is not None and context.settings.options.skip_if_exists:
        return Verdict(Status.FRESH, "it exists (skip_if_exists)")
    if table.partition is not None and by_date_inputs(context, table, course):
        return _check_dates(context, table, course, parts, state, quick)
    parts |= dict(input_parts(context, table, course, table.inputs))
    verdict = Verdict(Status.FRESH, "", parts, sources=sources)
    if state is None:
        back = set_aside_before(context, table, course)
        same = back is not None and back.stamp == verdict.stamp
        return _stale(verdict, "what it is made from is back" if same else "it does not exist")
    if state.stamp != verdict.stamp:
        return _stale(verdict, difference(context, table, course, state, parts))
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


def _vanished(context: Context, table: Table, course: CourseKey | None) -> bool:
    """Whether a required input that does not exist has nothing to be made from."""
    if table.scope is not Scope.COURSE or course is None:
        return False
    return context.name(table, course) in context.absent or (
        set_aside_before(context, table, course) is not None
    )


def _check_dates(
    context: Context,
    table: Table,
    course: CourseKey | None,
    parts: dict[str, str],
    state: TableState | None,
    quick: bool,
) -> Verdict:
    dated = by_date_inputs(context, table, course)
    parts |= dict(input_parts(context, table, course, [name for name in table.inputs if name not in dated]))
    limits = date_limits(context, table, course)
    everything = parts | dict(input_parts(context, table, course, dated))
    signature = stamp_of(everything | {"range": f"{limits}"})
    if quick and state is not None and state.stamp is not None and state.signature == signature:
        return Verdict(Status.FRESH, "", parts, {}, frozenset(), signature=signature)
    stamps = date_stamps(context, table, course, dated, stamp_of(parts), limits)
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
        dates = pending_dates(pending, removed, known)
        return _stale(verdict, reason_of_dates(context, table, course, state, parts, dates))
    if not stamps and state.stamp != verdict.stamp:
        return _stale(verdict, "it has no dates, and its recipe has changed")
    if state.stamp is None:
        return _stale(verdict, "all its dates are there, and the build that made the last was broken off")
    return verdict


def _stamp(known: Mapping[date, DateState], day: date) -> str | None:
    state = known.get(day)
    return None if state is None else state.stamp


def _stale(verdict: Verdict, reason: str) -> Verdict:
    return replace(verdict, status=Status.STALE, reason=reason)
