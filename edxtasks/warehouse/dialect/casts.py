"""CAST and SAFE_CAST: GoogleSQL reads and writes texts of other types more strictly than DuckDB."""

from __future__ import annotations

from sqlglot import exp

from edxtasks.warehouse.dialect.coercion import RefusedError, moment
from edxtasks.warehouse.dialect.types import (
    BOOL,
    BYTES,
    DATE,
    FLOAT64,
    INT64,
    OPEN,
    PARAMETER,
    STRING,
    TIMESTAMP,
    Type,
    Value,
    array,
)

_TYPES = {
    exp.DType.TEXT: STRING,
    exp.DType.VARCHAR: STRING,
    exp.DType.BIGINT: INT64,
    exp.DType.INT: INT64,
    exp.DType.DOUBLE: FLOAT64,
    exp.DType.BOOLEAN: BOOL,
    exp.DType.DATE: DATE,
    exp.DType.TIMESTAMPTZ: TIMESTAMP,
    exp.DType.BINARY: BYTES,
    exp.DType.VARBINARY: BYTES,
}

_WORDS = ("STRING", "INT64", "FLOAT64", "BOOL", "BOOLEAN", "DATE", "TIMESTAMP", "BYTES")
"""What models call these types: the parser takes the words of other databases too."""

_FROM_TEXT = {
    INT64: "bq_text_integer",
    FLOAT64: "bq_text_float",
    BOOL: "bq_text_bool",
    DATE: "bq_text_date",
    TIMESTAMP: "bq_text_timestamp",
}

_OTHERS = {
    (INT64, STRING): "CAST({0} AS VARCHAR)",
    (INT64, FLOAT64): "CAST({0} AS DOUBLE)",
    (INT64, BOOL): "({0} <> 0)",
    (FLOAT64, INT64): "bq_integer_of_float({0})",
    (FLOAT64, STRING): "bq_float_text({0})",
    (BOOL, STRING): "CAST({0} AS VARCHAR)",
    (BOOL, INT64): "CAST({0} AS BIGINT)",
    (DATE, STRING): "CAST({0} AS VARCHAR)",
    (DATE, TIMESTAMP): "bq_utc(CAST({0} AS TIMESTAMP))",
    (TIMESTAMP, STRING): "bq_timestamp_text({0})",
    (TIMESTAMP, DATE): "bq_date({0})",
}

_MAY_FAIL = {(FLOAT64, INT64): "bq_safe_integer_of_float({0})"}
"""Casts between these types can fail: what SAFE_CAST becomes."""

VERSION = 1


def type_of(node: exp.Expression) -> Type:
    """The type that a type name in the text stands for. Raises Refused if models have no such type."""
    assert isinstance(node, exp.DataType)
    if node.this == exp.DType.ARRAY and node.expressions:
        element = type_of(node.expressions[0])
        if element.element is not None:
            raise RefusedError("an array of arrays is not GoogleSQL")
        return array(element)
    if node.this == exp.DType.STRUCT:
        if not all(isinstance(field, exp.ColumnDef) for field in node.expressions) or not node.expressions:
            raise RefusedError("the members of a STRUCT type need names")
        return Type("STRUCT", tuple((field.name, type_of(field.args["kind"])) for field in node.expressions))
    kind = _TYPES.get(node.this)
    word = node.meta.get("word", "")
    if kind is None or word not in _WORDS:
        raise RefusedError(
            f"the type {word or node.sql('bigquery')} is not on the proven list; see docs/sql.md"
        )
    return kind


def cast(value: Value, wanted: Type, safe: bool) -> Value:
    """`value` cast to `wanted`; `safe` makes a failure NULL."""
    found = value.type
    if found == wanted:
        return value
    if found.element is not None and wanted.element is not None:
        raise RefusedError(f"a cast of {found} to {wanted} is not on the proven list; see docs/sql.md")
    if found in OPEN or wanted.element is not None or wanted.kind == "STRUCT":
        plain = found in OPEN or wanted.element is not None or found.kind == "STRUCT"
        if not plain or (safe and found == PARAMETER):
            raise RefusedError(f"a cast of {found} to {wanted} is not on the proven list; see docs/sql.md")
        return Value(f"CAST({value.sql} AS {wanted.duckdb})", wanted)
    if value.literal is not None and wanted in (DATE, TIMESTAMP) and not safe:
        return Value(moment(value.literal, wanted), wanted)
    if found == STRING and wanted in _FROM_TEXT:
        read = f"{_FROM_TEXT[wanted]}({value.sql})"
        return Value(read if safe else f"bq_strict({value.sql}, {read})", wanted)
    template = _OTHERS.get((found, wanted))
    if template is None:
        raise RefusedError(f"a cast of {found} to {wanted} is not on the proven list; see docs/sql.md")
    if safe:
        template = _MAY_FAIL.get((found, wanted), template)
    return Value(template.format(value.sql), wanted)
