"""What is said of `person_course` after a build, in its description and to the person who runs it.

What its rows keep stands in the header of its model.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from edxtasks.build.context import Context
from edxtasks.build.registry import upstream
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.table import TRACKLOG, Scope
from edxtasks.warehouse.base import Absent, Query, Tables
from edxtasks.warehouse.schema import schema

_FIRST_DAY = "2012-09-05"
"""What the description gives as the first day of the logs where no `start_date` was given."""

PEOPLE = """SELECT
  COUNT(*), -- rows
  COUNTIF(ip IS NULL), -- without address
  COUNTIF(ip IS NULL AND certified) -- certified ones of these
FROM person_course"""
ACCOUNTS = """SELECT
  COUNT(DISTINCT IF(username != '', username, NULL)), -- usernames
  COUNTIF(username IS NULL OR username = ''), -- records without
  COUNTIF(username != '') -- records with one
FROM user_info_combo"""
_COUNTS = schema("a INTEGER -- n\nb INTEGER -- n\nc INTEGER -- n")


def about_person_course(context: Context, course: CourseKey, messages: Messages) -> list[str]:
    """Look the table of a course over; broken rules go into the notes. Gives the lines of its description."""
    rows, without_address, certified_without = _counts(context, "person_course", course, PEOPLE)
    usernames, nameless, named = _counts(context, "user_info_combo", course, ACCOUNTS)
    doubled = named - usernames
    warnings = []
    if rows != usernames:
        warnings.append(f"{rows} rows, of {usernames} usernames in user_info_combo")
    if nameless:
        warnings.append(f"{nameless} records of user_info_combo without username left out")
    if doubled:
        warnings.append(f"{doubled} records left out: a newer account has the same username")
    for warning in warnings:
        messages.add(warning)
    absent = _absent_inputs(context, course)
    if absent:
        warnings.append(f"no {', '.join(absent)}")
    if without_address:
        warnings.append(f"{without_address} of {rows} rows have no ip, {certified_without} of them certified")
    return [*_facts(context, course), *(f"Warning: {warning}" for warning in warnings)]


def _counts(context: Context, name: str, course: CourseKey, sql: str) -> tuple[int, int, int]:
    table = context.registry[name]
    there = context.state(table, course) is not None
    source = Tables((context.name(table, course),), table.schema) if there else Absent(table.schema)
    a, b, c = context.warehouse.count(Query(sql, {name: source}, {}, _COUNTS))
    return a, b, c


def _facts(context: Context, course: CourseKey) -> Iterator[str]:
    chapters = next(
        (row["n_chapters"] for row in _rows(context, "course_facts", course, ("n_chapters",))), None
    )
    options = context.settings.options
    last = options.end_date or context.settings.default_end_date or "none"
    try:
        directory = str(sql_directory(course, context.settings))
    except SourceAbsentError:
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
        and not registry[name].external
        and context.input_state(registry["person_course"], registry[name], course) is None
    )


def _rows(
    context: Context, name: str, course: CourseKey, columns: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    table = context.registry[name]
    if context.state(table, course) is None:
        return
    for values in context.warehouse.read(context.name(table, course), columns):
        yield dict(zip(columns, values, strict=True))
