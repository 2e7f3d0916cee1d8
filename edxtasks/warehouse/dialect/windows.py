"""Window functions: `f(…) OVER (PARTITION BY … ORDER BY … frame)`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from edxtasks.warehouse.dialect.aggregates import take_apart
from edxtasks.warehouse.dialect.coercion import RefusedError, fit, whole_number
from edxtasks.warehouse.dialect.determinism import pending
from edxtasks.warehouse.dialect.expressions import Call, Place, Unreadable
from edxtasks.warehouse.dialect.functions import builder, call
from edxtasks.warehouse.dialect.operators import branches
from edxtasks.warehouse.dialect.orders import Order
from edxtasks.warehouse.dialect.sorting import order_terms
from edxtasks.warehouse.dialect.types import (
    DATE,
    FLOAT64,
    INT64,
    PARAMETER,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    UNREADABLE,
    Type,
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
    if isinstance(function, (exp.IgnoreNulls, exp.RespectNulls)):
        raise RefusedError("IGNORE NULLS stands inside the parentheses: FIRST_VALUE(x IGNORE NULLS)")
    if not isinstance(function, exp.Anonymous):
        raise RefusedError(f"{function.key.upper()} is not a window function on the proven list")
    name = function.name.upper()
    if name not in (*_RANKS, *_NAVIGATION, *_AGGREGATES, *_PERCENTILES):
        raise RefusedError(f"{name} … OVER is not on the proven list; see docs/sql.md")
    definition = definition_of(node)
    with place.context.collected():  # as GROUP BY, it says which rows belong together
        partition = [place.value(item) for item in definition.partition]
    ordered = definition.order.expressions if definition.order is not None else []
    terms, order, types = order_terms(place, ordered)
    if any(value.type == UNKNOWN for value in partition):
        return UNREADABLE
    for value in partition:
        if value.type == FLOAT64 or value.type.kind in ("STRUCT", "ARRAY"):
            raise RefusedError(f"PARTITION BY {value.type} is not GoogleSQL")
    order |= [value.sql for value in partition]
    spec = definition.spec
    _check_definition(name, bool(ordered), spec)
    if spec is not None:
        _check_frame(spec, types)
    pieces = []
    if partition:
        pieces.append(f"PARTITION BY {', '.join(value.sql for value in partition)}")
    if terms:
        pieces.append(f"ORDER BY {', '.join(terms)}")
    if spec is not None:
        pieces.append(_frame(spec))
    over = f" OVER ({' '.join(pieces)})"
    if ordered or spec is not None:
        _refuse_distinct(name, function)
    value = call(place, function, over=over)
    _check(place, node, name, function, order, bool(terms), spec, value)
    return value


@dataclass(frozen=True)
class Definition:
    """A window: the expressions of PARTITION BY, the ORDER BY, the frame."""

    partition: list[exp.Expression]
    order: exp.Expression | None
    spec: exp.Expression | None


def definition_of(node: exp.Expression) -> Definition:
    """The definition of a window, with what it takes over from the one that it names.

    `OVER w`, `OVER (w ORDER BY x)`, `WINDOW w2 AS (w ROWS 1 PRECEDING)`: a window may add an order to one
    that has none, and a frame to one that has none, and nothing else.
    """
    own = Definition(node.args.get("partition_by") or [], node.args.get("order"), node.args.get("spec"))
    alias = node.args.get("alias")
    if alias is None:
        return own
    base = definition_of(_named(node, alias.name))
    adds = own.order is not None or own.spec is not None
    if own.partition:
        raise RefusedError(f"a window that names another ({alias.name}) has no PARTITION BY of its own")
    if own.order is not None and base.order is not None:
        raise RefusedError(
            f"the window {alias.name} has an ORDER BY: a window that names it has none of its own"
        )
    if adds and base.spec is not None:
        raise RefusedError(f"the window {alias.name} has a frame: a window that names it adds nothing")
    return Definition(base.partition, own.order or base.order, own.spec or base.spec)


def _named(node: exp.Expression, name: str) -> exp.Expression:
    """The window of the WINDOW clause that is called `name`; a window there sees those before it."""
    select = node.find_ancestor(exp.Select)
    for named in (select.args.get("windows") or []) if select is not None else []:
        if named is node:
            break
        if named.name.lower() == name.lower():
            found: exp.Expression = named
            return found
    raise RefusedError(f"no WINDOW {name} is defined")


def _check_definition(name: str, ordered: bool, spec: exp.Expression | None) -> None:
    """Refuse what GoogleSQL refuses of a function and its window."""
    needs_order = name in (*_RANKS, *_NAVIGATION) and name != "ROW_NUMBER"
    if needs_order and not ordered:
        raise RefusedError(f"{name} needs ORDER BY in its window")
    if spec is not None and name in (*_RANKS, *_PERCENTILES, "NTILE", "LAG", "LEAD"):
        raise RefusedError(f"{name} takes no frame (ROWS, RANGE)")


def _refuse_distinct(name: str, function: exp.Anonymous) -> None:
    if name in _AGGREGATES and take_apart(list(function.expressions), name).distinct:
        raise RefusedError(f"{name}(DISTINCT …) takes no ORDER BY and no frame in its window")


_SIDES = {"PRECEDING": -1, "FOLLOWING": 1}


def _check_frame(spec: exp.Expression, types: list[Type]) -> None:
    """Refuse a frame that GoogleSQL refuses."""
    if spec.args["kind"] not in ("ROWS", "RANGE"):
        raise RefusedError(f"a frame is one of ROWS or RANGE, found {spec.args['kind']}")
    bounds = [(spec.args.get(side), spec.args.get(f"{side}_side")) for side in ("start", "end")]
    distances = [bound for bound, _ in bounds if isinstance(bound, exp.Expression)]
    for distance in distances:
        is_number = isinstance(distance, exp.Literal) and not distance.is_string
        if not is_number or whole_number(distance.name) is None:
            raise RefusedError("a frame takes literal numbers, integers")
    places = [_place(bound, side) for bound, side in bounds]
    start, end = places[0], places[1] if bounds[1][0] is not None else (0, 0)
    if start is None or end is None or start == (1, 1) or end == (-1, 1) or start[0] > end[0]:
        raise RefusedError("the frame of a window ends before it begins")
    if spec.args["kind"] == "RANGE":
        if distances and types != [INT64]:
            raise RefusedError("RANGE with a distance takes one key in ORDER BY, an INT64")
        if not types and (start, end) != ((-1, 1), (1, 1)):
            raise RefusedError("RANGE needs ORDER BY")


def _place(bound: object, side: object) -> tuple[int, int] | None:
    """Where a bound of a frame is: before, at or after the row (-1, 0, 1), and whether without bound."""
    if bound is None or bound == "CURRENT ROW":
        return (0, 0)
    toward = _SIDES.get(str(side).upper())
    return None if toward is None else (toward, int(bound == "UNBOUNDED"))


def _frame(spec: exp.Expression) -> str:
    """The frame in DuckDB."""
    bounds = []
    for side in ("start", "end"):
        bound, toward = spec.args.get(side), spec.args.get(f"{side}_side")
        if bound is None:
            continue
        if isinstance(bound, exp.Expression):
            bounds.append(f"{bound.name} {toward}")
        else:
            bounds.append(str(bound) if bound == "CURRENT ROW" else f"{bound} {toward}")
    kind = spec.args["kind"]
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
        raise RefusedError(f"{call.name} needs OVER (…)")
    return Value(f"{call.name.lower()}(){call.over}", _RANKS[call.name])


for _name in _RANKS:
    builder(_name)(_rank)


@builder("NTILE")
def _ntile(call: Call) -> Value:
    call.take(1)
    return Value(f"ntile({_count(call, 0, 1)}){call.over}", INT64)


def _count(call: Call, index: int, least: int) -> str:
    """An argument that is a literal number or a parameter."""
    value = call.value(index)
    found = None if value.number is None else whole_number(value.number)
    if value.type != PARAMETER and found is None:
        raise RefusedError(f"{call.name}: argument {index + 1} must be a literal number or a parameter")
    if found is not None and found < least:
        raise RefusedError(f"{call.name}: argument {index + 1} must be at least {least}")
    return fit(value, INT64)


@builder("LAG", "LEAD")
def _neighbour(call: Call) -> Value:
    call.take(1, 2, 3)
    if not call.over:
        raise RefusedError(f"{call.name} needs OVER (…)")
    value = call.value(0)
    distance = _count(call, 1, 0) if len(call.arguments) > 1 else "1"
    if len(call.arguments) < 3:
        return Value(f"{call.name.lower()}({value.sql}, {distance}){call.over}", value.type)
    (this, default), kind = branches([value, call.value(2)], call.name)
    return Value(f"{call.name.lower()}({this}, {distance}, {default}){call.over}", kind)


@builder("FIRST_VALUE", "LAST_VALUE")
def _end_value(call: Call) -> Value:
    arguments = take_apart(call.arguments, call.name)
    if len(arguments.nodes) != 1 or not call.over:
        raise RefusedError(f"{call.name} takes one argument and OVER (…)")
    value = call.place.value(arguments.nodes[0])
    if value.type == UNKNOWN:
        raise Unreadable
    ignore = " IGNORE NULLS" if arguments.ignore_nulls else ""
    return Value(f"{call.name.lower()}({value.sql}{ignore}){call.over}", value.type)


@builder("NTH_VALUE")
def _nth_value(call: Call) -> Value:
    call.take(2)
    if not call.over:
        raise RefusedError("NTH_VALUE needs OVER (…)")
    value = call.value(0)
    return Value(f"nth_value({value.sql}, {_count(call, 1, 1)}){call.over}", value.type)


@builder("PERCENTILE_DISC", "PERCENTILE_CONT")
def _percentile(call: Call) -> Value:
    call.take(2)
    if not call.over or "ORDER BY" in call.over:
        raise RefusedError(f"{call.name} needs OVER (PARTITION BY …), without ORDER BY")
    fraction = call.value(1).number
    if fraction is None or not 0 <= float(fraction) <= 1:
        raise RefusedError(f"{call.name} takes a literal fraction from 0 to 1")
    value = call.value(0)
    if call.name == "PERCENTILE_CONT":
        return Value(f"quantile_cont({fit(value, FLOAT64)}, {fraction}){call.over}", FLOAT64)
    if value.type not in (INT64, FLOAT64, STRING, DATE, TIMESTAMP):
        raise RefusedError(f"PERCENTILE_DISC of {value.type}")
    # The fraction is a FLOAT64, so that a tenth of ten rows is a little more than one: DuckDB takes it as a
    # decimal, which is given the digits that the FLOAT64 has.
    digits = f"{Decimal(float(fraction)):.24f}"
    return Value(f"quantile_disc({value.sql}, {digits}){call.over}", value.type)
