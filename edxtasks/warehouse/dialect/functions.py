"""The proven list: the functions that a model may use, and what each becomes in DuckDB.

A function is entered by its GoogleSQL name, either as an overload (argument types, result type, DuckDB
text with `{0}`, `{1}` … for the arguments) or as a builder, where the arguments are no plain values. What
is not entered is refused. The version number of an entry is part of the recipe of every model that uses
it: raise it when the rows that it gives change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from edxtasks.warehouse.dialect.types import (
    DATE,
    FLOAT64,
    INT64,
    NULL,
    OPEN,
    PARAMETER,
    TIMESTAMP,
    Type,
    Value,
    text,
)

if TYPE_CHECKING:
    from edxtasks.warehouse.dialect.expressions import Call


class Refused(Exception):
    """An expression that is not on the proven list, or has a form that is not."""


Builder = Callable[["Call"], Value]


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


def fits(value: Value, wanted: Type) -> bool:
    """Whether GoogleSQL takes `value` where `wanted` is expected, without a cast that is written."""
    if value.type == wanted or value.type in OPEN:
        return True
    if wanted == FLOAT64 and value.type == INT64:
        return True
    return value.literal is not None and wanted in (DATE, TIMESTAMP)


def fit(value: Value, wanted: Type) -> str:
    """The DuckDB text of `value` as `wanted`. Raises Refused if it does not fit."""
    if not fits(value, wanted):
        raise Refused(f"{wanted} was expected, found {value.type}: write a CAST")
    if value.type == wanted:
        return value.sql
    if value.type in (NULL, PARAMETER):
        return f"CAST({value.sql} AS {wanted.duckdb})"
    if value.number is not None:
        return f"{value.number}e0" if "e" not in value.number.lower() else value.number
    if value.type == INT64:
        return f"CAST({value.sql} AS DOUBLE)"
    return moment(value.literal or "", wanted)


def moment(literal: str, wanted: Type) -> str:
    """A STRING literal that stands for a DATE or TIMESTAMP."""
    macro = "bq_text_date" if wanted == DATE else "bq_text_timestamp"
    return f"bq_strict({text(literal)}, {macro}({text(literal)}))"


def choose(function: Function, values: Sequence[Value], safe: bool = False) -> Value:
    """The value of a function of plain values: the first overload that fits, exact types first."""
    candidates = [o for o in function.overloads if len(o.arguments) == len(values)]
    if not candidates:
        counts = sorted({len(o.arguments) for o in function.overloads})
        raise Refused(f"{function.name} takes {' or '.join(map(str, counts))} arguments, found {len(values)}")
    exact = [o for o in candidates if tuple(v.type for v in values) == o.arguments]
    loose = [o for o in candidates if all(map(fits, values, o.arguments))]
    if not (exact or loose):
        found = ", ".join(str(v.type) for v in values)
        raise Refused(f"{function.name}({found}) is not on the proven list; see docs/sql.md")
    chosen = (exact or loose)[0]
    if not exact and len({o.result for o in loose}) > 1 and any(v.type == PARAMETER for v in values):
        raise Refused(f"{function.name}: the type of the parameter decides; write CAST(@name AS type)")
    template = chosen.safe if safe else chosen.template
    if template is None:
        raise Refused(f"SAFE.{function.name} of these types is not on the proven list; see docs/sql.md")
    texts = [fit(value, kind) for value, kind in zip(values, chosen.arguments, strict=True)]
    return Value(template.format(*texts), chosen.result)


def literal_of(node: exp.Expression | None) -> str | None:
    """The text of a STRING literal, also a raw one; None for anything else."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    if isinstance(node, exp.RawString):
        return str(node.this)
    return None
