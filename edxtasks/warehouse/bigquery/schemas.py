"""Schemas in the form of Google's client."""

from __future__ import annotations

from typing import Any

from google.cloud.bigquery import SchemaField

from edxtasks.warehouse.bigquery.sql import LONGEST_COLUMN_DESCRIPTION
from edxtasks.warehouse.schema import DUCKDB_TYPES, Column, Schema

_SHORT = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
_LONG = {short: long for long, short in _SHORT.items()}


def fields(schema: Schema) -> list[Any]:
    """A schema for the client."""
    return [_field(column) for column in schema]


def _field(column: Column) -> Any:
    form: dict[str, Any] = {"fields": [_field(member) for member in column.fields]}
    if column.description:
        form["description"] = column.description[:LONGEST_COLUMN_DESCRIPTION]
    return SchemaField(column.name, column.type, column.mode, **form)


def schema_of(found: list[Any]) -> Schema:
    """A schema from the client. A type that the product does not have becomes STRING."""
    return Schema(tuple(_column(one) for one in found))


def _column(one: Any) -> Column:
    kind = _SHORT.get(one.field_type, one.field_type)
    mode = "REPEATED" if one.mode == "REPEATED" else "NULLABLE"
    members = tuple(_column(member) for member in one.fields)
    if kind == "RECORD" and not any(member.repeated for member in members):
        return Column(one.name, kind, one.description or "", members, mode)
    kind = kind if kind in DUCKDB_TYPES else "STRING"
    return Column(one.name, kind, one.description or "", mode=mode)


def differences(found: list[Any], wanted: Schema, more_columns: bool = False) -> list[str]:
    """How the columns of a table, as the client tells them, differ from a schema, whatever their order.

    With `more_columns` the table may have others too.
    """
    told = []
    there = {one.name: _type_of(one) for one in found}
    asked = {one.name: _type_of(one) for one in fields(wanted)}
    for name, kind in asked.items():
        if name not in there:
            told.append(f"it has no column {name}")
        elif there[name] != kind:
            told.append(f"{name} is {there[name]}, not {kind}")
    others = [] if more_columns else [name for name in there if name not in asked]
    return told + [f"it has a column {name} too many" for name in others]


def _type_of(one: Any) -> str:
    """The type of a column as GoogleSQL writes it."""
    kind = _LONG.get(one.field_type, one.field_type)
    if kind == "STRUCT":
        # Members have an order of their own: that of the table counts for nothing.
        kind += f"<{', '.join(sorted(f'{member.name} {_type_of(member)}' for member in one.fields))}>"
    return f"ARRAY<{kind}>" if one.mode == "REPEATED" else kind
