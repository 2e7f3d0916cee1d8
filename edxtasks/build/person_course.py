"""`person_course` looked over after a build: rules that its rows obey, and what is said of it.

A broken rule is told and fails nothing: the table is right by its definition, and what feeds it is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edxtasks.build.context import Context
from edxtasks.build.registry import upstream
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import SourceAbsent
from edxtasks.notes import Notes
from edxtasks.table import TRACKLOG, Scope

COLUMNS = (
    "user_id",
    "viewed",
    "explored",
    "certified",
    "completed",
    "ip",
    "first_event",
    "last_event",
    "nevents",
    "nplay_video",
    "nvideo",
    "nproblem_check",
    "n_dt",
    "sum_dt",
)
"""The columns that are looked at."""

_FIRST_DAY = "2012-09-05"
"""What the description gives as the first day of the logs where no `start_date` was given."""

_LONGEST_GAP = 300.0
"""Seconds between two events of a learner that count as time spent, at most."""

_ROUNDING = 1e-6
"""Seconds by which a sum of gaps may be off: they are added as FLOAT."""


@dataclass
class Findings:
    """What is found in the rows of a course: number of rows, those that break a rule by rule, and more."""

    rows: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    without_address: int = 0
    certified_without_address: int = 0


def look_over(rows: Iterable[Mapping[str, Any]]) -> Findings:
    """Look at rows of `COLUMNS`. Memory: the account ids."""
    found = Findings()
    seen: set[int] = set()
    for row in rows:
        found.rows += 1
        found.broken.update(_broken(row))
        if row["user_id"] in seen:
            found.broken["user_id is not the only one"] += 1
        seen.add(row["user_id"])
        if row["ip"] is None:
            found.without_address += 1
            found.certified_without_address += bool(row["certified"])
    return found


def _broken(row: Mapping[str, Any]) -> Iterator[str]:
    if row["certified"] and not row["completed"]:
        yield "certified, and not completed"
    if row["explored"] and not row["viewed"]:
        yield "explored, and not viewed"
    if row["nvideo"] != row["nplay_video"]:
        yield "nvideo is not nplay_video"
    if _greater(row["nproblem_check"], row["nevents"]):
        yield "nproblem_check is more than nevents"
    if _greater(row["first_event"], row["last_event"]):
        yield "first_event is after last_event"
    if row["n_dt"] is not None and _greater(row["sum_dt"], _LONGEST_GAP * row["n_dt"] + _ROUNDING):
        yield "sum_dt is more than 300 s for each of n_dt gaps"


def _greater(one: Any, other: Any) -> bool:
    return one is not None and other is not None and bool(one > other)


def about_person_course(context: Context, course: CourseKey, notes: Notes) -> list[str]:
    """Look the table of a course over; broken rules go into the notes. Gives the lines of its description."""
    found = look_over(_rows(context, "person_course", course, COLUMNS))
    names = Counter(row["username"] for row in _rows(context, "user_info_combo", course, ("username",)))
    nameless = names.pop(None, 0) + names.pop("", 0)
    doubled = names.total() - len(names)
    warnings = [f"{number} rows: {rule}" for rule, number in sorted(found.broken.items())]
    if found.rows != len(names):
        warnings.append(f"{found.rows} rows, of {len(names)} usernames in user_info_combo")
    if nameless:
        warnings.append(f"{nameless} records of user_info_combo without username left out")
    if doubled:
        warnings.append(f"{doubled} records left out: a newer account has the same username")
    for warning in warnings:
        notes.say(warning)
    absent = _absent_inputs(context, course)
    if absent:
        warnings.append(f"no {', '.join(absent)}")
    if found.without_address:
        warnings.append(
            f"{found.without_address} of {found.rows} rows have no ip, "
            f"{found.certified_without_address} of them certified"
        )
    return [*_facts(context, course), *(f"Warning: {warning}" for warning in warnings)]


def _facts(context: Context, course: CourseKey) -> Iterator[str]:
    chapters = next(
        (row["n_chapters"] for row in _rows(context, "course_facts", course, ("n_chapters",))), None
    )
    options = context.settings.options
    last = options.end_date or context.settings.default_end_date or "none"
    try:
        directory = str(sql_directory(course, context.settings))
    except SourceAbsent:
        directory = "none"
    yield f"Course: {course}"
    yield f"Chapters: {'not known' if chapters is None else chapters}"
    yield f"Start: {options.start_date or _FIRST_DAY}. End: {last}"
    yield f"SQL directory: {directory}"
    yield f"Made: {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _absent_inputs(context: Context, course: CourseKey) -> list[str]:
    """The tables that person_course could be made from, that this product makes, and that are not there."""
    registry = context.registry
    made_from = upstream(registry, ["person_course"]) - {TRACKLOG}
    return sorted(
        name
        for name in made_from
        if registry[name].scope is Scope.COURSE
        and not registry[name].awaited
        and context.state(registry[name], course) is None
    )


def _rows(
    context: Context, name: str, course: CourseKey, columns: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    table = context.registry[name]
    if context.state(table, course) is None:
        return
    for values in context.warehouse.read(context.name(table, course), columns):
        yield dict(zip(columns, values, strict=True))
