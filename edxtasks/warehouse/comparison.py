"""Two tables compared row by row: how many are equal, changed, only here, only there, and in which columns.

DuckDB joins them by the key, and spills what does not fit in memory; nothing is held here but counts and a
few examples. Rows of equal keys are numbered in the order of their content, so that each finds at most one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from edxtasks.warehouse import spellings
from edxtasks.warehouse.duckdb_session import Session
from edxtasks.warehouse.duckdb_sql import quoted_name
from edxtasks.warehouse.schema import Column, Schema

TOLERANCE = (1e-9, 1e-6)
"""Two FLOATs are equal when they differ by at most this part of the larger one, or by this."""


@dataclass(frozen=True)
class Side:
    """A table to compare: DuckDB SQL that reads it, its columns, and whether it is text in which NULL and
    empty text are one."""

    relation: str
    schema: Schema
    is_text: bool = False


@dataclass(frozen=True)
class Plan:
    """How two tables are compared.

    `key` are columns by which rows belong together, () for a table of one row, None where there is no key:
    rows are compared whole. `shown` are the columns that an example shows, of rows of either side; `examples`
    how many of each kind there are at most. `tolerance` is relative and absolute (`TOLERANCE`).
    """

    key: tuple[str, ...] | None
    shown: tuple[str, ...] = ()
    examples: int = 5
    tolerance: tuple[float, float] = TOLERANCE


@dataclass(frozen=True)
class ColumnCounts:
    """Of the rows with a partner, how many differ in a column: in all, where it is NULL there, where it is
    NULL here, where the value there is none of the column's type. `respelt`: equal, but written otherwise."""

    changed: int
    null_there: int
    null_here: int
    unreadable: int
    respelt: int


@dataclass(frozen=True)
class Comparison:
    """What was found. Examples are rows by column name."""

    here: int
    there: int
    equal: int
    changed: int
    only_here: int
    only_there: int
    repeated_here: int
    repeated_there: int
    columns: Mapping[str, ColumnCounts]
    columns_here: tuple[str, ...]
    columns_there: tuple[str, ...]
    types: Mapping[str, tuple[str, str]]
    examples: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether all rows and all columns have their equal."""
        rows = self.changed or self.only_here or self.only_there
        return not (rows or self.columns_here or self.columns_there)


def compare(session: Session, here: Side, there: Side, plan: Plan) -> Comparison:
    """Compare the table `here` with another one `there`.

    The types are those of `here`: values there are read as such, however they are written. Raises DuckDB's
    errors for what cannot be read.
    """
    return _Comparing(session, here, there, plan).result()


@dataclass
class _Comparing:
    session: Session
    here: Side
    there: Side
    plan: Plan

    @cached_property
    def _pairs(self) -> list[tuple[Column, Column]]:
        """The columns of both, matched by name whatever the case."""
        others = {column.name.lower(): column for column in self.there.schema}
        return [(one, others[one.name.lower()]) for one in self.here.schema if one.name.lower() in others]

    @property
    def _repeats(self) -> bool:
        """Whether rows are numbered: to sort a table whose keys are all different is for nothing."""
        return self.plan.key is None or self._has_repeats

    @cached_property
    def _has_repeats(self) -> bool:
        self._has_repeats = False  # while it is asked, no row has a number
        found = False
        for name, letter in (("here", "o"), ("there", "t")):
            key = ", ".join(self._key(letter)) or name
            groups = f"SELECT count(*) AS n FROM ({self._side(name)}) GROUP BY {key} HAVING count(*) > 1"
            found = found or self._row(f"SELECT count(*) AS n FROM ({groups})")["n"] > 0
        return found

    def result(self) -> Comparison:
        pairs = self._pairs
        matched = {one.name for one, _ in pairs}
        matched_there = {other.name for _, other in pairs}
        found = self._row(self._query())
        counts = {
            one.name: ColumnCounts(*(found[f"{what}{number}"] for what in _COUNTED))
            for number, (one, _) in enumerate(pairs)
        }
        return Comparison(
            found["here"],
            found["there"],
            found["equal"],
            found["changed"],
            found["only_here"],
            found["only_there"],
            found["repeated_here"],
            found["repeated_there"],
            counts,
            tuple(name for name in self.here.schema.names if name not in matched),
            tuple(name for name in self.there.schema.names if name not in matched_there),
            {one.name: (one.written_type, other.written_type) for one, other in pairs if _differ(one, other)}
            if not self.there.is_text
            else {},
            {kind: found[f"examples_{kind}"] or [] for kind in _KINDS},
        )

    def _row(self, sql: str) -> dict[str, Any]:
        cursor = self.session.cursor().execute(sql)
        row = cursor.fetchone()
        assert row is not None
        assert cursor.description is not None
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    # The query

    def _query(self) -> str:
        return (
            f"WITH here AS ({self._side('here')}), there AS ({self._side('there')}), "
            f"pairs AS (SELECT here.here IS NOT NULL AND there.there IS NOT NULL AS matched, * "
            f"FROM here FULL JOIN there ON {self._join()}), "
            f"judged AS (SELECT *, {', '.join(self._judgements())} FROM pairs) "
            f"SELECT {', '.join(self._counts())} FROM judged"
        )

    def _side(self, name: str) -> str:
        """The rows of a side: values `o0`, `o1`, … here, `t0`, … there, with the text `r0`, … that they had;
        the columns of the key, and the number of the row among those of the same key."""
        letter, side = ("o", self.here) if name == "here" else ("t", self.there)
        columns = [one if name == "here" else other for one, other in self._pairs]
        items = [f"{self._raw(column)} AS r{letter}{n}" for n, column in enumerate(columns)]
        raw = f"SELECT {', '.join(items) or '1 AS nothing'} FROM ({side.relation})"
        values = [
            f"{self._value(one, column, f'r{letter}{number}')} AS {letter}{number}"
            for number, ((one, _), column) in enumerate(zip(self._pairs, columns, strict=True))
        ]
        typed = f"SELECT *, {', '.join(values) or '1 AS nothing_more'} FROM ({raw})"
        number = self._numbering(letter, len(columns)) if self._repeats else "1"
        return f"SELECT *, 1 AS {name}, {number} AS n{letter} FROM ({typed})"

    def _numbering(self, letter: str, columns: int) -> str:
        """The number of a row among those of the same key; of rows that are equal as a whole in any order."""
        key = self._key(letter)
        partition = f"PARTITION BY {', '.join(key)}" if key else ""
        values = [f"{letter}{number}" for number in range(columns)]
        order = f"ORDER BY {', '.join(values)}" if values and self.plan.key is not None else ""
        return f"row_number() OVER ({partition} {order})"

    def _raw(self, column: Column) -> str:
        """A column as it stands; where text knows no NULL, empty text counts as NULL on both sides."""
        name = quoted_name(column.name)
        if spellings.is_nested(column):
            return spellings.as_json(name)
        return f"nullif({name}, '')" if column.type == "STRING" and self.there.is_text else name

    def _value(self, wanted: Column, column: Column, raw: str) -> str:
        if spellings.is_nested(wanted):
            return spellings.text_as_json(raw)
        if not _differ(wanted, column):
            return raw
        return spellings.read(spellings.as_text(raw), wanted.type)

    def _key(self, letter: str) -> list[str]:
        numbers = {one.name: number for number, (one, _) in enumerate(self._pairs)}
        if self.plan.key is not None:
            return [f"{letter}{numbers[name]}" for name in self.plan.key]
        # Whole rows: floats to nine digits, since a hash knows no tolerance.
        parts = [
            f"printf('%.9e', {letter}{number} + 0.0)" if one.type == "FLOAT" else f"{letter}{number}"
            for number, (one, _) in enumerate(self._pairs)
        ]
        return (
            [f"md5(CAST(to_json([{', '.join(map(spellings.as_text, parts))}]) AS VARCHAR))"] if parts else []
        )

    def _join(self) -> str:
        pairs = zip(self._key("o"), self._key("t"), strict=True)
        return " AND ".join(["no = nt", *(f"{one} IS NOT DISTINCT FROM {other}" for one, other in pairs)])

    def _judgements(self) -> Iterator[str]:
        for number, (one, _) in enumerate(self._pairs):
            here, there, raw = f"o{number}", f"t{number}", f"rt{number}"
            unreadable = _unreadable(there, raw)
            yield f"coalesce({self._same(one, here, there)}, FALSE) AND NOT {unreadable} AS same{number}"
            yield f"matched AND {unreadable} AS bad{number}"
            respelt = "FALSE"
            if self.there.is_text and not spellings.is_nested(one):
                respelt = f"{spellings.written(here, one.type)} <> {raw}"
            yield f"coalesce({respelt}, FALSE) AS respelt{number}"
        every = " AND ".join(f"same{number}" for number in range(len(self._pairs))) or "TRUE"
        yield f"matched AND {every} AS equal_row"

    def _same(self, column: Column, here: str, there: str) -> str:
        equal = f"{here} IS NOT DISTINCT FROM {there}"
        if spellings.is_nested(column):
            return equal
        if column.type == "FLOAT":
            return f"{equal} OR {spellings.same_float(here, there, self.plan.tolerance)}"
        if column.type == "STRING":
            return f"{equal} OR {spellings.same_text(here, there)}"
        return equal

    def _counts(self) -> Iterator[str]:
        conditions = {
            "here": "here IS NOT NULL",
            "there": "there IS NOT NULL",
            "equal": "equal_row",
            "changed": "matched AND NOT equal_row",
            "only_here": "there IS NULL",
            "only_there": "here IS NULL",
            "repeated_here": "no > 1",
            "repeated_there": "nt > 1",
        }
        if self.plan.key is None:  # equal rows are no repeated keys
            conditions |= {"repeated_here": "FALSE", "repeated_there": "FALSE"}
        for name, condition in conditions.items():
            yield f'count(*) FILTER (WHERE {condition}) AS "{name}"'
        for number in range(len(self._pairs)):
            differs = f"matched AND NOT same{number}"
            yield f"count(*) FILTER (WHERE {differs}) AS changed{number}"
            yield f"count(*) FILTER (WHERE {differs} AND rt{number} IS NULL) AS null_there{number}"
            null_here = f"{differs} AND o{number} IS NULL AND NOT bad{number}"
            yield f"count(*) FILTER (WHERE {null_here}) AS null_here{number}"
            yield f"count(*) FILTER (WHERE bad{number}) AS unreadable{number}"
            yield f"count(*) FILTER (WHERE matched AND same{number} AND respelt{number}) AS respelt{number}"
        for kind in _KINDS:
            yield f'{self._examples(conditions[kind])} AS "examples_{kind}"'

    def _examples(self, condition: str) -> str:
        """The first rows of a kind by what is shown of them, with the columns in which they differ."""
        numbers = {one.name: number for number, (one, _) in enumerate(self._pairs)}
        shown = {name: numbers[name] for name in self.plan.shown if name in numbers}
        if not self.plan.examples or not shown:
            return "NULL"
        items = [f"{quoted_name(name)} := coalesce(o{n}, t{n})" for name, n in shown.items()]
        differing = ", ".join(
            f"CASE WHEN NOT same{number} THEN {number} END" for number in range(len(self._pairs))
        )
        items.append(f"{quoted_name(DIFFERING)} := list_filter([{differing}], lambda one: one IS NOT NULL)")
        return f"min(struct_pack({', '.join(items)}), {self.plan.examples}) FILTER (WHERE {condition})"


DIFFERING = "differing columns"
"""In an example the numbers of the columns that differ, in the order of `Comparison.columns`."""
_COUNTED = ("changed", "null_there", "null_here", "unreadable", "respelt")
_KINDS = ("changed", "only_here", "only_there")


def _unreadable(value: str, raw: str) -> str:
    return f"({value} IS NULL AND {raw} IS NOT NULL)"


def _differ(one: Column, other: Column) -> bool:
    return (one.type, one.repeated) != (other.type, other.repeated)
