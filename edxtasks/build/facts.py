"""What is said of a table after its build, in its description and to the person who runs it: the lines that
its model declares (`fact_lines.py`), and for a table of a course what it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from edxtasks.build.context import Context
from edxtasks.build.fact_lines import numbers_and_inputs
from edxtasks.build.registry import upstream
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import SourceAbsentError, UserError, nearest
from edxtasks.messages import Messages
from edxtasks.table import TRACKLOG, Facts, Scope, Table
from edxtasks.warehouse.base import Absent, Query, Tables
from edxtasks.warehouse.schema import Column, Schema

_FIRST_DAY = "2012-09-05"
"""What the description gives as the first day of the logs where no `start_date` was given."""


def facts_of(context: Context, table: Table, course: CourseKey, messages: Messages) -> list[str]:
    """The lines of the description of a table of a course that declares facts; [] for another.

    A line that is a warning goes into the messages too.
    """
    if table.facts is None:
        return []
    lines = list(_origin(context, course))
    values = _values(context, table.facts, course)
    warnings: list[str] = []
    for line in table.facts.lines:
        if line.when and not values[line.when]:
            continue
        text = line.text.format(**{name: "not known" if n is None else n for name, n in values.items()})
        if line.warning:
            messages.add(text)
        (warnings if line.warning else lines).append(text)
    absent = _absent_inputs(context, table, course)
    if absent:
        warnings.append(f"no {', '.join(absent)}")
    return [*lines, *(f"Warning: {warning}" for warning in warnings)]


def _values(context: Context, facts: Facts, course: CourseKey) -> dict[str, int | None]:
    numbers, inputs = numbers_and_inputs(facts)
    sources = {name: _source(context, name, course) for name in inputs}
    columns = Schema(tuple(Column(name, "INTEGER", description=name) for name in numbers))
    counts = context.warehouse.count(Query(facts.sql, sources, {}, columns))
    return dict(zip(numbers, counts, strict=True))


def _source(context: Context, name: str, course: CourseKey) -> Tables | Absent:
    table = context.registry.get(name)
    if table is None:
        raise UserError(f"the facts read {name}, which is not a table{nearest(name, context.registry)}")
    if context.state(table, course) is None:
        return Absent(table.schema)
    return Tables((context.name(table, course),), table.schema)


def _origin(context: Context, course: CourseKey) -> Iterator[str]:
    options = context.settings.options
    last = options.end_date or context.settings.default_end_date or "none"
    try:
        directory = str(sql_directory(course, context.settings))
    except SourceAbsentError:
        directory = "none"
    yield f"Course: {course}"
    yield f"Start: {options.start_date or _FIRST_DAY}. End: {last}"
    yield f"SQL directory: {directory}"
    yield f"Made: {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _absent_inputs(context: Context, table: Table, course: CourseKey) -> list[str]:
    """The tables that it could be made from, that this product makes, and that are not there."""
    registry = context.registry
    return sorted(
        name
        for name in upstream(registry, [table.name]) - {TRACKLOG}
        if registry[name].scope is Scope.COURSE
        and not registry[name].external
        and context.input_state(table, registry[name], course) is None
    )
