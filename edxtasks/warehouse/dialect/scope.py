"""What names mean inside one SELECT: its sources, their columns, the scopes around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlglot import exp

from edxtasks.warehouse.dialect.coercion import RefusedError
from edxtasks.warehouse.dialect.orders import Pending
from edxtasks.warehouse.dialect.parser import line_of
from edxtasks.warehouse.dialect.types import NO_ORIGINS, UNKNOWN, UNREADABLE, Origins, Type, Value
from edxtasks.warehouse.duckdb_sql import quoted_name
from edxtasks.warehouse.schema import Schema


def dotted(name: str) -> str:
    """A name, or dotted name, in quotes."""
    return ".".join(map(quoted_name, name.split(".")))


@dataclass(frozen=True)
class Relation:
    """A query in DuckDB's SQL: its text, its columns in order, and sets of columns known to be unique."""

    sql: str
    columns: tuple[tuple[str, Type], ...]
    keys: tuple[frozenset[str], ...] = ()
    """Sets of column names, in lower case, of which no two rows have the same values."""
    origins: tuple[Origins, ...] = ()
    """Of each column, in order, the columns of tables from which its values come."""

    def named_origins(self) -> dict[str, Origins]:
        """The origins by name of the column in lower case."""
        return {name.lower(): found for (name, _), found in zip(self.columns, self.origins, strict=True)}


Ctes = Mapping[str, Relation]
"""The queries of WITH that are visible, by name in lower case."""


@dataclass
class Source:
    """One item of FROM: an alias and its columns. `element` is set for UNNEST: the alias is a value."""

    alias: str
    columns: tuple[tuple[str, Type], ...]
    keys: tuple[frozenset[str], ...] = ()
    element: Type | None = None
    offset: str | None = None
    origins: Mapping[str, Origins] = field(default_factory=dict)
    """Of each column, by its name in lower case; of UNNEST those of the array, by the alias."""

    def column(self, name: str) -> Value | None:
        """The column `name` of the source, whatever its case."""
        if self.element is not None:
            return self._of_element(name)
        for column, kind in self.columns:
            if column.lower() == name.lower():
                origins = self.origins.get(column.lower(), NO_ORIGINS)
                return Value(f"{quoted_name(self.alias)}.{quoted_name(column)}", kind, origins=origins)
        return None

    def known_keys(self) -> tuple[frozenset[str], ...]:
        """Sets of column names that are unique in the source."""
        if self.element is not None:
            return (frozenset({self.offset}),) if self.offset is not None else ()
        return self.keys

    def whole(self) -> Value | None:
        """The value that the alias of an UNNEST stands for."""
        if self.element is None:
            return None
        return Value(
            f"{quoted_name(self.alias)}.{quoted_name(self.alias)}", self.element, origins=self._of_array()
        )

    def _of_element(self, name: str) -> Value | None:
        assert self.element is not None
        if self.offset is not None and name.lower() == self.offset.lower():
            sql = f"{quoted_name(self.alias)}.{quoted_name(self.offset)}"
            return Value(sql, Type("INT64"), origins=self._of_array())
        member = self.element.field(name) if self.element.kind == "STRUCT" else None
        if member is None:
            return None
        sql = f"({quoted_name(self.alias)}.{quoted_name(self.alias)}).{quoted_name(member[0])}"
        return Value(sql, member[1], origins=_of_member(self._of_array(), member[0]))

    def _of_array(self) -> Origins:
        return self.origins.get(self.alias.lower(), NO_ORIGINS)


@dataclass
class Scope:
    """The names of one SELECT. `merged` are the columns of USING; `outer` is the SELECT around."""

    outer: Scope | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    merged: dict[str, Value] = field(default_factory=dict)
    aliases: dict[str, tuple[int, Value, exp.Expression]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """DuckDB texts of the columns of this SELECT's own sources that it refers to."""
    leads: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of DuckDB texts of columns: in a row that has the first, the second is known (`a.x = b.y`)."""
    fixed: set[str] = field(default_factory=set)
    """DuckDB texts of columns that are the same in all rows (`WHERE x = 1`)."""
    pending: list[Pending] = field(default_factory=list)
    """Uses of an order that are judged when the whole SELECT is known."""

    def add(self, source: Source) -> None:
        """Add a source. Raises Refused if its alias is taken."""
        if source.alias.lower() in self.sources:
            raise RefusedError(f"two sources are called {source.alias}: give each a name of its own")
        self.sources[source.alias.lower()] = source

    def unqualified(self, name: str) -> Value | None:
        """A column, or the value of an UNNEST, by its bare name; Refused if two sources have it."""
        if name.lower() in self.merged:
            value = self.merged[name.lower()]
            self.used.add(value.sql)
            return value
        found = [v for v in (source.column(name) for source in self.sources.values()) if v is not None]
        source = self.sources.get(name.lower())
        whole = source.whole() if source else None
        if whole is not None:
            found.append(whole)
        if len(found) > 1:
            raise RefusedError(f"{name} is a column of two sources: write which")
        if found:
            self.used.add(found[0].sql)
            return found[0]
        return None


@dataclass
class Context:
    """One translation: the schemas of the tables, the types of the parameters, what is complained about."""

    schemas: Mapping[str, Schema]
    relation: Callable[[Context, exp.Expression, Ctes, Scope | None], Relation]
    keys: Mapping[str, Sequence[frozenset[str]]] = field(default_factory=dict)
    """By table the sets of its columns, in lower case, that are known to be unique."""
    parameters: Mapping[str, Type] = field(default_factory=dict)
    table: Callable[[str], str] = dotted
    """What stands in FROM for a table of this name."""
    complaints: list[str] = field(default_factory=list)
    chance: list[str] = field(default_factory=list)
    """Complaints about results that hang on chance: the SQL can be run, but must not be."""
    _origins: set[tuple[str, str]] = field(default_factory=set)

    @contextmanager
    def collected(self) -> Iterator[set[tuple[str, str]]]:
        """A block, and the columns of tables from which the values come that are translated in it."""
        around, self._origins = self._origins, set()
        try:
            yield self._origins
        finally:
            self._origins = around

    def comes_from(self, *origins: Origins) -> None:
        """Note where a value comes from that is translated."""
        self._origins.update(*origins)

    def complain(self, node: exp.Expr, reason: str) -> Value:
        """Keep a complaint about `node`; gives a value of unknown type, of which nobody complains again."""
        self.complaints.append(_located(node, reason))
        return UNREADABLE

    def by_chance(self, node: exp.Expr, reason: str) -> None:
        """Keep a complaint about a result that hangs on chance."""
        self.chance.append(_located(node, reason))


def _located(node: exp.Expr, reason: str) -> str:
    ancestor: exp.Expr | None = node
    line = None
    while ancestor is not None and line is None:
        line = line_of(ancestor)
        ancestor = ancestor.parent
    return f"line {line}: {reason}" if line is not None else reason


def resolve(names: list[str], scope: Scope | None) -> Value:
    """What a dotted name means: `column`, `source.column`, and members of structs, from inside out."""
    around = scope
    while around is not None:
        value = _resolve_here(names, around)
        if value is not None:
            return value
        around = around.outer
    raise RefusedError(f"no source has a column {'.'.join(names)}")


def _resolve_here(names: list[str], scope: Scope) -> Value | None:
    source = scope.sources.get(names[0].lower())
    if source is not None and len(names) > 1:
        value = source.column(names[1])
        if value is not None:
            scope.used.add(value.sql)
            return members(value, names[2:])
    value = scope.unqualified(names[0])
    if value is not None and source is not None and source.element is None:
        raise RefusedError(
            f"{names[0]} is a source and a column: write {names[0]}.{names[0]}, or rename the source"
        )
    if value is None:
        if source is not None and len(names) == 1:
            raise RefusedError(f"{names[0]} is a source, not a value: name its columns")
        return None
    return members(value, names[1:])


def members(value: Value, names: list[str]) -> Value:
    """A member of a struct, and members of members."""
    for name in names:
        if value.type == UNKNOWN:
            return value
        member = value.type.field(name) if value.type.kind == "STRUCT" else None
        if member is None:
            raise RefusedError(f"{value.type} has no member {name}")
        origins = _of_member(value.origins, member[0])
        value = Value(f"({value.sql}).{quoted_name(member[0])}", member[1], origins=origins)
    return value


def _of_member(origins: Origins, name: str) -> Origins:
    """Where a member of a struct comes from that comes from these."""
    return frozenset((table, f"{column}.{name}") for table, column in origins)
