"""Where aggregates and window functions may stand, and which columns a SELECT with groups still has.

DuckDB takes some of what GoogleSQL refuses here, and tells of the rest only when a table is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

AGGREGATES = frozenset({
    "COUNT", "COUNTIF", "SUM", "AVG", "MIN", "MAX", "LOGICAL_OR", "LOGICAL_AND", "STDDEV", "STDDEV_SAMP",
    "STDDEV_POP", "VARIANCE", "VAR_SAMP", "VAR_POP", "CORR", "COVAR_SAMP", "COVAR_POP", "ARRAY_AGG",
    "STRING_AGG",
})  # fmt: skip
"""The aggregates on the proven list."""


def has_aggregate(node: exp.Expression) -> bool:
    """Whether an expression holds an aggregate of its own SELECT, not one over a window."""
    return next(_aggregates(node), None) is not None


def has_window(node: exp.Expression) -> bool:
    """Whether an expression holds a window function of its own SELECT."""
    return next(_windows(node), None) is not None


def gives_one_row(select: exp.Select) -> bool:
    """Whether a SELECT without GROUP BY is one of aggregates, so that it gives one row."""
    return any(has_aggregate(item) for item in select.expressions)


def misplaced(select: exp.Select) -> Iterator[tuple[exp.Expression, str]]:
    """Aggregates and window functions where GoogleSQL has none, and clauses that miss theirs."""
    where, group = select.args.get("where"), select.args.get("group")
    having, qualify = select.args.get("having"), select.args.get("qualify")
    conditions = [join.args["on"] for join in select.args.get("joins") or () if join.args.get("on")]
    for node, clause in ((where, "WHERE"), (group, "GROUP BY"), *((on, "ON") for on in conditions)):
        if node is not None and has_aggregate(node):
            yield node, f"{clause} takes no aggregate: put it into HAVING"
    for node, clause in (
        (where, "WHERE"),
        (group, "GROUP BY"),
        (having, "HAVING"),
        *((on, "ON") for on in conditions),
    ):
        if node is not None and has_window(node):
            yield node, f"{clause} takes no window function: put it into QUALIFY, or the SELECT into a WITH"
    for part in (*select.expressions, having, qualify, select.args.get("order")):
        for call in _aggregates(part) if part is not None else ():
            if any(has_aggregate(argument) for argument in call.expressions):
                yield call, f"{call.name.upper()} of an aggregate: put the inner one into a WITH"
            if any(has_window(argument) for argument in call.expressions):
                yield call, f"{call.name.upper()} of a window function: put that into a WITH"
    if having is not None and group is None and not gives_one_row(select):
        yield having, "HAVING needs a GROUP BY, or an aggregate among the columns"
    if qualify is not None and not any(has_window(part) for part in (qualify, *select.expressions)):
        yield qualify, "QUALIFY needs a window function"


def not_grouped(
    node: exp.Expression, grouped: Callable[[exp.Expression], bool], is_column: Callable[[exp.Column], bool]
) -> Iterator[exp.Column]:
    """The columns in an expression over groups that are neither grouped nor in an aggregate.

    `grouped` tells whether an expression is one of GROUP BY; `is_column` whether a name is a column of the
    sources of this SELECT (and not of one around it, or an output column).
    """
    if isinstance(node, exp.Query) or grouped(node):
        return
    if isinstance(node, exp.Column):
        if is_column(node):
            yield node
        return
    if isinstance(node, exp.Window):
        below = [*node.this.iter_expressions(), *_parts_of_window(node)]
    elif _is_aggregate(node):
        return
    else:
        below = list(node.iter_expressions())
    for child in below:
        yield from not_grouped(child, grouped, is_column)


def _parts_of_window(node: exp.Window) -> list[exp.Expression]:
    return [child for child in node.iter_expressions() if child is not node.this]


def _is_aggregate(node: exp.Expression) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.upper() in AGGREGATES


def _aggregates(node: exp.Expression) -> Iterator[exp.Anonymous]:
    if isinstance(node, exp.Query):
        return
    if _is_aggregate(node):
        assert isinstance(node, exp.Anonymous)
        yield node
        return
    children = node.iter_expressions()
    if isinstance(node, exp.Window):
        children = iter([*node.this.iter_expressions(), *_parts_of_window(node)])
    for child in children:
        yield from _aggregates(child)


def _windows(node: exp.Expression) -> Iterator[exp.Window]:
    if isinstance(node, exp.Query):
        return
    if isinstance(node, exp.Window):
        yield node
        return
    for child in node.iter_expressions():
        yield from _windows(child)
