"""The proven list: the functions that a model may use, and what each becomes in DuckDB.

A function is entered by its GoogleSQL name, either as an overload (argument types, result type, DuckDB
text with `{0}`, `{1}` … for the arguments) or as a builder, where the arguments are no plain values. What
is not entered is refused. The version number of an entry is part of the recipe of every model that uses
it: raise it when the rows that it gives change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from edxtasks.printable import quantity
from edxtasks.warehouse.dialect.coercion import RefusedError, fit, fits
from edxtasks.warehouse.dialect.expressions import Call, Place
from edxtasks.warehouse.dialect.types import PARAMETER, UNKNOWN, UNREADABLE, Type, Value

Builder = Callable[[Call], Value]


@dataclass(frozen=True)
class Overload:
    """One signature: what the arguments must be, what comes out, and the DuckDB text."""

    arguments: tuple[Type, ...]
    result: Type
    template: str
    safe: str | None = None
    """The DuckDB text under `SAFE.`, where it may stand before the function."""


@dataclass
class Function:
    """A function on the proven list."""

    name: str
    overloads: list[Overload]
    builder: Builder | None = None
    version: int = 1
    safe: bool = False
    """Whether `SAFE.` may stand before it."""


FUNCTIONS: dict[str, Function] = {}


def plain(
    name: str,
    arguments: Sequence[Type],
    result: Type,
    template: str,
    safe: str | None = None,
    version: int = 1,
) -> None:
    """Enter an overload of a function of plain values."""
    function = FUNCTIONS.setdefault(name, Function(name, [], None, version))
    function.version = max(function.version, version)
    function.safe = function.safe or safe is not None
    function.overloads.append(Overload(tuple(arguments), result, template, safe))


def builder(*names: str, version: int = 1, safe: bool = False) -> Callable[[Builder], Builder]:
    """Enter the decorated builder under these names."""

    def enter(build: Builder) -> Builder:
        for name in names:
            FUNCTIONS[name] = Function(name, [], build, version, safe)
        return build

    return enter


def choose(function: Function, values: Sequence[Value], safe: bool = False) -> Value:
    """The value of a function of plain values: the first overload that fits, exact types first."""
    candidates = [o for o in function.overloads if len(o.arguments) == len(values)]
    if not candidates:
        counts = sorted({len(o.arguments) for o in function.overloads})
        raise RefusedError(
            f"{function.name}: found {quantity(len(values), 'argument')}, expected "
            f"{' or '.join(map(str, counts))}"
        )
    exact = [o for o in candidates if tuple(v.type for v in values) == o.arguments]
    loose = [o for o in candidates if all(map(fits, values, o.arguments))]
    if not (exact or loose):
        found = ", ".join(str(v.type) for v in values)
        raise RefusedError(f"{function.name}({found}) is not on the proven list; see docs/sql.md")
    chosen = (exact or loose)[0]
    if not exact and len({o.result for o in loose}) > 1 and any(v.type == PARAMETER for v in values):
        raise RefusedError(f"{function.name}: the type of the parameter decides; write CAST(@name AS type)")
    template = chosen.safe if safe else chosen.template
    if template is None:
        raise RefusedError(f"SAFE.{function.name} of these types is not on the proven list; see docs/sql.md")
    texts = [fit(value, kind) for value, kind in zip(values, chosen.arguments, strict=True)]
    return Value(template.format(*texts), chosen.result)


def call(place: Place, node: exp.Expression, over: str = "", safe: bool = False) -> Value:
    """A call of a function on the proven list."""
    assert isinstance(node, exp.Anonymous)
    name = node.name.upper()
    function = FUNCTIONS.get(name)
    if function is None:
        raise RefusedError(f"{name} is not on the proven list{_REASONS.get(name, '')}; see docs/sql.md")
    if safe and not function.safe:
        raise RefusedError(f"SAFE.{name} is not on the proven list; see docs/sql.md")
    if function.builder is not None:
        return function.builder(Call(name, list(node.expressions), place, node, over, safe))
    if over:
        raise RefusedError(f"{name} is not a window function")
    values = [place.value(argument) for argument in node.expressions]
    if any(value.type == UNKNOWN for value in values):
        return UNREADABLE
    return choose(function, values, safe)


_CHANCE = ": what it gives hangs on chance"
_CLOCK = ": what it gives hangs on the time of the run; take a parameter"
_REASONS = {
    "ANY_VALUE": f"{_CHANCE}; take MIN, MAX or ARRAY_AGG(… ORDER BY … LIMIT 1)[SAFE_OFFSET(0)]",
    "RAND": _CHANCE,
    "GENERATE_UUID": _CHANCE,
    "SESSION_USER": ": what it gives hangs on who runs it",
    "CURRENT_TIMESTAMP": _CLOCK,
    "CURRENT_DATE": _CLOCK,
    "CURRENT_DATETIME": _CLOCK,
    "CURRENT_TIME": _CLOCK,
    "APPROX_COUNT_DISTINCT": ": it estimates; take COUNT(DISTINCT …)",
    "APPROX_QUANTILES": ": it estimates; take PERCENTILE_DISC or PERCENTILE_CONT",
    "APPROX_TOP_COUNT": ": it estimates",
    "FARM_FINGERPRINT": ": DuckDB has nothing that gives the same; take TO_HEX(MD5(…))",
}
