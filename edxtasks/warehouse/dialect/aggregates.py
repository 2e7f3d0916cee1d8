"""Aggregates, also as window functions, and what in them hangs on chance.

Sums, means and deviations of FLOAT64 depend on the order of the rows in their last digits, and the order
of rows on the number of threads: they are taken in the order of the values themselves. Those of INT64 are
taken from exact sums, which have no order, in half the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from edxtasks.warehouse.dialect.coercion import RefusedError, fit, literal_of, whole_number
from edxtasks.warehouse.dialect.determinism import pending
from edxtasks.warehouse.dialect.expressions import Call, Unreadable
from edxtasks.warehouse.dialect.functions import builder
from edxtasks.warehouse.dialect.orders import Order
from edxtasks.warehouse.dialect.sorting import order_terms
from edxtasks.warehouse.dialect.types import (
    BOOL,
    DATE,
    FLOAT64,
    INT64,
    NULL,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    Value,
    array,
    text,
)


@dataclass
class Arguments:
    """The arguments of an aggregate, taken apart: `f(DISTINCT a, b IGNORE NULLS ORDER BY c LIMIT n)`."""

    nodes: list[exp.Expression]
    distinct: bool = False
    ignore_nulls: bool | None = None
    order: list[exp.Ordered] = field(default_factory=list)
    limit: int | None = None


def take_apart(nodes: list[exp.Expression], name: str) -> Arguments:
    """Find what the parser wrapped around the arguments."""
    result = Arguments(list(nodes))
    for index in range(len(result.nodes)):
        node = result.nodes[index]
        while isinstance(node, (exp.Limit, exp.Order, exp.IgnoreNulls, exp.RespectNulls, exp.Distinct)):
            if isinstance(node, exp.Limit):
                limit = node.expression
                found = whole_number(limit.name) if isinstance(limit, exp.Literal) else None
                if found is None or limit.is_string:
                    raise RefusedError(f"{name}: LIMIT takes a whole number")
                result.limit = found
            elif isinstance(node, exp.Order):
                if result.ignore_nulls is not None:
                    raise RefusedError(f"{name}: IGNORE NULLS and RESPECT NULLS stand before ORDER BY")
                result.order = node.expressions
            elif isinstance(node, exp.Distinct):
                result.distinct = True
                result.nodes[index : index + 1] = node.expressions
                return _rest(result, name)
            else:
                result.ignore_nulls = isinstance(node, exp.IgnoreNulls)
            node = node.this
        if isinstance(node, exp.HavingMax):
            raise RefusedError(
                f"{name} … HAVING MAX is not on the proven list: take ARRAY_AGG with ORDER BY and LIMIT"
            )
        result.nodes[index] = node
    return result


def _rest(result: Arguments, name: str) -> Arguments:
    if any(isinstance(node, (exp.Order, exp.Limit, exp.IgnoreNulls, exp.Distinct)) for node in result.nodes):
        raise RefusedError(f"{name}: this form of DISTINCT is not on the proven list")
    return result


def simple(call: Call, count: int = 1) -> tuple[list[Value], str]:
    """The values of an aggregate that takes at most DISTINCT, and `DISTINCT ` or nothing."""
    arguments = take_apart(call.arguments, call.name)
    if len(arguments.nodes) != count or arguments.order or arguments.limit is not None:
        raise RefusedError(f"this form of {call.name} is not on the proven list; see docs/sql.md")
    if arguments.ignore_nulls is not None:
        raise RefusedError(f"{call.name} takes no IGNORE NULLS")
    if arguments.distinct and call.over and call.name != "COUNT":
        raise RefusedError(f"{call.name}(DISTINCT …) OVER is not on the proven list; see docs/sql.md")
    values = [call.place.value(node) for node in arguments.nodes]
    if any(value.type == UNKNOWN for value in values):
        raise Unreadable
    return values, "DISTINCT " if arguments.distinct else ""


@builder("COUNT")
def _count(call: Call) -> Value:
    if len(call.arguments) == 1 and isinstance(call.arguments[0], exp.Star):
        return Value(f"count(*){call.over}", INT64)
    (value,), distinct = simple(call)
    return Value(f"count({distinct}{value.sql}){call.over}", INT64)


@builder("COUNTIF")
def _countif(call: Call) -> Value:
    (value,), distinct = simple(call)
    if distinct:
        raise RefusedError("COUNTIF(DISTINCT …) is not on the proven list")
    return Value(f"count(*) FILTER (WHERE {fit(value, BOOL)}){call.over}", INT64)


@builder("LOGICAL_OR", "LOGICAL_AND")
def _logical(call: Call) -> Value:
    (value,), distinct = simple(call)
    name = "bool_or" if call.name == "LOGICAL_OR" else "bool_and"
    return Value(f"{name}({distinct}{fit(value, BOOL)}){call.over}", BOOL)


def ordered(name: str, values: list[str], call: Call, distinct: str = "", constant: bool = False) -> str:
    """A float aggregate whose digits do not depend on the order in which rows come."""
    keys = ", ".join(values)
    if constant:
        return f"{name}({distinct}{keys}){call.over}"
    if not call.over:
        return f"{name}({distinct}{keys} ORDER BY {keys})"
    if call.over == " OVER ()":
        return f"{name}({keys}) OVER (ORDER BY {keys} {WHOLE})"
    if "ORDER BY" not in call.over:
        return f"{name}({keys}){call.over[:-1]} ORDER BY {keys} {WHOLE})"
    return f"{name}({keys}){call.over}"


WHOLE = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
"""A frame that is the whole partition, whatever the order."""


@builder("SUM")
def _sum(call: Call) -> Value:
    (value,), distinct = simple(call)
    if value.type == INT64:
        return Value(f"CAST(sum({distinct}{value.sql}){call.over} AS BIGINT)", INT64)
    if value.type != FLOAT64:
        raise RefusedError(f"SUM({value.type}) is not on the proven list; see docs/sql.md")
    return Value(ordered("sum", [value.sql], call, distinct, value.constant), FLOAT64)


@builder("AVG")
def _avg(call: Call) -> Value:
    (value,), distinct = simple(call)
    if value.type == INT64:
        return Value(f"avg({distinct}{value.sql}){call.over}", FLOAT64)
    return Value(ordered("avg", [fit(value, FLOAT64)], call, distinct, value.constant), FLOAT64)


_DEVIATIONS = {
    "STDDEV": "stddev_samp",
    "STDDEV_SAMP": "stddev_samp",
    "STDDEV_POP": "stddev_pop",
    "VARIANCE": "var_samp",
    "VAR_SAMP": "var_samp",
    "VAR_POP": "var_pop",
}


_SQUARES_FIT = 1 << 40
"""Numbers up to this have squares whose sum HUGEINT holds for 10^14 of them."""


@builder(*_DEVIATIONS, version=2)
def _deviation(call: Call) -> Value:
    (value,), distinct = simple(call)
    if value.type == INT64 and not distinct and not call.over and not value.constant:
        return Value(_exact_deviation(call.name, value.sql), FLOAT64)
    this = fit(value, FLOAT64)
    finite = f"(CASE WHEN isfinite({this}) THEN {this} END)"  # DuckDB's own answer to others varies
    chosen = ordered(_DEVIATIONS[call.name], [finite], call, distinct)
    broken = f"bool_or(NOT isfinite({this})){call.over}"
    if not call.name.endswith("_POP"):
        broken = f"({broken} AND count({this}){call.over} > 1)"
    return Value(f"bq_unless_nan({broken}, {chosen})", FLOAT64)


def _exact_deviation(name: str, x: str) -> str:
    """A deviation of whole numbers `x`: of usual ones by exact sums, of huge ones in their order, both
    joined."""
    usual = f"{x} BETWEEN -{_SQUARES_FIT} AND {_SQUARES_FIT}"
    squares = (
        f"bq_squares(count({x}), sum({x}), sum(CASE WHEN {usual} THEN CAST({x} AS HUGEINT) * {x} END), "
        f"list({x}) FILTER (WHERE NOT {usual}))"
    )
    least = 0 if name.endswith("_POP") else 1
    variance = f"CASE WHEN count({x}) > {least} THEN {squares} / (count({x}) - {least}) END"
    return f"({variance})" if name.startswith("VAR") else f"sqrt({variance})"


@builder("CORR", "COVAR_SAMP", "COVAR_POP")
def _corr(call: Call) -> Value:
    values, distinct = simple(call, 2)
    if distinct:
        raise RefusedError(f"{call.name}(DISTINCT …) is not on the proven list")
    if any(value.number is not None for value in values):
        raise RefusedError(f"{call.name} with a literal is not on the proven list")
    left, right = (fit(value, FLOAT64) for value in values)
    pairs = f"count(*) FILTER (WHERE {left} IS NOT NULL AND {right} IS NOT NULL){call.over}"
    least = 0 if call.name == "COVAR_POP" else 1
    chosen = ordered(call.name.lower(), [left, right], call)
    return Value(f"(CASE WHEN {pairs} > {least} THEN {chosen} END)", FLOAT64)


@builder("MIN", "MAX")
def _extreme(call: Call) -> Value:
    (value,), _ = simple(call)
    if value.type not in (INT64, FLOAT64, STRING, BOOL, DATE, TIMESTAMP):
        raise RefusedError(f"{call.name}({value.type}) is not on the proven list; see docs/sql.md")
    chosen = f"{call.name.lower()}({value.sql}){call.over}"
    if call.name == "MIN" and value.type == FLOAT64:
        chosen = (
            f"(CASE WHEN bool_or(isnan({value.sql})){call.over} THEN CAST('nan' AS DOUBLE) ELSE {chosen} END)"
        )
    return Value(chosen, value.type)


def order_by(call: Call, nodes: list[exp.Ordered]) -> tuple[str, Order]:
    """`ORDER BY …` inside an aggregate, and its keys."""
    terms, order, _ = order_terms(call.place, nodes)
    return (f" ORDER BY {', '.join(terms)}" if terms else ""), order


def _check_distinct(call: Call, arguments: Arguments, keys: Order, value: str) -> None:
    """Refuse DISTINCT values in an order that each of them may have several places in."""
    if arguments.distinct and not keys.keys <= {value}:
        raise RefusedError(f"{call.name}(DISTINCT …) takes ORDER BY the value itself alone")


@builder("ARRAY_AGG")
def _array_agg(call: Call) -> Value:
    if call.over:
        raise RefusedError("ARRAY_AGG … OVER is not on the proven list; see docs/sql.md")
    arguments = take_apart(call.arguments, call.name)
    if len(arguments.nodes) != 1:
        raise RefusedError("ARRAY_AGG takes one argument")
    value, columns = call.place.with_columns(arguments.nodes[0])
    if value.type == UNKNOWN:
        raise Unreadable
    if value.type == NULL:
        raise RefusedError("ARRAY_AGG(NULL)")
    if value.type.element is not None:
        raise RefusedError(f"ARRAY_AGG({value.type}): an array of arrays is not GoogleSQL")
    order, keys = order_by(call, arguments.order)
    _check_distinct(call, arguments, keys, value.sql)
    pending(call.place.scope, call.node, "ARRAY_AGG", keys, value.sql, columns)
    distinct = "DISTINCT " if arguments.distinct else ""
    only = f" FILTER (WHERE {value.sql} IS NOT NULL)" if arguments.ignore_nulls else ""
    listed = f"array_agg({distinct}{value.sql}{order}){only}"
    if arguments.limit is not None:
        listed = f"list_slice({listed}, 1, {arguments.limit})"
    return Value(listed, array(value.type))


@builder("STRING_AGG")
def _string_agg(call: Call) -> Value:
    if call.over:
        raise RefusedError("STRING_AGG … OVER is not on the proven list; see docs/sql.md")
    arguments = take_apart(call.arguments, call.name)
    if len(arguments.nodes) not in (1, 2):
        raise RefusedError("STRING_AGG takes one or two arguments")
    separator = literal_of(arguments.nodes[1]) if len(arguments.nodes) == 2 else ","
    if separator is None:
        raise RefusedError("STRING_AGG takes a literal between the texts")
    value, columns = call.place.with_columns(arguments.nodes[0])
    if value.type == UNKNOWN:
        raise Unreadable
    this = fit(value, STRING)
    order, keys = order_by(call, arguments.order)
    _check_distinct(call, arguments, keys, this)
    pending(call.place.scope, call.node, "STRING_AGG", keys, this, columns)
    distinct = "DISTINCT " if arguments.distinct else ""
    if arguments.limit is None:
        return Value(f"string_agg({distinct}{this}, {text(separator)}{order})", STRING)
    listed = f"array_agg({distinct}{this}{order}) FILTER (WHERE {this} IS NOT NULL)"
    return Value(f"array_to_string(list_slice({listed}, 1, {arguments.limit}), {text(separator)})", STRING)
