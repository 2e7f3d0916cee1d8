"""GoogleSQL, in which the models are written, and what of it means the same in DuckDB.

`parse` gives the syntax tree of a model; `inputs`, `parameters`, `columns` and `token_digest` what it says
about itself; `to_duckdb` the same query for DuckDB, `check` what in it is not proven to mean the same
on both engines or hangs on chance, and `lineage` from which columns of its inputs each output column comes.
`docs/sql.md` tells writers of models what they may use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from edxtasks.errors import UserError
from edxtasks.printable import number
from edxtasks.warehouse.dialect import aggregates, arrays, casts, constructs, formats, numbers, texts
from edxtasks.warehouse.dialect.closed import not_read
from edxtasks.warehouse.dialect.functions import FUNCTIONS
from edxtasks.warehouse.dialect.macros import CONNECTION_SETTINGS, MACROS, SHARED_MACROS
from edxtasks.warehouse.dialect.parser import (
    columns,
    identifiers,
    inputs,
    not_too_deep,
    parameters,
    parse,
    source_tables,
    token_digest,
    unread,
    with_names,
)
from edxtasks.warehouse.dialect.queries import relation
from edxtasks.warehouse.dialect.scope import Context, Relation, dotted
from edxtasks.warehouse.dialect.types import FLOAT64
from edxtasks.warehouse.duckdb_sql import quoted_name
from edxtasks.warehouse.schema import Schema

__all__ = [
    "CONNECTION_SETTINGS",
    "MACROS",
    "PROVEN",
    "SHARED_MACROS",
    "check",
    "columns",
    "identifiers",
    "inputs",
    "lineage",
    "parameters",
    "parse",
    "rewrite_versions",
    "source_tables",
    "to_duckdb",
    "token_digest",
    "typed_empty",
    "unread",
    "with_names",
]

_ = (aggregates, arrays, constructs, formats, numbers, texts)  # each enters its functions on the list
PROVEN: tuple[str, ...] = tuple(sorted(FUNCTIONS))
"""The names of the functions that a model may use."""

_SYNTAX: dict[str, tuple[type[exp.Expression], int]] = {
    "CAST": (exp.Cast, casts.VERSION),
    "EXTRACT": (exp.Extract, FUNCTIONS["EXTRACT"].version),
    "/": (exp.Div, 1),
    "UNNEST": (exp.Unnest, 1),
    "IN": (exp.In, 1),
}
"""What is written without being a function's name, and is rewritten: its node, the version of its rewrite."""
TRANSLATION = 1
"""Version of all else that is translated: names, joins, comparisons, literals."""


def to_duckdb(
    tree: exp.Expression, schemas: Mapping[str, Schema], table: Callable[[str], str] = dotted
) -> str:
    """The query in DuckDB's SQL.

    `schemas` holds the schema of each of `inputs(tree)`, by that name. `table` says what stands in FROM for
    a table of such a name: the name as it is (`courses.listings` is a view `listings` in the schema
    `courses`), unless it says otherwise. `@name` becomes `$name`. The
    connection must have had `CONNECTION_SETTINGS` and `MACROS`, or its database `SHARED_MACROS`. Rows, and
    the low digits of sums of FLOAT64, depend neither on the number of threads nor on the order in which rows
    are read.

    Raises UserError that names every construct, with its line, which is not on the proven list.
    """
    context, result = _translate(tree, schemas, table=table)
    if context.complaints:
        raise _refusal(context.complaints)
    return _without_negative_zero(result)


_SHOWN = 20
"""Complaints about one query that are told."""


def _refusal(complaints: Sequence[str]) -> UserError:
    """The complaints about a query, each once; of many the first."""
    different = list(dict.fromkeys(complaints))
    more = len(different) - _SHOWN
    return UserError("\n".join([*different[:_SHOWN], *([f"and {number(more)} more"] if more > 0 else [])]))


def _without_negative_zero(result: Relation) -> str:
    """The query with 0.0 for -0.0: of two that are equal, MIN, DISTINCT and their like take either."""
    if not any(kind == FLOAT64 for _, kind in result.columns):
        return result.sql
    items = (
        f"{quoted_name(name)} + 0.0e0 AS {quoted_name(name)}" if kind == FLOAT64 else quoted_name(name)
        for name, kind in result.columns
    )
    return f"SELECT {', '.join(items)} FROM ({result.sql})"


def check(
    tree: exp.Expression,
    schemas: Mapping[str, Schema],
    keys: Mapping[str, Sequence[frozenset[str]]] | None = None,
) -> list[str]:
    """Complaints about a model, with lines; none for a model that may be used.

    `keys` are, by table, sets of columns in lower case of which no two rows have the same values.

    What is not on the proven list; what hangs on chance (an order with ties); output columns without a
    name, a comment, or listed by `*`.
    """
    context, _ = _translate(tree, schemas, keys)
    found = [*context.complaints, *context.chance]
    try:
        columns(tree)
    except UserError as error:
        found += str(error).splitlines()
    return list(dict.fromkeys(found))


def lineage(tree: exp.Expression, schemas: Mapping[str, Schema]) -> dict[str, tuple[tuple[str, str], ...]]:
    """By output column, in order, from which columns of which tables its values come: pairs of names, sorted.

    A member of a RECORD is `RECORD.MEMBER`; a parameter has `PARAMETERS` for its table. A column comes from
    all columns that its expression names, through all queries of WITH, unions and subqueries. What only
    chooses or groups rows (WHERE, ON, GROUP BY, PARTITION BY …) is not counted. () where it comes from none:
    a constant, a number of rows.

    Raises UserError as `to_duckdb` does.
    """
    context, result = _translate(tree, schemas)
    if context.complaints:
        raise _refusal(context.complaints)
    return {
        name: tuple(sorted({(table, _known(schemas.get(table), column)) for table, column in found}))
        for (name, _), found in zip(result.columns, result.origins, strict=True)
    }


def _known(schema: Schema | None, path: str) -> str:
    """The path of a column as far as the schema has it: a struct may come from columns that are none."""
    if schema is None:
        return path
    parts = path.split(".")
    fields, known = tuple(schema), 0
    for part in parts:
        column = next((field for field in fields if field.name == part), None)
        if column is None:
            break
        fields, known = column.fields, known + 1
    return ".".join(parts[:known])


def rewrite_versions(tree: exp.Expression) -> dict[str, int]:
    """The rewritten functions that the query uses, with the version of each rewrite, for its recipe."""
    used = {"": TRANSLATION}
    for node in tree.walk():
        if isinstance(node, exp.Anonymous) and node.name.upper() in FUNCTIONS:
            used[node.name.upper()] = FUNCTIONS[node.name.upper()].version
        for name, (kind, version) in _SYNTAX.items():
            if isinstance(node, kind):
                used[name] = version
    return dict(sorted(used.items()))


def typed_empty(schema: Schema) -> str:
    """DuckDB's SQL of a relation with these columns and no rows."""
    items = ", ".join(
        f'{column.duckdb_nothing} AS "{column.name.replace(chr(34), chr(34) * 2)}"' for column in schema
    )
    return f"SELECT {items} WHERE false"


def _translate(
    tree: exp.Expression,
    schemas: Mapping[str, Schema],
    keys: Mapping[str, Sequence[frozenset[str]]] | None = None,
    table: Callable[[str], str] = dotted,
) -> tuple[Context, Relation]:
    context = Context(schemas, relation, keys or {}, table=table)
    for node, complaint in not_read(tree):
        context.complain(node, complaint)
    if context.complaints:
        return context, Relation("SELECT NULL", ())
    with not_too_deep():
        return context, relation(context, tree, {}, None)
