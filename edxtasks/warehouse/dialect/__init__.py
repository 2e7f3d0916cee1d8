"""GoogleSQL, in which the models are written, and what of it means the same in DuckDB.

`parse` gives the syntax tree of a model; `inputs`, `parameters`, `columns` and `token_digest` what it says
about itself; `to_duckdb` the same query for DuckDB, and `check` what in it is not proven to mean the same
on both engines or hangs on chance. `docs/sql.md` tells writers of models what they may use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from edxtasks.errors import UserError
from edxtasks.warehouse.dialect import aggregates, arrays, casts, constructs, formats, numbers, texts
from edxtasks.warehouse.dialect.closed import not_read
from edxtasks.warehouse.dialect.functions import FUNCTIONS
from edxtasks.warehouse.dialect.macros import CONNECTION_SETTINGS, MACROS
from edxtasks.warehouse.dialect.parser import (
    columns,
    identifiers,
    inputs,
    parameters,
    parse,
    source_tables,
    token_digest,
    with_names,
)
from edxtasks.warehouse.dialect.queries import relation
from edxtasks.warehouse.dialect.scope import Context, Relation
from edxtasks.warehouse.dialect.types import FLOAT64, quote
from edxtasks.warehouse.schema import Schema

__all__ = [
    "CONNECTION_SETTINGS",
    "MACROS",
    "PROVEN",
    "check",
    "columns",
    "identifiers",
    "inputs",
    "needs_one_thread",
    "parameters",
    "parse",
    "rewrite_versions",
    "source_tables",
    "to_duckdb",
    "token_digest",
    "typed_empty",
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


def to_duckdb(tree: exp.Expression, schemas: Mapping[str, Schema]) -> str:
    """The query in DuckDB's SQL.

    `schemas` holds the schema of each of `inputs(tree)`, by that name. Table names stay as they are
    (`courses.listings` is a view `listings` in the schema `courses`); `@name` becomes `$name`. The
    connection must have had `CONNECTION_SETTINGS` and `MACROS`. Rows, and the low digits of sums of
    FLOAT64, depend neither on the number of threads nor on the order in which rows are read.

    Raises UserError that names every construct, with its line, which is not on the proven list.
    """
    context, result = _translate(tree, schemas)
    if context.complaints:
        raise UserError("\n".join(context.complaints))
    return _without_negative_zero(result)


def _without_negative_zero(result: Relation) -> str:
    """The query with 0.0 for -0.0: of two that are equal, MIN, DISTINCT and their like take either."""
    if not any(kind == FLOAT64 for _, kind in result.columns):
        return result.sql
    items = (
        f"{quote(name)} + 0.0e0 AS {quote(name)}" if kind == FLOAT64 else quote(name)
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


def needs_one_thread(tree: exp.Expression, schemas: Mapping[str, Schema]) -> bool:
    """Whether the query gives the same rows in each run only with one thread.

    None does: aggregates of FLOAT64 are taken in the order of their values, and those over a frame in the
    order of the frame, which `check` demands to be total.
    """
    return False


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
) -> tuple[Context, Relation]:
    context = Context(schemas, relation, keys or {})
    for node, complaint in not_read(tree):
        context.complain(node, complaint)
    if context.complaints:
        return context, Relation("SELECT NULL", ())
    return context, relation(context, tree, {}, None)
