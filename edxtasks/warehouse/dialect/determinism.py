"""What hangs on chance: an order with ties decides which row is first, and ties fall as threads will.

An order is good where one of these holds: the keys hold every column that the SELECT uses (tied rows are
then alike); they hold a unique key of the sources (GROUP BY, DISTINCT, a number given by ROW_NUMBER, the
grain of a table), or columns that lead to one by the equalities of joins and of WHERE; the value itself is
made of the keys; or the SQL says why with a comment, `/* total order: … */`.
"""

from __future__ import annotations

import re
from itertools import product

from sqlglot import exp

from edxtasks.warehouse.dialect.orders import Order, Pending
from edxtasks.warehouse.dialect.scope import Scope, Source
from edxtasks.warehouse.duckdb_sql import quoted_name

_MARKER = re.compile(r"total order\s*:\s*\S")


def has_marker(node: exp.Expression) -> bool:
    """Whether a comment at the node or below it says `total order: …`."""
    return any(_MARKER.search(comment) for part in node.walk() for comment in part.comments or ())


def pending(
    scope: Scope, node: exp.Expression, what: str, order: Order, value: str | None, columns: frozenset[str]
) -> None:
    """Note a use of an order, to be judged at the end of the SELECT.

    `value` and `columns` are the text of the chosen value and the columns it is made of, where a value
    made of the keys alone is enough; else `value` is None.
    """
    if has_marker(node):
        return
    made = value is not None and (value in order.keys or (columns <= order.keys and bool(order.keys)))
    scope.pending.append(Pending(node, what, order, made, value is not None))


def judge(scope: Scope, grouping: frozenset[str] | None) -> list[tuple[exp.Expression, str]]:
    """Complaints about the orders used in a SELECT; `grouping` are the keys of GROUP BY, None without one."""
    complaints = []
    for use in scope.pending:
        keys = use.order.keys
        if use.made_of_keys:
            continue
        if use.grouped:  # an aggregate: the rows are those of the sources, within a group
            within = keys | (grouping or frozenset())
            if scope.used <= determined(scope, within) or unique(scope, within):
                continue
        elif grouping is not None:  # a window over groups: the rows are the groups
            if grouping <= determined(scope, keys):
                continue
        elif scope.used <= determined(scope, keys) or unique(scope, keys):
            continue
        complaints.append(
            (
                use.node,
                f"{use.what} hangs on chance where the order has ties: order by more columns, or say why "
                "there are none with /* total order: … */",
            )
        )
    return complaints


def determined(scope: Scope, keys: frozenset[str]) -> frozenset[str]:
    """The columns, as DuckDB texts, that are the same in all rows which have the same `keys`."""
    known = keys | scope.fixed
    while True:
        more = {second for first, second in scope.leads if first in known}
        for source in scope.sources.values():
            if any(key <= known for key in _keys_of(source)):
                more |= {f"{quoted_name(source.alias)}.{quoted_name(name)}" for name, _ in source.columns}
        if more <= known:
            return frozenset(known)
        known = known | more


def unique(scope: Scope, keys: frozenset[str]) -> bool:
    """Whether no two rows of the sources together have the same values in `keys`."""
    known = determined(scope, keys)
    sources = scope.sources.values()
    return bool(sources) and all(any(key <= known for key in _keys_of(source)) for source in sources)


def keys_of_join(scope: Scope) -> list[frozenset[str]]:
    """Sets of DuckDB texts of columns that are unique together over all sources."""
    each = [_keys_of(source) for source in scope.sources.values()]
    alone = [key for keys in each for key in keys if unique(scope, key)]
    if not each or not all(each):
        return alone
    return alone + [frozenset().union(*chosen) for chosen in list(product(*each))[:16]]


def _keys_of(source: Source) -> list[frozenset[str]]:
    """The unique keys of a source as sets of DuckDB texts; the names of columns in them have any case."""
    spelt = {name.lower(): name for name, _ in source.columns}
    return [
        frozenset(f"{quoted_name(source.alias)}.{quoted_name(spelt.get(name.lower(), name))}" for name in key)
        for key in source.known_keys()
    ]
