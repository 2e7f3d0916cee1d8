"""The GoogleSQL that BigQuery is sent.

A query of the product goes as it is written; only the names of its inputs are put in place of those that
it reads, where the syntax tree says they stand, so that BigQuery's messages name the lines of the model.
Everything else here is what surrounds a query: the table that it fills, the dates that it replaces.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot.tokenizer_core import Token, TokenType

from edxtasks.warehouse import dialect
from edxtasks.warehouse.base import (
    Absent,
    DatesOf,
    Fresh,
    Input,
    LogDays,
    Parameter,
    Query,
    TableName,
    Tables,
)
from edxtasks.warehouse.dialect.parser import table_name, tokens
from edxtasks.warehouse.schema import Column, Schema

LONGEST_DESCRIPTION = 16_383
"""Characters of the description of a table, at most."""

LONGEST_COLUMN_DESCRIPTION = 1_024

FRESH = "edxtasks_fresh"
"""The temporary table of a script with the rows that are to replace dates of a table."""

_CLUSTERED_BY = ("username", "user_id", "module_id")
"""Columns that consumers filter and join by: tables that have them are kept together by them."""

REPORTS = "course_report_"
"""How the names of datasets of reports begin, unless a run names another."""

_LAST_MICROSECOND = 253_402_300_799_999_999  # 9999-12-31 23:59:59.999999, the last TIMESTAMP


@dataclass(frozen=True)
class Shape:
    """How the rows of a table lie: the column whose date partitions it, the columns that cluster it."""

    partition: str | None = None
    clustering: tuple[str, ...] = ()


@dataclass(frozen=True)
class Projects:
    """The project of the tables, and the one where reports over courses go when that is another.

    `report_dataset` is the dataset of reports where a run names one.
    """

    usual: str
    reports: str
    report_dataset: str | None = None

    def of(self, dataset: str) -> str:
        """The project that a dataset is in."""
        if self.report_dataset is not None:
            return self.reports if dataset == self.report_dataset else self.usual
        return self.reports if dataset.startswith(REPORTS) else self.usual


Project = str | Projects
"""One project for all datasets, or what says which."""


def shape_of(schema: Schema, partition: str | None = None) -> Shape:
    """The shape that a table made by a query has."""
    return Shape(partition, tuple(name for name in _CLUSTERED_BY if name in schema.names))


def resolved(query: Query, project: Project, in_order: bool = False) -> tuple[str, dict[str, Parameter]]:
    """The text of a query with its inputs in place, and the parameters that stand in it.

    A parameter whose value is NULL becomes the word: a parameter has a type, NULL fits every one. The order
    of the rows goes, unless they are to be read `in_order`: a table of BigQuery has none, and a clustered one
    is refused the rows of a query that orders them.
    """
    text = query.sql
    tree = dialect.parse(text)
    changes: dict[int, tuple[int, str]] = {}
    for table in dialect.source_tables(tree):
        name = table_name(table)
        parts = table.parts
        alias = "" if table.alias else f" AS {quoted(parts[-1].name)}"
        source = relation(query.inputs[name], project)
        changes[parts[0].meta["start"]] = (parts[-1].meta["end"] + 1, source + alias)
    listed = [*tokens(text)]
    if listed[-1].text == ";":
        text = text[: listed.pop().start]
    order, is_limited = (None, False) if in_order else _outermost_order(listed)
    if order is not None and not is_limited:
        changes = {start: change for start, change in changes.items() if start < order}
        changes[order] = (listed[-1].end + 1, "")
        listed = [one for one in listed if one.start < order]
    parameters: dict[str, Parameter] = {}
    for sign, named in itertools.pairwise(listed):
        if sign.text == "@" and named.start == sign.end + 1:
            value = query.parameters[named.text]
            if value is None:
                changes[sign.start] = (named.end + 1, "NULL")
            else:
                parameters[named.text] = value
    for start, (stop, replacement) in sorted(changes.items(), reverse=True):
        text = text[:start] + replacement + text[stop:]
    if order is not None and is_limited:  # the order says which rows there are
        text = f"SELECT {listed_columns(query.schema)} FROM (\n{text}\n)"
    return text, parameters


def _outermost_order(listed: Sequence[Token]) -> tuple[int | None, bool]:
    """Where the ORDER BY of the rows of a query begins, and whether a LIMIT hangs on it.

    All other orders stand in parentheses; where the whole query does, so does its own.
    """
    around = 0
    while listed[around].token_type == TokenType.L_PAREN:
        around += 1
    depth, begins = 0, None
    for one in listed:
        depth += (one.token_type == TokenType.L_PAREN) - (one.token_type == TokenType.R_PAREN)
        if depth <= around and one.token_type == TokenType.ORDER_BY:
            begins = one.start
        elif begins is not None and (
            depth < around or (depth == around and one.token_type == TokenType.LIMIT)
        ):
            return begins, True
    return begins, False


def relation(source: Input, project: Project) -> str:
    """What stands after FROM for an input."""
    if isinstance(source, Tables) and len(source.names) == 1 and not source.lacking:
        return path(project, source.names[0])
    if isinstance(source, Tables):
        parts = [f"SELECT {_columns_of(source, name)} FROM {path(project, name)}" for name in source.names]
        return f"({' UNION ALL '.join(parts)})"
    columns = listed_columns(source.schema)
    if isinstance(source, DatesOf):
        condition = within(source.schema[source.column], source.first, source.last)
        return f"(SELECT {columns} FROM {path(project, source.name)} WHERE {condition})"
    if isinstance(source, LogDays):
        times = _between(source.low, source.high)
        if len(source.tables) == 1:
            name = path(project, TableName(source.dataset, source.tables[0]))
            return f"(SELECT {columns} FROM {name} WHERE {times})"
        wildcard, days = _wildcard(source.tables)
        name = f"`{_project_of(project, source.dataset)}.{source.dataset}.{wildcard}`"
        return f"(SELECT {columns} FROM {name} WHERE {days} AND {times})"
    if isinstance(source, Fresh):
        return FRESH
    assert isinstance(source, Absent)
    nulls = ", ".join(f"{column.googlesql_nothing} AS {quoted(column.name)}" for column in source.schema)
    return f"(SELECT {nulls} LIMIT 0)"


def _columns_of(source: Tables, name: TableName) -> str:
    """The columns of one table of a union, NULL for those that it lacks."""
    lacking = source.lacking.get(name, frozenset())
    nulls = {
        one.name: f"{one.googlesql_nothing} AS {quoted(one.name)}"
        for one in source.schema
        if one.name in lacking
    }
    return ", ".join(nulls.get(name, quoted(name)) for name in source.schema.names)


def _wildcard(tables: Sequence[str]) -> tuple[str, str]:
    """The wildcard over day tables, and the condition that leaves just these: no table between the first
    and the last is read that is not wanted, which would be billed and count among those of a query."""
    first, last = min(tables), max(tables)
    common = next(place for place in range(len(first)) if first[place] != last[place])
    suffixes = ", ".join(literal(one[common:]) for one in sorted(tables))
    return f"{first[:common]}*", f"_TABLE_SUFFIX IN ({suffixes})"


def _between(low: int, high: int) -> str:
    return f"time >= TIMESTAMP_MICROS({low})" + (
        f" AND time < TIMESTAMP_MICROS({high})" if high <= _LAST_MICROSECOND else ""
    )


def within(column: Column, first: date, last: date) -> str:
    """The condition that the date of a partition column lies between two dates, both included.

    The column stands alone in it: then BigQuery reads the partitions of these dates only.
    """
    name = quoted(column.name)
    if column.type == "DATE":
        return f"{name} BETWEEN DATE '{first}' AND DATE '{last}'"
    start = f"{name} >= TIMESTAMP '{first} 00:00:00+00'"
    if last == date.max:
        return start
    return f"{start} AND {name} < TIMESTAMP '{last + timedelta(days=1)} 00:00:00+00'"


def day_of(column: Column) -> str:
    """The expression for the UTC date that a partition column stands for."""
    return quoted(column.name) if column.type == "DATE" else f"DATE({quoted(column.name)})"


def create_table(
    name: TableName,
    project: Project,
    schema: Schema,
    clustering: Sequence[str],
    labels: Mapping[str, str],
    description: str,
    select: str,
) -> str:
    """The statement that replaces a table, its labels and its descriptions at once by the rows of a query."""
    columns = ",\n".join(
        f"  {quoted(column.name)} {_typed(column)}{_options(column, LONGEST_COLUMN_DESCRIPTION)}"
        for column in schema
    )
    pairs = ", ".join(f"({literal(key)}, {literal(value)})" for key, value in sorted(labels.items()))
    lines = [f"CREATE OR REPLACE TABLE {path(project, name)} (", columns, ")"]
    if clustering:
        lines.append("CLUSTER BY " + ", ".join(map(quoted, clustering)))
    lines.append(f"OPTIONS (labels = [{pairs}], description = {literal(description[:LONGEST_DESCRIPTION])})")
    return "\n".join([*lines, "AS", select])


def _typed(column: Column) -> str:
    if column.type != "RECORD":
        return column.googlesql_type
    fields = (f"{quoted(f.name)} {_typed(f)}{_options(f, LONGEST_COLUMN_DESCRIPTION)}" for f in column.fields)
    record = f"STRUCT<{', '.join(fields)}>"
    return f"ARRAY<{record}>" if column.repeated else record


def _options(column: Column, longest: int) -> str:
    if not column.description:
        return ""
    return f" OPTIONS (description = {literal(column.description[:longest])})"


def selected(name: TableName, project: Project, columns: Sequence[str]) -> str:
    """The query that gives columns of a table, or of a view."""
    return f"SELECT {', '.join(map(quoted, columns))} FROM {path(project, name)}"


def ordered(name: TableName, project: Project, columns: Sequence[Column]) -> str:
    """The query that gives columns of a table in the order of these columns, NULL first.

    A record takes part member by member, a list by its text: GoogleSQL orders neither.
    """
    listed = ", ".join(quoted(column.name) for column in columns)
    keys = ", ".join(key for column in columns for key in _keys(column, quoted(column.name)))
    return f"SELECT {listed} FROM {path(project, name)} ORDER BY {keys}"


def _keys(column: Column, expression: str) -> Iterator[str]:
    if column.repeated:
        yield f"TO_JSON_STRING({expression})"
        return
    if column.type != "RECORD":
        yield expression
    for member in column.fields:
        yield from _keys(member, f"{expression}.{quoted(member.name)}")


def rename(project: Project, source: TableName, target: TableName) -> str:
    """The script that puts a table in the place of another, or where there is none."""
    return (
        f"DROP TABLE IF EXISTS {path(project, target)};\n"
        f"ALTER TABLE {path(project, source)} RENAME TO {quoted(target.table)};"
    )


def listed_columns(schema: Schema) -> str:
    """The column names of a schema for a SELECT."""
    return ", ".join(quoted(name) for name in schema.names)


def path(project: Project, name: TableName) -> str:
    """A table by its whole name."""
    return f"`{_project_of(project, name.dataset)}.{name.dataset}.{name.table}`"


def _project_of(project: Project, dataset: str) -> str:
    return project.of(dataset) if isinstance(project, Projects) else project


def quoted(name: str) -> str:
    """A name in backquotes. The names of columns are letters, digits and `_`."""
    return f"`{name}`"


def literal(text: str) -> str:
    """A string literal: the escapes of JSON are those of GoogleSQL too."""
    return json.dumps(text, ensure_ascii=False)
