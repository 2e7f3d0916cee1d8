"""One SELECT of GoogleSQL as one of DuckDB.

Every name is resolved here, against the schemas of the tables, and written out with its source, so that
nothing is left to rules of name lookup in which the two languages differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlglot import exp

from edxtasks.printable import printable, quantity
from edxtasks.warehouse.dialect.clauses import gives_one_row, misplaced, not_grouped
from edxtasks.warehouse.dialect.coercion import RefusedError, whole_number
from edxtasks.warehouse.dialect.determinism import has_marker, judge, keys_of_join, pending
from edxtasks.warehouse.dialect.expressions import TRANSLATIONS, Place
from edxtasks.warehouse.dialect.orders import Order
from edxtasks.warehouse.dialect.scope import Context, Ctes, Relation, Scope
from edxtasks.warehouse.dialect.sorting import sort_term
from edxtasks.warehouse.dialect.sources import equalities, from_clause
from edxtasks.warehouse.dialect.types import BOOL, NULL, Origins, Type, Value
from edxtasks.warehouse.dialect.windows import definition_of
from edxtasks.warehouse.duckdb_sql import quoted_name

T = TypeVar("T")


@dataclass
class _Item:
    """An output column: its name (made up where there is none), its value."""

    name: str
    value: Value
    node: exp.Expression
    origins: Origins
    named: bool = True


@dataclass
class Select:
    """One SELECT on its way into DuckDB."""

    context: Context
    node: exp.Select
    ctes: Ctes
    outer: Scope | None
    clause: str = ""
    """`WITH …` in DuckDB, or nothing."""
    scope: Scope = field(init=False)
    items: list[_Item] = field(init=False, default_factory=list)

    def relation(self) -> Relation:
        """The SELECT in DuckDB."""
        self.scope = Scope(self.outer)
        self.place = Place(self.context, self.scope, self.ctes)
        self._refuse_what_is_misplaced()
        if not self.node.expressions:
            self.context.complain(self.node, "SELECT without output columns")
        from_ = self._guarded(partial(from_clause, self.node, self.place), "")
        where = self._condition("where", "WHERE")
        self._note_fixed()
        self._select_items()
        grouping = self._guarded(self._grouping, list[str]())
        having = self._condition("having", "HAVING", aliases=True)
        qualify = self._condition("qualify", "QUALIFY", aliases=True)
        order, limit = self._guarded(self._order_and_limit, ("", ""))
        distinct = self.node.args.get("distinct") is not None
        keys_of_groups = self._keys_of_groups(grouping)
        if keys_of_groups is not None and not self.context.complaints:
            self._check_groups(keys_of_groups)
        for node, complaint in judge(self.scope, keys_of_groups):
            self.context.by_chance(node, complaint)
        pieces = [
            f"{self.clause}SELECT {'DISTINCT ' if distinct else ''}{', '.join(map(_output, self.items))}",
            from_,
            where,
            f"GROUP BY {', '.join(grouping)}" if grouping else "",
            having,
            qualify,
            order,
            limit,
        ]
        columns = tuple((item.name, item.value.type) for item in self.items)
        sql = " ".join(piece for piece in pieces if piece)
        keys = tuple(self._keys(keys_of_groups, distinct, limit))
        return Relation(sql, columns, keys, tuple(item.origins for item in self.items))

    def _guarded(self, step: Callable[[], T], otherwise: T) -> T:
        try:
            return step()
        except RefusedError as refusal:
            self.context.complain(self.node, str(refusal))
            return otherwise

    def _refuse_what_is_misplaced(self) -> None:
        for node, complaint in misplaced(self.node):
            self.context.complain(node, complaint)
        if self.node.args.get("qualify") and not any(
            self.node.args.get(part) for part in ("where", "group", "having")
        ):
            self.context.complain(self.node, "QUALIFY needs a WHERE, GROUP BY or HAVING: write WHERE TRUE")
        names = [named.name.lower() for named in self.node.args.get("windows") or ()]
        for named in self.node.args.get("windows") or ():
            if names.count(named.name.lower()) > 1:
                self.context.complain(named, f"two windows are called {named.name}")
            self._guarded(partial(definition_of, named), None)

    # The parts of the SELECT

    def _condition(self, part: str, word: str, aliases: bool = False) -> str:
        clause = self.node.args.get(part)
        if clause is None:
            return ""
        place = self._with_aliases() if aliases else self.place
        return self._guarded(lambda: f"{word} {place.typed(clause.this, BOOL)}", "")

    def _note_fixed(self) -> None:
        """Note the columns that WHERE makes equal to a constant, or to another column."""
        where = self.node.args.get("where")
        if where is None or self.context.complaints:
            return
        for one, other in equalities(self.place, where.this):
            for first, second in ((one, other), (other, one)):
                if first.startswith('"'):
                    self.scope.leads.append((first, second))
                else:
                    self.scope.fixed.add(second)

    def _with_aliases(self) -> Place:
        """A place in which names of output columns are visible too, after those of the sources."""
        return Place(self.context, _AliasScope.over(self.scope, self.items), self.ctes)

    def _select_items(self) -> None:
        for node in self.node.expressions:
            if node.is_star:
                self.items += self._guarded(partial(self._star, node), list[_Item]())
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            value, origins = self._with_origins(inner)
            name = node.alias_or_name if isinstance(node, (exp.Alias, exp.Column, exp.Dot)) else ""
            if isinstance(node, exp.Dot):
                name = node.expression.name
            self.items.append(_Item(name or f"_f{len(self.items)}", value, inner, origins, bool(name)))
        seen: set[str] = set()
        for item in self.items:
            if item.named and item.name.lower() in seen:
                self.context.complain(item.node, f"two output columns are called {item.name}")
            seen.add(item.name.lower())

    def _with_origins(self, node: exp.Expression) -> tuple[Value, Origins]:
        with self.context.collected() as origins:
            value = self.place.value(node)
        return value, frozenset(origins)

    def _star(self, node: exp.Expression) -> list[_Item]:
        """`*` and `source.*` with EXCEPT and REPLACE, written out."""
        star = node if isinstance(node, exp.Star) else node.this
        sources = list(self.scope.sources.values())
        if isinstance(node, exp.Column):
            source = self.scope.sources.get(node.table.lower())
            if source is None:
                raise RefusedError(f"{node.table}.*: no source is called {node.table}")
            sources = [source]
        names = [name.name.lower() for name in star.args.get("except_") or star.args.get("except") or ()]
        left_out = set(names)
        replaced = {r.alias.lower(): r.this for r in star.args.get("replace") or ()}
        merged = {} if isinstance(node, exp.Column) else dict(self.scope.merged)
        found: list[tuple[str, Value]] = []
        for name, merged_value in merged.items():
            found.append((self._spelling(name), merged_value))
        for source in sources:
            if source.element is not None:
                raise RefusedError("* over UNNEST is not on the proven list: name the columns")
            for name, _ in source.columns:
                value = source.column(name)
                if value is not None and name.lower() not in merged:
                    found.append((name, value))
        there = {name.lower() for name, _ in found}
        for name in sorted({*left_out, *replaced} - there):
            raise RefusedError(f"* has no column {name}")
        if len(left_out) < len(names):
            raise RefusedError("* EXCEPT names a column twice")
        items = []
        for name, value in found:
            if name.lower() in left_out:
                continue
            self.scope.used.add(value.sql)
            chosen, origins = value, value.origins
            if name.lower() in replaced:
                chosen, origins = self._with_origins(replaced[name.lower()])
            items.append(_Item(name, chosen, node, origins))
        return items

    def _spelling(self, name: str) -> str:
        for source in self.scope.sources.values():
            for column, _ in source.columns:
                if column.lower() == name:
                    return column
        return name

    def _grouping(self) -> list[str]:
        """Terms of GROUP BY. A name that is an output column's alone means its expression."""
        group = self.node.args.get("group")
        if group is None:
            return []
        place = self._with_aliases()
        terms = []
        for node in group.expressions:
            if isinstance(node, exp.Literal) and not node.is_string:
                value = self._by_number(node, "GROUP BY")
                terms.append(node.name if value.constant else value.sql)
                continue
            value = place.value(node)
            if value.type.kind in ("STRUCT", "ARRAY"):
                raise RefusedError(f"GROUP BY {value.type}")
            terms.append(self._number_of(value) if value.constant else value.sql)
        return terms

    def _number_of(self, constant: Value) -> str:
        """A constant in GROUP BY, which DuckDB takes as the number of an output column only."""
        for number, item in enumerate(self.items, 1):
            if item.value.sql == constant.sql:
                return str(number)
        raise RefusedError("GROUP BY a constant that is not an output column")

    def _by_number(self, node: exp.Literal, what: str) -> Value:
        place = whole_number(node.name)
        if place is None or not 1 <= place <= len(self.items):
            found = quantity(len(self.items), "output column")
            raise RefusedError(f"{what} {printable(node.name)}: found {found}")
        return self.items[place - 1].value

    def _order_and_limit(self) -> tuple[str, str]:
        order, limit = self.node.args.get("order"), self.node.args.get("limit")
        offset = self.node.args.get("offset")
        place = Place(self.context, _AliasScope.over(self.scope, self.items, first=True), self.ctes)
        terms: list[str] = []
        keys: set[str] = set()
        for node in order.expressions if order is not None else ():
            if isinstance(node.this, exp.Literal) and not node.this.is_string:
                value = self._by_number(node.this, "ORDER BY")
            else:
                value = place.value(node.this)
            found, key = sort_term(place, node, value)
            terms += found
            keys.add(key)
        if self.node.args.get("distinct") and not keys <= {item.value.sql for item in self.items}:
            raise RefusedError("ORDER BY after SELECT DISTINCT takes output columns only")
        if limit is not None:
            self._check_limit(limit, order, keys)
        if offset is not None and limit is None:
            raise RefusedError("OFFSET needs LIMIT")
        for clause in (limit, offset):
            if clause is not None and not isinstance(clause.expression, (exp.Literal, exp.Parameter)):
                raise RefusedError(f"{clause.key.upper()} takes a number or a parameter")
        pieces = [
            f"LIMIT {self.place.typed(limit.expression, Type('INT64'))}" if limit is not None else "",
            f"OFFSET {self.place.typed(offset.expression, Type('INT64'))}" if offset is not None else "",
        ]
        return (f"ORDER BY {', '.join(terms)}" if terms else ""), " ".join(p for p in pieces if p)

    def _check_limit(self, limit: exp.Expression, order: exp.Expression | None, keys: set[str]) -> None:
        if has_marker(limit) or (order is not None and has_marker(order)):
            return
        if {item.value.sql for item in self.items} <= keys:
            return
        pending(self.place.scope, limit, "LIMIT", Order(frozenset(keys)), None, frozenset())

    # What is unique

    def _keys_of_groups(self, grouping: list[str]) -> frozenset[str] | None:
        """Keys of GROUP BY as DuckDB texts; none in a SELECT of aggregates alone; None without groups."""
        if grouping:
            return frozenset(term for term in grouping if not term.isdigit())
        return frozenset() if gives_one_row(self.node) else None

    def _check_groups(self, groups: frozenset[str]) -> None:
        """Complain about columns that are neither grouped nor in an aggregate."""
        order = self.node.args.get("order")
        named = self._with_aliases()
        last = [clause.this for part in ("having", "qualify") if (clause := self.node.args.get(part))]
        first = Place(self.context, _AliasScope.over(self.scope, self.items, first=True), self.ctes)
        for place, nodes in (
            (self.place, [item.node for item in self.items if not item.node.is_star]),
            (named, last),
            (first, [term.this for term in order.expressions] if order is not None else []),
        ):
            for node in nodes:
                for column in not_grouped(
                    node,
                    lambda one, place=place: self._looked_up(place, one)[0] in groups,  # type: ignore[misc]
                    lambda one, place=place: self._looked_up(place, one)[1],  # type: ignore[misc]
                ):
                    self.context.complain(column, _NOT_GROUPED.format(column.sql("bigquery", comments=False)))
        for item in self.items:
            if item.node.is_star and item.value.sql not in groups:
                self.context.complain(item.node, _NOT_GROUPED.format(item.name))

    def _looked_up(self, place: Place, node: exp.Expression) -> tuple[str | None, bool]:
        """The DuckDB text of an expression, and whether it holds columns of the sources; nothing is noted."""
        if type(node) not in TRANSLATIONS:
            return None, False
        uses, complaints = list(self.scope.pending), len(self.context.complaints)
        value, columns = place.with_columns(node)
        self.scope.pending[:] = uses
        del self.context.complaints[complaints:]  # of a part that means nothing alone, as WHEN … THEN of CASE
        alias = isinstance(node, exp.Column) and any(
            item.named and item.value.sql == value.sql for item in self.items
        )
        return value.sql, bool(columns) and not (alias and place is not self.place)

    def _keys(self, groups: frozenset[str] | None, distinct: bool, limit: str) -> list[frozenset[str]]:
        if groups is not None:
            candidates = [groups]
        else:
            candidates = keys_of_join(self.scope)
            first = _kept_first(self.node)
            if first is not None:
                values = [self.place.value(node) for node in first.args.get("partition_by") or ()]
                candidates.append(frozenset(value.sql for value in values))
        outputs = {item.value.sql: item.name.lower() for item in self.items}
        keys = [frozenset(outputs[text] for text in key) for key in candidates if key <= set(outputs)]
        if distinct:
            keys.append(frozenset(item.name.lower() for item in self.items))
        if limit == "LIMIT 1::BIGINT":
            keys.append(frozenset())
        return keys


class _AliasScope(Scope):
    """A scope in which the names of output columns are visible: first (ORDER BY) or last (GROUP BY …)."""

    items: Mapping[str, Value]
    first: bool

    @classmethod
    def over(cls, scope: Scope, items: list[_Item], first: bool = False) -> _AliasScope:
        """A scope over `scope` that shares all it holds."""
        new = cls(
            scope.outer,
            scope.sources,
            scope.merged,
            used=scope.used,
            leads=scope.leads,
            fixed=scope.fixed,
            pending=scope.pending,
        )
        new.items = {item.name.lower(): item.value for item in items if item.named}
        new.first = first
        return new

    def unqualified(self, name: str) -> Value | None:
        """As of the scope; where a source and an output column differ under one name, Refused."""
        alias = self.items.get(name.lower())
        column = super().unqualified(name)
        if alias is None or column is None:
            return column if alias is None else alias
        if alias.sql != column.sql and not self.first:
            raise RefusedError(
                f"{name} is a column of a source and another output column: give the output another name, "
                "or write the source before it"
            )
        return alias if self.first else column


def _output(item: _Item) -> str:
    if item.value.type == NULL:
        return f"CAST(NULL AS BIGINT) AS {quoted_name(item.name)}"
    return f"{item.value.sql} AS {quoted_name(item.name)}"


_NOT_GROUPED = "{} is neither in GROUP BY nor in an aggregate"


def _kept_first(select: exp.Select) -> exp.Expression | None:
    """The window of `QUALIFY ROW_NUMBER() OVER (…) = 1`, after which its partition is unique."""
    qualify = select.args.get("qualify")
    if qualify is None or not isinstance(qualify.this, exp.EQ):
        return None
    window, one = qualify.this.this, qualify.this.expression
    is_one = isinstance(one, exp.Literal) and one.name == "1"
    if is_one and isinstance(window, exp.Window) and window.this.name.upper() == "ROW_NUMBER":
        return window if window.args.get("alias") is None else None
    return None
