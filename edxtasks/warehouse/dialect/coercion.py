"""Values where a type is expected: what GoogleSQL takes without a cast that is written."""

from __future__ import annotations

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


class RefusedError(Exception):
    """An expression that is not on the proven list, or has a form that is not."""


LARGEST = 2**63 - 1
"""The largest INT64."""


def whole_number(digits: str) -> int | None:
    """The number that a text of digits spells; None for any other text, and beyond INT64."""
    if not (digits.isascii() and digits.isdigit()) or len(digits.lstrip("0")) > len(str(LARGEST)):
        return None
    number = int(digits.lstrip("0") or "0")
    return number if number <= LARGEST else None


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
        raise RefusedError(f"{wanted} was expected, found {value.type}: write a CAST")
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


def literal_of(node: exp.Expression | None) -> str | None:
    """The text of a STRING literal, also a raw one; None for anything else."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    if isinstance(node, exp.RawString):
        return str(node.this)
    return None
