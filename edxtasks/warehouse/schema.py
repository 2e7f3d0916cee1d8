"""Schemas of tables, in the terms of BigQuery.

A schema is written as BigQuery's JSON form writes it (name, type, mode, fields, description); the embedded
engine translates the types. Types: STRING, INTEGER, FLOAT, BOOLEAN, TIMESTAMP, DATE, RECORD. A column is
NULLABLE or, at the top, REPEATED: then each row holds a list of values or records, empty where there are none
(no list is NULL and none holds a NULL, as in BigQuery); the members of a RECORD are NULLABLE.
"""

from __future__ import annotations

import hashlib
import json
import re
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

PARAMETERS = ""
"""Stands in the place of a table where it is told that a value comes from a parameter of a query."""

_RECORD = re.compile(r"RECORD\s*<(.*)>")


@dataclass(frozen=True)
class Column:
    """A column: its name, its BigQuery type, what it means; `fields` are the members of a RECORD.

    `mode` is NULLABLE or REPEATED.
    """

    name: str
    type: str
    description: str = ""
    fields: tuple[Column, ...] = ()
    mode: str = "NULLABLE"

    def __post_init__(self) -> None:
        if self.type not in DUCKDB_TYPES and self.type != "RECORD":
            raise ValueError(f"column {self.name}: unknown type {self.type}")
        if (self.type == "RECORD") != bool(self.fields):
            raise ValueError(f"column {self.name}: a RECORD has fields, no other type has")
        if self.mode not in ("NULLABLE", "REPEATED"):
            raise ValueError(f"column {self.name}: the mode {self.mode} is none of NULLABLE, REPEATED")
        if any(field.repeated for field in self.fields):
            raise ValueError(f"column {self.name}: a member of a RECORD is REPEATED; only a column can be")

    @property
    def repeated(self) -> bool:
        """Whether each row holds a list of values."""
        return self.mode == "REPEATED"

    @cached_property
    def duckdb_type(self) -> str:
        """The type in DuckDB's SQL."""
        return self.duckdb_value_type + ("[]" if self.repeated else "")

    @cached_property
    def duckdb_value_type(self) -> str:
        """The type of the column's values in DuckDB's SQL: of each of them where it is REPEATED."""
        if self.type == "RECORD":
            return "STRUCT(" + ", ".join(f'"{f.name}" {f.duckdb_type}' for f in self.fields) + ")"
        return DUCKDB_TYPES[self.type]

    @property
    def googlesql_type(self) -> str:
        """The type in GoogleSQL."""
        if self.type == "RECORD":
            kind = "STRUCT<" + ", ".join(f"`{f.name}` {f.googlesql_type}" for f in self.fields) + ">"
        else:
            kind = GOOGLESQL_TYPES[self.type]
        return f"ARRAY<{kind}>" if self.repeated else kind

    @property
    def googlesql_nothing(self) -> str:
        """What a row has that lacks the column, in GoogleSQL: NULL, or a list of nothing."""
        return f"{self.googlesql_type}[]" if self.repeated else f"CAST(NULL AS {self.googlesql_type})"

    @property
    def duckdb_nothing(self) -> str:
        """What a row has that lacks the column, in DuckDB's SQL."""
        return f"CAST({'[]' if self.repeated else 'NULL'} AS {self.duckdb_type})"

    @property
    def written_type(self) -> str:
        """The type as text, as `column_of` reads it."""
        members = ", ".join(f"{field.name} {field.written_type}" for field in self.fields)
        kind = f"RECORD<{members}>" if self.fields else self.type
        return f"REPEATED {kind}" if self.repeated else kind

    def as_json(self) -> dict[str, Any]:
        """The column in BigQuery's JSON schema form."""
        form: dict[str, Any] = {"name": self.name, "type": self.type, "mode": self.mode}
        if self.fields:
            form["fields"] = [f.as_json() for f in self.fields]
        if self.description:
            form["description"] = self.description
        return form

    def signature(self) -> list[Any]:
        """Name, type and mode alone: what makes two columns the same for a stamp."""
        kind = f"REPEATED {self.type}" if self.repeated else self.type
        return [self.name, kind, *(f.signature() for f in self.fields)]


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


def column_of(name: str, kind: str, description: str = "") -> Column:
    """A column whose type is written as text: `STRING`, `REPEATED INTEGER`,
    `REPEATED RECORD<answer STRING, points FLOAT>`.

    Raises ValueError where the text is not a type.
    """
    mode = "REPEATED" if kind.startswith("REPEATED ") else "NULLABLE"
    bare = kind.removeprefix("REPEATED ").strip()
    members = _RECORD.fullmatch(bare)
    if members is None:
        return Column(name, bare, description, mode=mode)
    fields = []
    for member in members[1].split(","):
        words = member.split()
        if len(words) != 2:
            raise ValueError(f"column {name}: a member of a RECORD is written NAME TYPE, found {member!r}")
        fields.append(Column(*words))
    return Column(name, "RECORD", description, tuple(fields), mode)


def schema(text: str) -> Schema:
    """A schema written one column a line: `name TYPE -- description`. Blank lines are skipped.

    Types as in `column_of`.
    """
    columns = []
    for line in text.strip().splitlines():
        if line.strip():
            declaration, _, description = line.partition("--")
            name, kind = declaration.strip().split(maxsplit=1)
            columns.append(column_of(name, kind, description.strip()))
    return Schema(tuple(columns))
