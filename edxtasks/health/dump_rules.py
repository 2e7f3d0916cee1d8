"""Rules over the SQL dumps: old ones, and those that hold less than the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from edxtasks.config import Settings
from edxtasks.health.findings import NOTE, PROBLEM, Finding, percent, share_of
from edxtasks.printable import number, printable, quantity

USERS = "users"
"""The source with the accounts of a course."""


@dataclass(frozen=True)
class Dump:
    """One dump of a course: its date, the records of each source that was delivered, and of sources that
    cannot be read the reason."""

    date: date
    records: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


def old_dump(
    course: str, dump: date | None, today: date, settings: Settings, end: date | None = None
) -> Iterator[Finding]:
    """A dump that is much older than the newest log, or none at all.

    `end` is the last day of the course, where it is known: a dump that is newer by as much as a dump may be
    old has all of it, and is old for good.
    """
    if dump is None:
        yield Finding(
            "dump_absent",
            NOTE,
            "there is no dated dump of this course. If it should have one, sort the weekly package with "
            "waldofy",
            course=course,
        )
        return
    if end is not None and (dump - end).days >= settings.health_dump_age:
        return
    days = (today - dump).days
    if days > settings.health_dump_age:
        yield Finding(
            "dump_old",
            PROBLEM,
            f"its newest dump is {quantity(days, 'day')} older than the newest log day ({today}); "
            "expected at most "
            f"{settings.health_dump_age}. Fetch the weekly package; if the course is over, name it in "
            "health_archived",
            course=course,
            date=dump,
            number=days,
            expected=settings.health_dump_age,
        )


def unreadable_files(course: str, dump: Dump) -> Iterator[Finding]:
    """Files of a dump that cannot be read."""
    for source, fault in sorted(dump.faults.items()):
        yield Finding(
            "dump_unreadable", PROBLEM, fault, course=course, date=dump.date, table=printable(source)
        )


def smaller_dump(course: str, new: Dump, old: Dump, settings: Settings) -> Iterator[Finding]:
    """Sources of a dump with far fewer records than in the dump before, or that it lacks."""
    for source, before in sorted(old.records.items()):
        if source in new.faults:
            continue
        now = new.records.get(source, 0)
        drop = settings.health_users_drop if source == USERS else settings.health_rows_drop
        if not before or now >= before or before - now < share_of(drop, before):
            continue
        name = printable(source)
        there = f"{quantity(now, 'record')}" if source in new.records else "not delivered"
        yield Finding(
            "dump_users" if source == USERS else "dump_rows",
            PROBLEM,
            f"{name}: {there}, {number(before)} in the dump of {old.date}; fewer by {percent(drop)} or more. "
            "Look whether the package is whole",
            course=course,
            date=new.date,
            table=name,
            number=now,
            expected=float(before - share_of(drop, before)),
        )
