"""Schemas of tables, in the terms of BigQuery.

A schema is written as BigQuery's JSON form writes it (name, type, fields, description); the embedded
engine translates the types. Types: STRING, INTEGER, FLOAT, BOOLEAN, TIMESTAMP, DATE, RECORD. Every
column is NULLABLE; none is REPEATED.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

DUCKDB_TYPES: Mapping[str, str] = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
    "DATE": "DATE",
}
GOOGLESQL_TYPES: Mapping[str, str] = {
    "STRING": "STRING",
    "INTEGER": "INT64",
    "FLOAT": "FLOAT64",
    "BOOLEAN": "BOOL",
    "TIMESTAMP": "TIMESTAMP",
    "DATE": "DATE",
}


@dataclass(frozen=True)
class Column:
    """A column: its name, its BigQuery type, what it means; `fields` are the members of a RECORD."""

    name: str
    type: str
    description: str = ""
    fields: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        if self.type not in DUCKDB_TYPES and self.type != "RECORD":
            raise ValueError(f"column {self.name}: unknown type {self.type}")
        if (self.type == "RECORD") != bool(self.fields):
            raise ValueError(f"column {self.name}: a RECORD has fields, no other type has")

    @cached_property
    def duckdb_type(self) -> str:
        """The type in DuckDB's SQL."""
        if self.type == "RECORD":
            return "STRUCT(" + ", ".join(f'"{f.name}" {f.duckdb_type}' for f in self.fields) + ")"
        return DUCKDB_TYPES[self.type]

    @property
    def googlesql_type(self) -> str:
        """The type in GoogleSQL."""
        if self.type == "RECORD":
            return "STRUCT<" + ", ".join(f"`{f.name}` {f.googlesql_type}" for f in self.fields) + ">"
        return GOOGLESQL_TYPES[self.type]

    def as_json(self) -> dict[str, Any]:
        """The column in BigQuery's JSON schema form."""
        form: dict[str, Any] = {"name": self.name, "type": self.type, "mode": "NULLABLE"}
        if self.fields:
            form["fields"] = [f.as_json() for f in self.fields]
        if self.description:
            form["description"] = self.description
        return form

    def signature(self) -> list[Any]:
        """Name and type alone: what makes two columns the same for a stamp."""
        return [self.name, self.type, *(f.signature() for f in self.fields)]


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order."""

    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def as_json(self) -> list[dict[str, Any]]:
        """BigQuery's JSON schema form."""
        return [column.as_json() for column in self.columns]

    def digest(self) -> str:
        """Digest of names, types and order; descriptions do not count."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        text = json.dumps([column.signature() for column in self.columns])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def from_json(cls, form: list[dict[str, Any]]) -> Schema:
        """The schema that BigQuery's JSON form describes."""
        return cls(tuple(_column(item) for item in form))


def _column(item: Mapping[str, Any]) -> Column:
    return Column(
        item["name"],
        item["type"],
        item.get("description", ""),
        tuple(_column(field) for field in item.get("fields", ())),
    )


def schema(text: str) -> Schema:
    """A flat schema written one column a line: `name TYPE -- description`. Blank lines are skipped."""
    columns = []
    for line in text.strip().splitlines():
        if line.strip():
            declaration, _, description = line.partition("--")
            name, kind = declaration.split()
            columns.append(Column(name, kind, description.strip()))
    return Schema(tuple(columns))
