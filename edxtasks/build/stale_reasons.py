"""The words for why a table is stale: what of its recipe and inputs has changed, and which dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from edxtasks.build.context import Context
from edxtasks.build.stamp_parts import ABSENT, stamp_of
from edxtasks.course import CourseKey
from edxtasks.table import Table
from edxtasks.warehouse.base import DateState, TableState


def difference(
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


def pending_reason(
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
