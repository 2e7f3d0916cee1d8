"""What BigQuery's documentation refuses, and no emulator does: limits of statements and of tables.

The fake and the emulator ask here before they take a statement or a table. Needs sqlglot alone, of the
product's version or of the emulator's older one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import sqlglot
from sqlglot import exp

LONGEST_QUERY = 1_024 * 1_024
MOST_TABLES = 1_000
MOST_PARAMETERS = 10_000
MOST_LABELS = 64
MOST_CLUSTERING_COLUMNS = 4
MOST_CHANGED_TABLES = 100
LONGEST_DESCRIPTION = 16_384
LONGEST_COLUMN_DESCRIPTION = 1_024
_CLUSTERED = {
    "BIGINT", "INT64", "INT", "INTEGER", "TEXT", "STRING", "VARCHAR", "BOOL", "BOOLEAN", "DATE", "DATETIME",
    "TIMESTAMP", "TIMESTAMPTZ", "NUMERIC", "DECIMAL", "BIGNUMERIC", "BIGDECIMAL",
}  # fmt: skip
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")

Tables = Callable[[str], Mapping[str, Mapping[str, Any]]]
"""The tables of a dataset by name, as the API tells them."""


@functools.lru_cache(maxsize=4)
def parsed(text: str) -> list[Any]:
    """The statements of a script; the last few are kept, since limits are looked at before it is run."""
    return sqlglot.parse(text, read="bigquery")


def refusal(
    text: str, parameters: Collection[str] | None = None, tables: Tables = lambda dataset: {}
) -> str | None:
    """Why BigQuery refuses a query or script, None when it does not.

    `parameters` are the names of those that were sent with it; None: not looked at.
    """
    if len(text) > LONGEST_QUERY:
        return "The query is too large. The maximum standard SQL query length is 1024.00K characters"
    if parameters is not None and len(parameters) > MOST_PARAMETERS:
        return f"{len(parameters)} query parameters are over the limit of {MOST_PARAMETERS}"
    trees = [tree for tree in parsed(text) if tree is not None]
    named = {one.name for tree in trees for one in tree.find_all(exp.Parameter)}
    missing = named - set(parameters) if parameters is not None else set()
    if missing:
        return f"Query parameter '{min(missing)}' not found"
    return _of_transactions(trees) or next(
        filter(None, (_of_statement(tree, tables) for tree in trees)), None
    )


def _of_statement(tree: exp.Expression, tables: Tables) -> str | None:
    sources: set[tuple[str, str]] = set()
    for table in tree.find_all(exp.Table):
        if not table.db:
            continue
        if table.name.endswith("*"):
            found = _matched(table, tables(table.db))
            fault = _unequal(found)
            if fault:
                return fault
            sources |= {(table.db, name) for name in found}
        else:
            sources.add((table.db, table.name))
    if len(sources) > MOST_TABLES:
        return f"{len(sources)} tables in one query are over the limit of {MOST_TABLES}"
    return _of_creation(tree) if isinstance(tree, exp.Create) else None


def _matched(table: exp.Table, there: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The tables that a wildcard reads: those that the condition beside it names, if it names some."""
    beginning = table.name.removesuffix("*")
    select = table.find_ancestor(exp.Select)
    condition = select.find(exp.In) if select is not None else None
    if condition is not None and condition.this.name == "_TABLE_SUFFIX":
        return {name: there.get(name, {}) for name in (beginning + one.name for one in condition.expressions)}
    return {name: one for name, one in there.items() if name.startswith(beginning)}


def _unequal(found: Mapping[str, Mapping[str, Any]]) -> str | None:
    for name, one in found.items():
        if one.get("type", "TABLE") != "TABLE":
            return f"Views cannot be queried through prefix. Matched views are: {name}"
    shapes = {str((one.get("timePartitioning"), one.get("clustering"))) for one in found.values() if one}
    return "Wildcard matched incompatible partitioning or clustering" if len(shapes) > 1 else None


def _of_creation(tree: exp.Create) -> str | None:
    properties = tree.args.get("properties")
    kinds = {one.name: one.args["kind"] for one in tree.this.find_all(exp.ColumnDef) if one.args.get("kind")}
    for one in properties.expressions if properties else ():
        if isinstance(one, exp.ClusterProperty):
            names = [column.name for column in one.expressions]
            if isinstance(tree.expression, exp.Query) and tree.expression.args.get("order"):
                return "Result of ORDER BY queries cannot be clustered"
            if len(names) > MOST_CLUSTERING_COLUMNS:
                return f"{len(names)} clustering columns are over the limit of {MOST_CLUSTERING_COLUMNS}"
            for name in names:
                if name in kinds and kinds[name].this.value.upper() not in _CLUSTERED:
                    return f"CLUSTER BY expression {name} has a type that cannot be clustered"
        elif one.name.lower() == "labels":
            pairs = [
                (pair.expressions[0].name, pair.expressions[1].name) for pair in one.args["value"].expressions
            ]
            if fault := _of_labels(pairs):
                return fault
        elif one.name.lower() == "description" and len(one.args["value"].name) > LONGEST_DESCRIPTION:
            return f"The description of a table is limited to {LONGEST_DESCRIPTION} characters"
    for column in tree.this.find_all(exp.ColumnDef):
        for constraint in column.find_all(exp.Property):
            if constraint.name.lower() == "description" and (
                len(constraint.args["value"].name) > LONGEST_COLUMN_DESCRIPTION
            ):
                return f"The description of {column.name} is over {LONGEST_COLUMN_DESCRIPTION} characters"
    return None


def _of_transactions(trees: Iterable[exp.Expression]) -> str | None:
    inside = False
    changed: set[str] = set()
    for tree in trees:
        if isinstance(tree, exp.Transaction):
            inside, changed = True, set()
        elif isinstance(tree, exp.Commit | exp.Rollback):
            inside = False
        elif inside and isinstance(tree, exp.Create | exp.Drop | exp.Alter):
            if not (isinstance(tree, exp.Create) and tree.find(exp.TemporaryProperty)):
                return "Transaction control statements do not support DDL on permanent entities"
        elif inside and isinstance(tree, exp.Insert | exp.Delete | exp.Update | exp.Merge):
            changed.add(next(tree.find_all(exp.Table)).sql())
            if len(changed) > MOST_CHANGED_TABLES:
                return f"A transaction changes at most {MOST_CHANGED_TABLES} tables"
    return None


def _of_labels(pairs: Iterable[tuple[str, str | None]]) -> str | None:
    kept = [(key, value) for key, value in pairs if value is not None]
    if len(kept) > MOST_LABELS:
        return f"{len(kept)} labels are over the limit of {MOST_LABELS}"
    for key, value in kept:
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            return f"Label {key} has characters that are not allowed, or too many"
    return None


def table_refusal(body: Mapping[str, Any]) -> str | None:
    """Why BigQuery refuses what the API is told of a table, None when it does not."""
    if len(body.get("description") or "") > LONGEST_DESCRIPTION:
        return f"The description of a table is limited to {LONGEST_DESCRIPTION} characters"
    fields = list(body.get("schema", {}).get("fields", ()))
    while fields:
        one = fields.pop()
        fields += one.get("fields", ())
        if len(one.get("description") or "") > LONGEST_COLUMN_DESCRIPTION:
            return f"The description of {one['name']} is over {LONGEST_COLUMN_DESCRIPTION} characters"
    if len((body.get("clustering") or {}).get("fields", ())) > MOST_CLUSTERING_COLUMNS:
        return f"Too many clustering columns, the limit is {MOST_CLUSTERING_COLUMNS}"
    return _of_labels((body.get("labels") or {}).items())
