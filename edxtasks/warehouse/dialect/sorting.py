"""ORDER BY, in queries, windows and aggregates: NULLs and NaN where GoogleSQL puts them."""

from __future__ import annotations

from sqlglot import exp

from edxtasks.warehouse.dialect.coercion import RefusedError
from edxtasks.warehouse.dialect.expressions import Place
from edxtasks.warehouse.dialect.orders import Order
from edxtasks.warehouse.dialect.types import (
    BOOL,
    DATE,
    FLOAT64,
    INT64,
    OPEN,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    Type,
    Value,
)

_SORTABLE = (INT64, FLOAT64, STRING, BOOL, DATE, TIMESTAMP, *OPEN)


def order_terms(place: Place, nodes: list[exp.Ordered]) -> tuple[list[str], Order, list[Type]]:
    """The terms of an ORDER BY in DuckDB, NULLs where GoogleSQL puts them; the keys, and their types."""
    terms = []
    keys = set()
    types = []
    for node in nodes:
        value = place.value(node.this)
        found, key = sort_term(place, node, value)
        terms += found
        keys.add(key)
        types.append(value.type)
    return terms, Order(frozenset(keys)), types


def sort_term(place: Place, node: exp.Ordered, value: Value) -> tuple[list[str], str]:
    """One term of an ORDER BY in DuckDB, and its key: in two parts for FLOAT64, none for a constant.

    NaN is the least FLOAT64, in DuckDB the greatest.
    """
    if value.type == UNKNOWN:
        return ["NULL"], "NULL"
    if value.constant:
        return [], value.sql
    if value.type not in _SORTABLE:
        raise RefusedError(f"ORDER BY {value.type}")
    direction = "DESC" if node.args.get("desc") else "ASC"
    nulls = "NULLS FIRST" if node.args.get("nulls_first") else "NULLS LAST"
    terms = [f"{value.sql} {direction} {nulls}"]
    if value.type == FLOAT64:
        terms.insert(0, f"(NOT isnan({value.sql})) {direction} {nulls}")
    return terms, value.sql
