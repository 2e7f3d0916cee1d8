"""Window functions: `f(…) OVER (PARTITION BY … ORDER BY … frame)`."""

from __future__ import annotations

from decimal import Decimal

from sqlglot import exp

from edxtasks.warehouse.dialect.aggregates import take_apart
from edxtasks.warehouse.dialect.chance import pending
from edxtasks.warehouse.dialect.expressions import Call, Place, Unreadable
from edxtasks.warehouse.dialect.fitting import Refused, fit
from edxtasks.warehouse.dialect.functions import builder, call
from edxtasks.warehouse.dialect.operators import branches
from edxtasks.warehouse.dialect.orders import Order
from edxtasks.warehouse.dialect.sorting import order_terms
from edxtasks.warehouse.dialect.types import (
    DATE,
    FLOAT64,
    INT64,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    UNREADABLE,
    Value,
)

_NAVIGATION = ("ROW_NUMBER", "NTILE", "LAG", "LEAD", "NTH_VALUE", "FIRST_VALUE", "LAST_VALUE")
_RANKS = {
    "ROW_NUMBER": INT64,
    "RANK": INT64,
    "DENSE_RANK": INT64,
    "PERCENT_RANK": FLOAT64,
    "CUME_DIST": FLOAT64,
}
_AGGREGATES = (
    "COUNT",
    "COUNTIF",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "LOGICAL_OR",
    "LOGICAL_AND",
    "STDDEV",
    "STDDEV_SAMP",
    "STDDEV_POP",
    "VARIANCE",
    "VAR_SAMP",
    "VAR_POP",
    "CORR",
    "COVAR_SAMP",
    "COVAR_POP",
)
_PERCENTILES = ("PERCENTILE_DISC", "PERCENTILE_CONT")
_SUMS_OF_FLOATS = (
    "SUM",
    "AVG",
    "STDDEV",
    "STDDEV_SAMP",
    "STDDEV_POP",
    "VARIANCE",
    "VAR_SAMP",
    "VAR_POP",
    "CORR",
)


def window(place: Place, node: exp.Expression) -> Value:
    """A window function in DuckDB."""
    function = node.this
    ignore = None
    if isinstance(function, (exp.IgnoreNulls, exp.RespectNulls)):
        raise Refused("IGNORE NULLS stands inside the parentheses: FIRST_VALUE(x IGNORE NULLS)")
    if not isinstance(function, exp.Anonymous):
        raise Refused(f"{function.key.upper()} is no window function on the proven list")
    name = function.name.upper()
    if name not in (*_RANKS, *_NAVIGATION, *_AGGREGATES, *_PERCENTILES):
        raise Refused(
            f"{name} … OVER is not on the proven list{'' if ignore is None else ' here'}; see docs/sql.md"
        )
    definition = _definition(place, node)
    partition = [place.value(item) for item in definition.args.get("partition_by") or ()]
    order_node = definition.args.get("order")
    terms, order = order_terms(place, order_node.expressions if order_node is not None else [])
    if any(value.type == UNKNOWN for value in partition):
        return UNREADABLE
    order |= [value.sql for value in partition]
    spec = definition.args.get("spec")
    pieces = []
    if partition:
        pieces.append(f"PARTITION BY {', '.join(value.sql for value in partition)}")
    if terms:
        if spec is not None and spec.args.get("kind") == "RANGE" and len(terms) > 1 and _has_offset(spec):
            raise Refused("RANGE with a distance takes one key that is no FLOAT64")
        pieces.append(f"ORDER BY {', '.join(terms)}")
    if spec is not None:
        pieces.append(_frame(place, spec))
    over = f" OVER ({' '.join(pieces)})"
    value = call(place, function, over=over)
    _check(place, node, name, function, order, bool(terms), spec, value)
    return value


def _definition(place: Place, node: exp.Expression) -> exp.Expression:
    """The node that holds the definition: the window itself, or the one it names."""
    alias = node.args.get("alias")
    if alias is None:
        return node
    select = node.find_ancestor(exp.Select)
    windows: list[exp.Expression] = (select.args.get("windows") or []) if select is not None else []
    for named in windows:
        if named.name.lower() == alias.name.lower():
            return named
    raise Refused(f"no WINDOW {alias.name} is defined")


def _has_offset(spec: exp.Expression) -> bool:
    return any(isinstance(spec.args.get(side), exp.Expression) for side in ("start", "end"))


def _frame(place: Place, spec: exp.Expression) -> str:
    if spec.args.get("exclude"):
        raise Refused("EXCLUDE is not on the proven list")
    bounds = []
    for side in ("start", "end"):
        bound = spec.args.get(side)
        if bound is None:
            continue
        toward = spec.args.get(f"{side}_side")
        if isinstance(bound, exp.Expression):
            if not isinstance(bound, exp.Literal) or bound.is_string:
                raise Refused("a frame takes literal numbers")
            bounds.append(f"{bound.name} {toward}")
        else:
            bounds.append(str(bound) if bound == "CURRENT ROW" else f"{bound} {toward}")
    kind = spec.args.get("kind")
    return f"{kind} BETWEEN {bounds[0]} AND {bounds[1]}" if len(bounds) == 2 else f"{kind} {bounds[0]}"


def _check(
    place: Place,
    node: exp.Expression,
    name: str,
    function: exp.Anonymous,
    order: Order,
    has_order: bool,
    spec: exp.Expression | None,
    value: Value,
) -> None:
    """Note uses of the order in which ties would show."""
    if name in _NAVIGATION:
        made: tuple[str | None, frozenset[str]] = (None, frozenset())
        if name in ("FIRST_VALUE", "LAST_VALUE"):
            arguments = take_apart(list(function.expressions), name)
            _, columns = place.with_columns(arguments.nodes[0])
            if columns and columns <= order.keys:
                return
            made = (None, columns)
        pending(place.scope, node, name, order, *made)
    elif name in _AGGREGATES and has_order:
        rows = spec is not None and spec.args.get("kind") == "ROWS"
        floats = name in _SUMS_OF_FLOATS and value.type == FLOAT64
        if rows or floats:
            pending(place.scope, node, f"{name} over a frame of rows", order, None, frozenset())


def _rank(call: Call) -> Value:
    call.take(0)
    if not call.over:
        raise Refused(f"{call.name} needs OVER (…)")
    return Value(f"{call.name.lower()}(){call.over}", _RANKS[call.name])


for _name in _RANKS:
    builder(_name)(_rank)


@builder("NTILE")
def _ntile(call: Call) -> Value:
    call.take(1)
    return Value(f"ntile({call.typed(0, INT64)}){call.over}", INT64)


@builder("LAG", "LEAD")
def _neighbour(call: Call) -> Value:
    call.take(1, 2, 3)
    if not call.over:
        raise Refused(f"{call.name} needs OVER (…)")
    value = call.value(0)
    distance = call.typed(1, INT64) if len(call.arguments) > 1 else "1"
    if len(call.arguments) < 3:
        return Value(f"{call.name.lower()}({value.sql}, {distance}){call.over}", value.type)
    (this, default), kind = branches([value, call.value(2)], call.name)
    return Value(f"{call.name.lower()}({this}, {distance}, {default}){call.over}", kind)


@builder("FIRST_VALUE", "LAST_VALUE")
def _end_value(call: Call) -> Value:
    arguments = take_apart(call.arguments, call.name)
    if len(arguments.nodes) != 1 or not call.over:
        raise Refused(f"{call.name} takes one argument and OVER (…)")
    value = call.place.value(arguments.nodes[0])
    if value.type == UNKNOWN:
        raise Unreadable
    ignore = " IGNORE NULLS" if arguments.ignore_nulls else ""
    return Value(f"{call.name.lower()}({value.sql}{ignore}){call.over}", value.type)


@builder("NTH_VALUE")
def _nth_value(call: Call) -> Value:
    call.take(2)
    if not call.over:
        raise Refused("NTH_VALUE needs OVER (…)")
    value = call.value(0)
    return Value(f"nth_value({value.sql}, {call.typed(1, INT64)}){call.over}", value.type)


@builder("PERCENTILE_DISC", "PERCENTILE_CONT")
def _percentile(call: Call) -> Value:
    call.take(2)
    if not call.over or "ORDER BY" in call.over:
        raise Refused(f"{call.name} needs OVER (PARTITION BY …), without ORDER BY")
    fraction = call.value(1).number
    if fraction is None or not 0 <= float(fraction) <= 1:
        raise Refused(f"{call.name} takes a literal fraction from 0 to 1")
    value = call.value(0)
    if call.name == "PERCENTILE_CONT":
        return Value(f"quantile_cont({fit(value, FLOAT64)}, {fraction}){call.over}", FLOAT64)
    if value.type not in (INT64, FLOAT64, STRING, DATE, TIMESTAMP):
        raise Refused(f"PERCENTILE_DISC of {value.type}")
    # The fraction is a FLOAT64, so that a tenth of ten rows is a little more than one: DuckDB takes it as a
    # decimal, which is given the digits that the FLOAT64 has.
    digits = f"{Decimal(float(fraction)):.24f}"
    return Value(f"quantile_disc({value.sql}, {digits}){call.over}", value.type)
