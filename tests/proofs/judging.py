"""What a proof is, and how one is held: the same rows from Google's evaluator and from DuckDB."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duck
import googlesql

from edxtasks.warehouse.schema import Schema, schema

Row = dict[str, object]


@dataclass(frozen=True)
class Batch:
    """Expressions over the columns of one table `tab`, each over all its rows.

    `clause` stands before FROM's end (`GROUP BY g`); `closeness` is the relative difference that is let
    pass between floats: 0 where both engines must give the same bits.
    """

    name: str
    columns: str
    rows: Sequence[Row]
    expressions: Sequence[str]
    closeness: float = 0.0
    key: str = "n"
    clause: str = ""

    @property
    def schema(self) -> Schema:
        """The columns of the table; `n` numbers the rows."""
        return schema("n INTEGER\n" + self.columns)

    @property
    def numbered(self) -> list[Row]:
        """The rows, each with its number."""
        return [{"n": number, **row} for number, row in enumerate(self.rows)]

    @property
    def sql(self) -> str:
        """One query with all the expressions."""
        items = ", ".join(f"{expression} AS r{i}" for i, expression in enumerate(self.expressions))
        return f"SELECT {self.key} AS k, {items} FROM tab {self.clause}"


@dataclass(frozen=True)
class Query:
    """A whole query over several tables, whose rows and types must be the same on both sides."""

    name: str
    sql: str
    parameters: dict[str, object] = field(default_factory=dict)


def differences(batch: Batch) -> list[str]:
    """Where the two sides differ, in words; none if the proof holds."""
    inputs = {"tab": (batch.schema, batch.numbered)}
    google = {row[0]: row[1:] for row in googlesql.evaluate(batch.sql, inputs)}
    here = {row[0]: row[1:] for row in duck.run(batch.sql, inputs)}
    found = []
    if google.keys() != here.keys():
        found.append(f"rows {sorted(map(str, google.keys() ^ here.keys()))} on one side only")
    for key in google.keys() & here.keys():
        for expression, a, b in zip(batch.expressions, google[key], here[key], strict=True):
            if not same(a, b, batch.closeness):
                found.append(f"{expression} of {_shown(batch, key)}: GoogleSQL {a!r}, DuckDB {b!r}")
    return found


def _shown(batch: Batch, key: object) -> str:
    rows = [row for row in batch.numbered if row["n"] == key] if batch.key == "n" else []
    return str({name: value for name, value in rows[0].items() if name != "n"}) if rows else str(key)


def same(a: Any, b: Any, closeness: float = 0.0) -> bool:
    """Whether two values are the same, of the same type; NaN is itself, floats may be `closeness` apart."""
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return a == b or abs(a - b) <= closeness * max(abs(a), abs(b))
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, closeness) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[name], b[name], closeness) for name in a)
    return type(a) is type(b) and bool(a == b)


def unordered(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Rows in an order that depends on their values alone."""
    return sorted(rows, key=lambda row: tuple((v is None, str(type(v)), _sortable(v)) for v in row))


def _sortable(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value).replace("timezone.utc", "UTC")
