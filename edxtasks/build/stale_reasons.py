"""The words for why a table is stale: which setting, file, table and course made it so, and which dates."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from edxtasks.build.context import Context
from edxtasks.build.stamp_parts import (
    ABSENT,
    COURSES,
    DECLARED,
    DIRECTORY,
    FILE,
    LACKING,
    MARK,
    OF_COURSE,
    PARAMETER,
    RECIPE,
    stamp_of,
)
from edxtasks.config.settings import OPTIONS, SETTINGS
from edxtasks.course import CourseKey
from edxtasks.printable import listed, quantity
from edxtasks.table import TRACKLOG, External, Table
from edxtasks.warehouse.base import TableState

MARKED = "it was marked to be rebuilt"
BUILT_ELSEWHERE = "it was built by something else"

SHOWN = 3
"""Courses that a reason names of each input."""

_NAMES = {name for _, name in SETTINGS} | set(OPTIONS)


def difference(
    context: Context, table: Table, course: CourseKey | None, state: TableState, parts: Mapping[str, str]
) -> str:
    """Why a table that is there has another stamp than these parts give."""
    if state.fault:
        return f"it is damaged: {state.fault}"
    name = context.name(table, course)
    if state.stamp is None:
        return MARKED if context.warehouse.built_here(name) else BUILT_ELSEWHERE
    known = context.warehouse.parts(name)
    if stamp_of(known) != state.stamp:
        return "its inputs or its recipe changed"
    return changes(known, parts, _settings(table))


def reason_of_dates(
    context: Context,
    table: Table,
    course: CourseKey | None,
    state: TableState,
    parts: Mapping[str, str],
    dates: str,
) -> str:
    """Which dates are to be built, and what became other for all of them, as far as that is known."""
    known = context.warehouse.parts(context.name(table, course))
    known = known if known and stamp_of(known) == state.stamp else parts
    return "; ".join(filter(None, (changes(known, parts, _settings(table)), dates)))


def changes(before: Mapping[str, str], now: Mapping[str, str], settings: Sequence[str] = ()) -> str:
    """What became other in the parts of a stamp: `its recipe changed; person_course changed for A/B/C`.

    `settings` are those that are part of the recipe.
    """
    names = [name for name in sorted(now) if before.get(name) != now[name]]
    names += sorted(set(before) - set(now))
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        source, joined, course = name.rpartition(OF_COURSE)
        of_course = bool(joined) and CourseKey.find(course) is not None
        change = _change(before.get(name), now.get(name))
        found.setdefault((source if of_course else name, change), []).extend([course] if of_course else [])
    return "; ".join(
        f"its recipe or a setting of it changed ({listed(settings)})"
        if name == RECIPE and settings
        else _told(name, change, courses, before.get(name), now.get(name))
        for (name, change), courses in found.items()
    )


def _settings(table: Table) -> tuple[str, ...]:
    """The settings that are part of the recipe of a table."""
    return () if isinstance(table.builder, External) else table.builder.settings


def _told(name: str, change: str, courses: Sequence[str], before: str | None, now: str | None) -> str:
    if courses:
        return f"{name} {change} for {listed(courses, SHOWN)}"
    if name == RECIPE:
        return "its recipe changed"
    if name == DECLARED:
        return f"it is made in place of {now}" if now else f"it is not made in place of {before} any more"
    if name == LACKING:
        return f"{before} could not be had when it was built"
    if name == COURSES:
        return "the list of courses changed"
    if name == DIRECTORY:
        return (
            f"it is made from the dump {now} now, before from {before}"
            if before and now
            else "its dump changed"
        )
    if name == TRACKLOG:
        return f"the log days {'changed' if change == 'changed' else change.replace('is', 'are', 1)}"
    if name.startswith(FILE):
        return f"the file {name.removeprefix(FILE)} {change}"
    if name.startswith(MARK):
        return f"the {name.removeprefix(MARK)} {change}"
    if name.startswith(PARAMETER):
        plain = name.removeprefix(PARAMETER)
        return f"the {'setting' if plain in _NAMES else 'parameter'} {plain} {change}"
    return f"{name} {change}"


def _change(before: str | None, now: str | None) -> str:
    if before in {None, ABSENT}:
        return "is new"
    return "is gone" if now in {None, ABSENT} else "changed"


def pending_dates(pending: Collection[date], removed: Collection[date], known: Collection[date]) -> str:
    """Which dates of a table have to be built or removed: `2 dates are new: …; 1 date changed: …`."""
    new = sorted(day for day in pending if day not in known)
    changed = sorted(day for day in pending if day in known)
    return "; ".join(_dates(new, changed, sorted(removed)))


def _dates(new: list[date], changed: list[date], removed: list[date]) -> Iterator[str]:
    for days, one, many in (
        (new, "is new", "are new"),
        (changed, "changed", "changed"),
        (removed, "will be removed", "will be removed"),
    ):
        if days:
            yield f"{quantity(len(days), f'date {one}', f'dates {many}')}: {_some(days)}"


def _some(days: list[date]) -> str:
    shown = ", ".join(day.isoformat() for day in days[:3])
    return shown if len(days) <= 3 else f"{shown}, … {days[-1].isoformat()}"
