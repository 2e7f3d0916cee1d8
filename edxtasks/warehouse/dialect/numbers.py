"""Functions of numbers, and choices between values."""

from __future__ import annotations

import re

from edxtasks.printable import quantity
from edxtasks.warehouse.dialect.coercion import RefusedError, fit, whole_number
from edxtasks.warehouse.dialect.expressions import Call
from edxtasks.warehouse.dialect.functions import builder, plain
from edxtasks.warehouse.dialect.operators import branches, comparable, compare
from edxtasks.warehouse.dialect.types import BOOL, FLOAT64, INT64, NULL, STRING, UNKNOWN, Value, text

plain("ABS", [INT64], INT64, "abs({0})")
plain("ABS", [FLOAT64], FLOAT64, "abs({0})")
plain("SIGN", [INT64], INT64, "CAST(sign({0}) AS BIGINT)")
plain("SIGN", [FLOAT64], FLOAT64, "bq_unless_nan(isnan({0}), CAST(sign({0}) AS DOUBLE))")
plain("FLOOR", [FLOAT64], FLOAT64, "floor({0})")
plain("CEIL", [FLOAT64], FLOAT64, "ceil({0})")
plain("CEILING", [FLOAT64], FLOAT64, "ceil({0})")
plain("TRUNC", [FLOAT64], FLOAT64, "trunc({0})")
plain("SQRT", [FLOAT64], FLOAT64, "bq_sqrt({0})", "CASE WHEN {0} >= 0 THEN sqrt({0}) END")
for _name in ("LN", "LOG", "LOG10"):
    _text = "log10({0})" if _name == "LOG10" else "ln({0})"
    plain(
        _name,
        [FLOAT64],
        FLOAT64,
        f"bq_logarithm({{0}}, {_text})",
        f"bq_safe_logarithm({{0}}, {_text})",
    )
plain("EXP", [FLOAT64], FLOAT64, "bq_finite(exp({0}), {0}, 1.0e0)", "bq_safe_finite(exp({0}), {0}, 1.0e0)")
for _name in ("POW", "POWER"):
    plain(
        _name,
        [FLOAT64, FLOAT64],
        FLOAT64,
        "bq_finite(pow({0}, {1}), {0}, {1})",
        "bq_safe_finite(pow({0}, {1}), {0}, {1})",
    )
for _name in ("SIN", "COS", "TAN"):
    plain(_name, [FLOAT64], FLOAT64, f"bq_angle({{0}}, {_name.lower()}({{0}}))")
for _name in ("ASIN", "ACOS"):
    plain(_name, [FLOAT64], FLOAT64, f"bq_of_unit({{0}}, {_name.lower()}({{0}}))")
plain("ATAN", [FLOAT64], FLOAT64, "atan({0})")
plain("ATAN2", [FLOAT64, FLOAT64], FLOAT64, "atan2({0}, {1})")
plain("SAFE_NEGATE", [INT64], INT64, "TRY_CAST(-CAST({0} AS HUGEINT) AS BIGINT)")
plain("SAFE_DIVIDE", [FLOAT64, FLOAT64], FLOAT64, "bq_safe_divide({0}, {1})")
plain("DIV", [INT64, INT64], INT64, "bq_integer_divide({0}, {1})")
plain("MOD", [INT64, INT64], INT64, "bq_modulo({0}, {1})")
plain("IS_NAN", [FLOAT64], BOOL, "isnan({0})")
plain("IS_INF", [FLOAT64], BOOL, "isinf({0})")

LARGEST_SCALE = 15


@builder("ROUND")
def _round(call: Call) -> Value:
    call.take(1, 2)
    this = call.typed(0, FLOAT64)
    if len(call.arguments) == 1:
        return Value(f"round({this})", FLOAT64)
    written = call.value(1).number or ""
    digits = whole_number(written.removeprefix("-"))
    if digits is None or digits > LARGEST_SCALE:
        raise RefusedError(f"ROUND takes a literal number of digits from -{LARGEST_SCALE} to {LARGEST_SCALE}")
    macro = "bq_round_tens" if written.startswith("-") and digits else "bq_round"
    return Value(f"{macro}({this}, {10**digits}.0e0)", FLOAT64)


@builder("COALESCE", "IFNULL")
def _coalesce(call: Call) -> Value:
    if call.name == "IFNULL":
        call.take(2)
    texts, kind = branches([call.value(i) for i in range(len(call.arguments))], call.name)
    return Value(f"coalesce({', '.join(texts)})", kind)


@builder("NULLIF")
def _nullif(call: Call) -> Value:
    call.take(2)
    values = [call.value(0), call.value(1)]
    (left, right), kind = comparable(values, "NULLIF")
    equal = compare(left, right, "=", kind, (values[0].number is not None, values[1].number is not None))
    return Value(f"(CASE WHEN {equal} THEN NULL ELSE {left} END)", kind)


@builder("GREATEST", "LEAST")
def _greatest(call: Call) -> Value:
    values = [call.value(i) for i in range(len(call.arguments))]
    texts, kind = comparable(values, call.name)
    name = call.name.lower()
    missing = " OR ".join(f"{t} IS NULL" for t in texts)
    chosen = f"{name}({', '.join(texts)})"
    if kind in (UNKNOWN, NULL):
        raise RefusedError(f"{call.name} of values without a type")
    if kind == FLOAT64 and name == "least":
        nan = " OR ".join(f"isnan({t})" for t in texts)
        chosen = f"CASE WHEN {nan} THEN CAST('nan' AS DOUBLE) ELSE {chosen} END"
    return Value(f"(CASE WHEN {missing} THEN NULL ELSE {chosen} END)", kind)


@builder("SAFE_ADD", "SAFE_SUBTRACT", "SAFE_MULTIPLY")
def _safe_arithmetic(call: Call) -> Value:
    call.take(2)
    sign = {"SAFE_ADD": "+", "SAFE_SUBTRACT": "-", "SAFE_MULTIPLY": "*"}[call.name]
    left, right = call.value(0), call.value(1)
    if left.type != INT64 or right.type != INT64:
        raise RefusedError(f"{call.name} is on the proven list for INT64 alone")
    wide = f"CAST({fit(left, INT64)} AS HUGEINT) {sign} CAST({fit(right, INT64)} AS HUGEINT)"
    return Value(f"TRY_CAST({wide} AS BIGINT)", INT64)


@builder("FORMAT")
def _format(call: Call) -> Value:
    """`%d`, `%05d`, `%s`, `%.2f` and `%%`, with values of the right types."""
    written = call.literal(0)
    elements = re.findall(r"%(.[0-9.]*[a-z]?|)", written.replace("%%", ""))
    wanted = {"d": INT64, "s": STRING, "f": FLOAT64}
    if len(elements) != len(call.arguments) - 1:
        raise RefusedError(
            f"FORMAT: {quantity(len(elements), 'element')} and {quantity(len(call.arguments) - 1, 'value')}"
        )
    values = []
    for number, element in enumerate(elements, 1):
        if not re.fullmatch(r"0?[0-9]?d|s|\.[0-9]f", element):
            raise RefusedError(f"FORMAT: %{element} is not on the proven list: take %d, %05d, %s, %.2f")
        value = call.typed(number, wanted[element[-1]])
        values.append(f"({value} + 0.0e0)" if element[-1] == "f" else value)
    return Value(f"printf({', '.join([text(written), *values])})", STRING)
