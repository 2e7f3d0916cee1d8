"""Functions of arrays."""

from __future__ import annotations

from edxtasks.warehouse.dialect.coercion import RefusedError
from edxtasks.warehouse.dialect.expressions import Call
from edxtasks.warehouse.dialect.functions import builder
from edxtasks.warehouse.dialect.types import INT64, STRING, Value, array


@builder("ARRAY_LENGTH")
def _array_length(call: Call) -> Value:
    call.take(1)
    value = call.value(0)
    if value.type.element is None:
        raise RefusedError(f"ARRAY_LENGTH({value.type})")
    return Value(f"CAST(len({value.sql}) AS BIGINT)", INT64)


@builder("ARRAY_TO_STRING")
def _array_to_string(call: Call) -> Value:
    call.take(2)
    value = call.value(0)
    if value.type != array(STRING):
        raise RefusedError(f"ARRAY_TO_STRING takes an array of STRING, found {value.type}")
    return Value(f"array_to_string({value.sql}, {call.typed(1, STRING)})", STRING)


@builder("ARRAY_CONCAT")
def _array_concat(call: Call) -> Value:
    values = [call.value(index) for index in range(len(call.arguments))]
    if not values or values[0].type.element is None or any(v.type != values[0].type for v in values):
        raise RefusedError("ARRAY_CONCAT takes arrays of one type")
    missing = " OR ".join(f"{value.sql} IS NULL" for value in values)
    joined = values[0].sql
    for value in values[1:]:
        joined = f"list_concat({joined}, {value.sql})"
    return Value(f"(CASE WHEN {missing} THEN NULL ELSE {joined} END)", values[0].type)


@builder("ARRAY_REVERSE")
def _array_reverse(call: Call) -> Value:
    call.take(1)
    value = call.value(0)
    if value.type.element is None:
        raise RefusedError(f"ARRAY_REVERSE({value.type})")
    return Value(f"list_reverse({value.sql})", value.type)


@builder("GENERATE_ARRAY")
def _generate_array(call: Call) -> Value:
    call.take(2, 3)
    step = call.typed(2, INT64) if len(call.arguments) == 3 else "CAST(1 AS BIGINT)"
    return Value(f"bq_series({call.typed(0, INT64)}, {call.typed(1, INT64)}, {step})", array(INT64))
