"""Operators: arithmetic, comparisons, logic; how values of several types come together.

A comparison of FLOAT64 looks out for NaN, which DuckDB orders and GoogleSQL does not.
"""

from __future__ import annotations

from sqlglot import exp

from edxtasks.printable import printable
from edxtasks.warehouse.dialect.coercion import LARGEST, RefusedError, fit, fits, whole_number
from edxtasks.warehouse.dialect.expressions import TRANSLATIONS, Place, Translation
from edxtasks.warehouse.dialect.types import (
    BOOL,
    DATE,
    FLOAT64,
    INT64,
    OPEN,
    PARAMETER,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    UNREADABLE,
    Type,
    Value,
    common,
)


def number(digits: str) -> Value:
    """A numeric literal: digits alone are INT64, all else FLOAT64 (in DuckDB it would be DECIMAL)."""
    if digits.isdigit():
        found = whole_number(digits)
        if found is None:
            raise RefusedError(f"{printable(digits)} is larger than an INT64 can be")
        return Value(f"{found}::BIGINT", INT64, number=digits)
    exponent = "" if "e" in digits.lower() else "e0"
    return Value(f"{digits}{exponent}", FLOAT64, number=digits)


def _negative(place: Place, node: exp.Expression) -> Value:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        if node.this.name == str(LARGEST + 1):
            return Value(f"CAST(-{node.this.name} AS BIGINT)", INT64, number=f"-{node.this.name}")
        digits = number(node.this.name)
        return Value(
            f"(-{digits.sql})" if digits.type == FLOAT64 else f"CAST(-{node.this.name} AS BIGINT)",
            digits.type,
            number=f"-{digits.number}",
        )
    value = place.value(node.this)
    if value.type not in (INT64, FLOAT64, UNKNOWN):
        raise RefusedError(f"- of {value.type}")
    return Value(f"(-{value.sql})", value.type)


def _arithmetic(sign: str) -> Translation:
    def translate(place: Place, node: exp.Expression) -> Value:
        left, right = place.value(node.this), place.value(node.expression)
        if UNKNOWN in (left.type, right.type):
            return UNREADABLE
        kind = common((left.type, right.type))
        if kind not in (INT64, FLOAT64):
            raise RefusedError(
                f"{left.type} {sign} {right.type}: write a CAST, or DATE_ADD, TIMESTAMP_DIFF …"
            )
        return Value(f"({fit(left, kind)} {sign} {fit(right, kind)})", kind)

    return translate


def _division(place: Place, node: exp.Expression) -> Value:
    left, right = place.value(node.this), place.value(node.expression)
    if UNKNOWN in (left.type, right.type):
        return UNREADABLE
    a, b = fit(left, FLOAT64), fit(right, FLOAT64)
    if right.number is not None and float(right.number) != 0:
        return Value(f"({a} / {b})", FLOAT64)
    return Value(f"bq_divide({a}, {b})", FLOAT64)


def _concatenation(place: Place, node: exp.Expression) -> Value:
    return Value(f"({place.typed(node.this, STRING)} || {place.typed(node.expression, STRING)})", STRING)


_ORDERED = (INT64, FLOAT64, STRING, BOOL, DATE, TIMESTAMP)


def comparable(values: list[Value], what: str) -> tuple[list[str], Type]:
    """DuckDB texts of values that are compared, and the type as which they are."""
    types = [value.type for value in values]
    kind = common(types)
    if kind == STRING or kind is None:  # literals stand for dates where the others are dates
        moments = {value.type for value in values if value.type in (DATE, TIMESTAMP)}
        if len(moments) == 1:
            kind = moments.pop()
    if kind is None or (kind not in _ORDERED and kind not in OPEN):
        raise RefusedError(f"{what} of {' and '.join(str(t) for t in types)}: write a CAST")
    if kind in OPEN:
        return [value.sql for value in values], kind
    return [fit(v, kind) if v.type != PARAMETER else v.sql for v in values], kind


def compare(left: str, right: str, sign: str, kind: Type, literals: tuple[bool, bool]) -> str:
    """A comparison in DuckDB. One with FLOAT64 looks out for NaN."""
    plain = f"({left} {sign} {right})"
    if kind != FLOAT64 or sign == "<>" or all(literals):
        return plain
    if any(literals):
        return f"(CASE WHEN isnan({right if literals[0] else left}) THEN false ELSE {plain} END)"
    return f"bq_compare({left}, {right}, {plain})"


def _comparison(sign: str) -> Translation:
    def translate(place: Place, node: exp.Expression) -> Value:
        values = [place.value(node.this), place.value(node.expression)]
        if any(value.type == UNKNOWN for value in values):
            return UNREADABLE
        (left, right), kind = comparable(values, sign)
        literals = (values[0].number is not None, values[1].number is not None)
        if sign == "<>" and kind == FLOAT64:
            return Value(f"(NOT {compare(left, right, '=', kind, literals)})", BOOL)
        return Value(compare(left, right, sign, kind, literals), BOOL)

    return translate


def _distinct_from(negated: bool) -> Translation:
    sign = "IS NOT DISTINCT FROM" if negated else "IS DISTINCT FROM"

    def translate(place: Place, node: exp.Expression) -> Value:
        values = [place.value(node.this), place.value(node.expression)]
        if any(value.type == UNKNOWN for value in values):
            return UNREADABLE
        (left, right), _ = comparable(values, sign)
        return Value(f"({left} {sign} {right})", BOOL)

    return translate


def _between(place: Place, node: exp.Expression) -> Value:
    values = [place.value(part) for part in (node.this, node.args["low"], node.args["high"])]
    if any(value.type == UNKNOWN for value in values):
        return UNREADABLE
    (this, low, high), kind = comparable(values, "BETWEEN")
    is_number = [value.number is not None for value in values]
    above = compare(this, low, ">=", kind, (is_number[0], is_number[1]))
    below = compare(this, high, "<=", kind, (is_number[0], is_number[2]))
    return Value(f"({above} AND {below})", BOOL)


def _in(place: Place, node: exp.Expression) -> Value:
    this = place.value(node.this)
    query, unnest = node.args.get("query"), node.args.get("unnest")
    if query is not None:
        relation = place.subquery(query)
        if len(relation.columns) != 1:
            raise RefusedError("IN (SELECT …) takes a SELECT of one column")
        other = relation.columns[0][1]
        if UNKNOWN in (this.type, other):
            return UNREADABLE
        _, kind = comparable([this, Value("", other)], "IN")
        if kind == FLOAT64:
            raise RefusedError("IN (SELECT …) over FLOAT64 is not on the proven list; see docs/sql.md")
        return Value(f"({this.sql} IN ({relation.sql}))", BOOL)
    if unnest is not None:
        listed = place.value(unnest.expressions[0])
        if UNKNOWN in (this.type, listed.type):
            return UNREADABLE
        if listed.type == PARAMETER:
            return Value(f"({this.sql} IN (SELECT unnest({listed.sql})))", BOOL)
        if listed.type.element is None:
            raise RefusedError(f"IN UNNEST takes an array, found {listed.type}")
        _, kind = comparable([this, Value("", listed.type.element)], "IN UNNEST")
        if kind == FLOAT64:
            raise RefusedError("IN UNNEST over FLOAT64 is not on the proven list; see docs/sql.md")
        return Value(f"({this.sql} IN (SELECT unnest({listed.sql})))", BOOL)
    if not node.expressions:
        raise RefusedError("IN takes a list in parentheses, a SELECT or UNNEST(…)")
    values = [this, *(place.value(item) for item in node.expressions)]
    if any(value.type == UNKNOWN for value in values):
        return UNREADABLE
    (first, *rest), kind = comparable(values, "IN")
    if kind == FLOAT64 and any(value.number is None for value in values[1:]):
        raise RefusedError("IN over FLOAT64 takes numbers only")
    return Value(f"({first} IN ({', '.join(rest)}))", BOOL)


def _logic(word: str) -> Translation:
    def translate(place: Place, node: exp.Expression) -> Value:
        return Value(f"({place.typed(node.this, BOOL)} {word} {place.typed(node.expression, BOOL)})", BOOL)

    return translate


def _not(place: Place, node: exp.Expression) -> Value:
    return Value(f"(NOT {place.typed(node.this, BOOL)})", BOOL)


def _is(place: Place, node: exp.Expression) -> Value:
    right = node.expression
    if isinstance(right, exp.Null):
        return Value(f"({place.value(node.this).sql} IS NULL)", BOOL)
    if isinstance(right, exp.Boolean):
        word = "TRUE" if right.this else "FALSE"
        return Value(f"({place.typed(node.this, BOOL)} IS {word})", BOOL)
    raise RefusedError("IS takes NULL, TRUE or FALSE")


def _like(place: Place, node: exp.Expression) -> Value:
    pattern = place.value(node.expression)
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    escape = "" if pattern.literal is not None and "\\" not in pattern.literal else " ESCAPE '\\'"
    return Value(f"({place.typed(node.this, STRING)} {word} {fit(pattern, STRING)}{escape})", BOOL)


def branches(values: list[Value], what: str) -> tuple[list[str], Type]:
    """DuckDB texts of values of which one is the result, all brought to one type."""
    kind = common(value.type for value in values)
    if kind == UNKNOWN:
        return ["NULL"] * len(values), UNKNOWN
    if kind is None:
        moments = {value.type for value in values if value.type in (DATE, TIMESTAMP)}
        kind = moments.pop() if len(moments) == 1 else None
        if kind is None or not all(fits(value, kind) for value in values):
            found = ", ".join(str(value.type) for value in values)
            raise RefusedError(f"{what}: {found} have no common type: write a CAST")
    if kind in OPEN:
        return [value.sql for value in values], kind
    return [v.sql if v.type in OPEN or v.type == kind else fit(v, kind) for v in values], kind


TRANSLATIONS.update(
    {
        exp.Neg: _negative,
        exp.Add: _arithmetic("+"),
        exp.Sub: _arithmetic("-"),
        exp.Mul: _arithmetic("*"),
        exp.Div: _division,
        exp.DPipe: _concatenation,
        exp.EQ: _comparison("="),
        exp.NEQ: _comparison("<>"),
        exp.LT: _comparison("<"),
        exp.LTE: _comparison("<="),
        exp.GT: _comparison(">"),
        exp.GTE: _comparison(">="),
        exp.NullSafeEQ: _distinct_from(True),
        exp.NullSafeNEQ: _distinct_from(False),
        exp.Between: _between,
        exp.In: _in,
        exp.And: _logic("AND"),
        exp.Or: _logic("OR"),
        exp.Not: _not,
        exp.Is: _is,
        exp.Like: _like,
    }
)
