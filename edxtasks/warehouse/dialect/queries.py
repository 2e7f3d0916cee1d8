"""Queries of GoogleSQL as queries of DuckDB: WITH, parentheses, set operations around SELECTs."""

from __future__ import annotations

from sqlglot import exp

from edxtasks.printable import quantity
from edxtasks.warehouse.dialect.scope import Context, Ctes, Relation, Scope
from edxtasks.warehouse.dialect.select import Select
from edxtasks.warehouse.dialect.types import UNKNOWN, Origins, Type, common
from edxtasks.warehouse.duckdb_sql import quoted_name


def relation(context: Context, node: exp.Expression, ctes: Ctes, outer: Scope | None) -> Relation:
    """A query in DuckDB. `ctes` are those that are visible, `outer` the SELECT in which it stands."""
    if isinstance(node, exp.Subquery):
        return relation(context, node.this, ctes, outer)
    if isinstance(node, exp.SetOperation):
        return _set_operation(context, node, ctes, outer)
    if isinstance(node, exp.Select):
        clause, ctes = _with(context, node, ctes, outer)
        return Select(context, node, ctes, outer, clause).relation()
    context.complain(node, f"{node.key.upper()} is not on the proven list; see docs/sql.md")
    return Relation("SELECT NULL", ())


def _both_origins(left: Relation, right: Relation, by_name: bool) -> tuple[Origins, ...]:
    """Where the columns of a set operation come from: from both sides, matched by name or by place."""
    if not by_name:
        return tuple(above | below for above, below in zip(left.origins, right.origins, strict=True))
    others = right.named_origins()
    return tuple(found | others[name] for name, found in left.named_origins().items())


def _with(context: Context, node: exp.Expression, ctes: Ctes, outer: Scope | None) -> tuple[str, Ctes]:
    """`WITH …` of a query, and the CTEs that it sees."""
    clause = node.args.get("with_") or node.args.get("with")
    if clause is None:
        return "", ctes
    texts = []
    visible = dict(ctes)
    own: set[str] = set()
    for cte in clause.expressions:
        result = relation(context, cte.this, visible, outer)
        if cte.alias.lower() in own:
            context.complain(node, f"two queries of WITH are called {cte.alias}")
        own.add(cte.alias.lower())
        texts.append(f"{quoted_name(cte.alias)} AS ({result.sql})")
        visible[cte.alias.lower()] = result
    return f"WITH {', '.join(texts)} ", visible


_OPERATIONS: dict[type[exp.Expression], str] = {
    exp.Union: "UNION",
    exp.Intersect: "INTERSECT",
    exp.Except: "EXCEPT",
}


def _set_operation(context: Context, node: exp.SetOperation, ctes: Ctes, outer: Scope | None) -> Relation:
    clause, ctes = _with(context, node, ctes, outer)
    left = relation(context, node.this, ctes, outer)
    right = relation(context, node.expression, ctes, outer)
    word = _OPERATIONS[type(node)]
    distinct = bool(node.args.get("distinct"))
    if word != "UNION" and not distinct:
        context.complain(node, f"{word} ALL is not on the proven list")
    if node.args.get("by_name"):
        columns = _matched_by_name(context, node, left, right)
    else:
        columns = _matched_by_place(context, node, left, right)
    if columns is None:
        return Relation("SELECT NULL", left.columns, origins=left.origins)
    name = " BY NAME" if node.args.get("by_name") else ""
    parts = [_as_types(side, columns, bool(name)) for side in (left, right)]
    sql = f"{clause}({parts[0]}) {word}{' ALL' if not distinct else ''}{name} ({parts[1]})"
    keys = (frozenset(name.lower() for name, _ in columns),) if distinct else ()
    return Relation(sql, tuple(columns), keys, _both_origins(left, right, bool(name)))


def _matched_by_place(
    context: Context, node: exp.Expression, left: Relation, right: Relation
) -> list[tuple[str, Type]] | None:
    if len(left.columns) != len(right.columns):
        context.complain(node, f"{quantity(len(left.columns), 'column')} above, {len(right.columns)} below")
        return None
    columns = []
    for (name, above), (_, below) in zip(left.columns, right.columns, strict=True):
        kind = common((above, below))
        if kind is None:
            context.complain(node, f"column {name} is {above} above, {below} below: write a CAST")
        columns.append((name, kind or UNKNOWN))
    return columns


def _matched_by_name(
    context: Context, node: exp.Expression, left: Relation, right: Relation
) -> list[tuple[str, Type]] | None:
    others = {name.lower(): kind for name, kind in right.columns}
    if {name.lower() for name, _ in left.columns} != set(others):
        context.complain(node, "BY NAME takes the same column names above and below")
        return None
    columns = []
    for name, above in left.columns:
        kind = common((above, others[name.lower()]))
        if kind is None:
            context.complain(node, f"column {name} is {above} above, {others[name.lower()]} below")
        columns.append((name, kind or UNKNOWN))
    return columns


def _as_types(side: Relation, columns: list[tuple[str, Type]], by_name: bool) -> str:
    """The query of one side of a set operation with each column of the type that both sides have together."""
    wanted = [kind for _, kind in columns]
    if by_name:
        types = {name.lower(): kind for name, kind in columns}
        wanted = [types[name.lower()] for name, _ in side.columns]
    if all(kind == found for kind, (_, found) in zip(wanted, side.columns, strict=True)):
        return side.sql
    items = [
        quoted_name(name)
        if kind in (found, UNKNOWN) or kind.kind in ("NULL", "PARAMETER")
        else f"CAST({quoted_name(name)} AS {kind.duckdb}) AS {quoted_name(name)}"
        for kind, (name, found) in zip(wanted, side.columns, strict=True)
    ]
    return f"SELECT {', '.join(items)} FROM ({side.sql})"
