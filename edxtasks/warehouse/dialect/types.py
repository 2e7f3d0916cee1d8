"""The types of GoogleSQL that models use, and values: a piece of DuckDB SQL with its type."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edxtasks.warehouse.duckdb_sql import literal, quoted_name
from edxtasks.warehouse.schema import DUCKDB_TYPES, GOOGLESQL_TYPES, Column

_DUCKDB = {kind: DUCKDB_TYPES[name] for name, kind in GOOGLESQL_TYPES.items()} | {"BYTES": "BLOB"}


@dataclass(frozen=True)
class Type:
    """A type: its GoogleSQL name; the members of a STRUCT, in order; the element of an ARRAY.

    Two kinds exist only while a query is read: NULL (a bare NULL, any type) and PARAMETER (a query
    parameter of which only its value will tell the type). UNKNOWN stands for what was complained about.
    """

    kind: str
    fields: tuple[tuple[str, Type], ...] = ()
    element: Type | None = None

    @property
    def duckdb(self) -> str:
        """The type in DuckDB's SQL."""
        if self.kind == "STRUCT":
            return (
                "STRUCT("
                + ", ".join(f"{quoted_name(name)} {kind.duckdb}" for name, kind in self.fields)
                + ")"
            )
        if self.element is not None:
            return f"{self.element.duckdb}[]"
        return _DUCKDB[self.kind]

    def field(self, name: str) -> tuple[str, Type] | None:
        """The member `name` of a STRUCT, whatever its case; None if there is none."""
        for field, kind in self.fields:
            if field.lower() == name.lower():
                return field, kind
        return None

    def __str__(self) -> str:
        if self.kind == "STRUCT":
            return "STRUCT<" + ", ".join(f"{name} {kind}" for name, kind in self.fields) + ">"
        if self.element is not None:
            return f"ARRAY<{self.element}>"
        return self.kind


STRING = Type("STRING")
BYTES = Type("BYTES")
INT64 = Type("INT64")
FLOAT64 = Type("FLOAT64")
BOOL = Type("BOOL")
TIMESTAMP = Type("TIMESTAMP")
DATE = Type("DATE")
NULL = Type("NULL")
PARAMETER = Type("PARAMETER")
UNKNOWN = Type("UNKNOWN")

OPEN = (NULL, PARAMETER)
"""Types that take the type that their place asks for."""


def array(element: Type) -> Type:
    """The type of arrays of `element`."""
    return Type("ARRAY", element=element)


def of_column(column: Column) -> Type:
    """The type of a column of a table."""
    if column.type == "RECORD":
        kind = Type("STRUCT", tuple((field.name, of_column(field)) for field in column.fields))
    else:
        kind = Type(GOOGLESQL_TYPES[column.type])
    return array(kind) if column.repeated else kind


Origins = frozenset[tuple[str, str]]
"""Columns of tables from which a value comes: the name of a table, and of its column (`RECORD.MEMBER`); of a
parameter `PARAMETERS` and its name."""

NO_ORIGINS: Origins = frozenset()


@dataclass(frozen=True)
class Value:
    """An expression in DuckDB's SQL, its GoogleSQL type, and its text where it is a STRING literal."""

    sql: str
    type: Type
    literal: str | None = None
    number: str | None = None
    """The digits of a numeric literal."""
    origins: Origins = NO_ORIGINS
    """Where a name leads to; of other expressions the context collects it (`Context.collected`)."""

    @property
    def constant(self) -> bool:
        """Whether it is a bare literal or parameter, which DuckDB takes in no GROUP BY or ORDER BY."""
        bare = self.sql in ("NULL", "true", "false") or self.sql.startswith("$")
        return bare or self.literal is not None or self.number is not None


UNREADABLE = Value("NULL", UNKNOWN)
"""What an expression gives that was complained about."""


def text(written: str) -> str:
    """A STRING literal of DuckDB. A zero character, which SQL text cannot hold, is written as `chr(0)`."""
    quoted = literal(written)
    return "(" + quoted.replace("\0", "' || chr(0) || '") + ")" if "\0" in written else quoted


def common(types: Iterable[Type]) -> Type | None:
    """The type that values of these types have together (CASE, UNION, IN …); None if there is none."""
    result = NULL
    for kind in types:
        if UNKNOWN in (kind, result):
            return UNKNOWN
        if kind in (result, NULL):
            continue
        if result in OPEN:
            result = kind
        elif kind == PARAMETER:
            continue
        elif {kind, result} == {INT64, FLOAT64}:
            result = FLOAT64
        elif kind.kind == result.kind == "STRUCT" and len(kind.fields) == len(result.fields):
            members = [common((a, b)) for (_, a), (_, b) in zip(result.fields, kind.fields, strict=True)]
            if None in members:
                return None
            result = Type(
                "STRUCT",
                tuple((name, m) for (name, _), m in zip(result.fields, members, strict=True) if m),
            )
        else:
            return None
    return result
