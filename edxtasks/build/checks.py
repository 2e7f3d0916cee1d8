"""Checks of a table in a build: what they read, what they found, and when they are looked at again.

The rows of a table do not depend on its checks, so these are no part of its stamp. A table whose checks are
others than those that its rows went through is looked over again, and not built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from edxtasks.build.context import Context
from edxtasks.build.inputs import instances
from edxtasks.build.parameters import value_for
from edxtasks.caches import kept_result
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.table import Table
from edxtasks.warehouse.base import Input, Tables, digest
from edxtasks.warehouse.checks import Check, TableChecks, conditions_sql, digest_of
from edxtasks.warehouse.dialect_version import code_version


def checks_of(context: Context, table: Table, course: CourseKey | None, messages: Messages) -> TableChecks:
    """What is looked at when a table is built now: its grain, and the checks that can be made.

    A check that reads a table which is not there cannot, which is told. On BigQuery the grain is looked at
    where the settings say so.
    """
    place = context.settings.warehouse
    with_grain = place.engine != "bigquery" or place.check_grain_on_bigquery
    inputs: dict[str, Input] = {}
    made: list[Check] = []
    parameters = set()
    for check, read, values in _read(table):
        found = {name: _input(context, table, name, course) for name in read if name != table.name}
        absent = [context.registry[name].task for name, source in found.items() if source is None]
        if absent:
            messages.add(f"check {check.name} is left out: there is no {', '.join(absent)}")
            continue
        inputs |= {name: source for name, source in found.items() if source is not None}
        parameters |= set(values)
        made.append(check)
    return TableChecks(
        table.name,
        table.key if with_grain else None,
        made,
        inputs,
        {name: value_for(table, name, course, context.settings) for name in sorted(parameters)},
    )


def note(
    context: Context, table: Table, course: CourseKey | None, checks: TableChecks, messages: Messages
) -> list[str]:
    """Tell what checks found, and keep it beside the table. Gives those that its rows break, in words."""
    broken = [str(one) for one in checks.findings if one.fails]
    for line in broken:
        messages.add(line)
    if table.checks:
        results = [_result(one.check, one.rows, one.broken, one.fails) for one in checks.findings]
        context.warehouse.note_checks(context.name(table, course), digest_of(table.checks), results)
    return broken


def look_again(context: Context, table: Table, course: CourseKey | None, messages: Messages) -> list[str]:
    """Look over the rows that a table has. Raises `CheckFailedError`; else as `note`."""
    checks = checks_of(context, table, course, messages).without_grain()
    rows = Tables((context.name(table, course),), table.schema)
    checks.look(context.warehouse.count, rows)
    return note(context, table, course, checks, messages)


def _result(check: Check, rows: int, broken: int, fails: bool) -> Mapping[str, Any]:
    return {
        "name": check.name,
        "level": check.level,
        "condition": check.condition,
        "share": check.share,
        "rows": rows,
        "broken": broken,
        "fails": fails,
    }


def _read(table: Table) -> Iterator[tuple[Check, list[str], list[str]]]:
    """The checks of a table, each with the tables and the parameters that it reads."""
    if not table.checks:
        return
    for check in table.checks:
        yield check, *_names_in(table.name, check)


@lru_cache(maxsize=4096)
def _names_in(table: str, check: Check) -> tuple[list[str], list[str]]:
    """The tables and the parameters that a check of a table reads. Kept, as translations are
    (`warehouse/duckdb_session.py`): to parse it takes longer than to look over a small table."""
    sql = conditions_sql(table, [check])
    read, values = kept_result("checks", code_version(), digest(sql), lambda: _names_in_sql(sql))
    return read, values


def _names_in_sql(sql: str) -> tuple[list[str], list[str]]:
    from edxtasks.warehouse import dialect

    tree = dialect.parse(sql)
    return dialect.inputs(tree), dialect.parameters(tree)


def _input(context: Context, table: Table, name: str, course: CourseKey | None) -> Input | None:
    """A table that a check reads, as it stands; None where there is none that we have made."""
    source = context.registry[name]
    if source.fault:
        return None
    states = {one: context.state(source, one) for one in instances(context, table, name, course)}
    names = tuple(context.name(source, one) for one, state in states.items() if state and state.stamp)
    return Tables(names, source.schema) if names else None
