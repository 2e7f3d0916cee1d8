"""Queries of GoogleSQL as queries of DuckDB: SELECT, FROM, GROUP BY, set operations, CTEs.

Every name is resolved here, against the schemas of the tables, and written out with its source, so that
nothing is left to rules of name lookup in which the two languages differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from sqlglot import exp

from edxtasks.warehouse.dialect.chance import Order, has_marker, judge, keys_of_join, pending
from edxtasks.warehouse.dialect.expressions import Place
from edxtasks.warehouse.dialect.functions import Refused
from edxtasks.warehouse.dialect.reading import table_name
from edxtasks.warehouse.dialect.scope import Context, Relation, Scope, Source
from edxtasks.warehouse.dialect.types import BOOL, NULL, UNKNOWN, Type, Value, common, of_column, quote
from edxtasks.warehouse.dialect.windows import sort_term

Ctes = Mapping[str, Relation]
T = TypeVar("T")


def relation(context: Context, node: exp.Expression, ctes: Ctes, outer: Scope | None) -> Relation:
    """A query in DuckDB. `ctes` are those that are visible, `outer` the SELECT in which it stands."""
    if isinstance(node, exp.Subquery):
        return _parenthesised(context, node, ctes, outer)
    if isinstance(node, exp.SetOperation):
        return _set_operation(context, node, ctes, outer)
    if isinstance(node, exp.Select):
        return _Select(context, node, ctes, outer).relation()
    context.complain(node, f"{node.key.upper()} is not on the proven list; see docs/sql.md")
    return Relation("SELECT NULL", ())


def _with(context: Context, node: exp.Expression, ctes: Ctes, outer: Scope | None) -> tuple[str, Ctes]:
    """`WITH …` of a query, and the CTEs that it sees."""
    clause = node.args.get("with_") or node.args.get("with")
    if clause is None:
        return "", ctes
    if clause.args.get("recursive"):
        context.complain(node, "WITH RECURSIVE is not on the proven list")
    texts = []
    visible = dict(ctes)
    for cte in clause.expressions:
        result = relation(context, cte.this, visible, outer)
        texts.append(f"{quote(cte.alias)} AS ({result.sql})")
        visible[cte.alias.lower()] = result
    return f"WITH {', '.join(texts)} ", visible


def _parenthesised(context: Context, node: exp.Subquery, ctes: Ctes, outer: Scope | None) -> Relation:
    if any(node.args.get(part) for part in ("order", "limit", "offset", "with_", "with")):
        context.complain(node, "ORDER BY or LIMIT after a parenthesis: put them inside, or use a WITH")
    return relation(context, node.this, ctes, outer)


_OPERATIONS: dict[type[exp.Expression], str] = {
    exp.Union: "UNION",
    exp.Intersect: "INTERSECT",
    exp.Except: "EXCEPT",
}


def _set_operation(context: Context, node: exp.SetOperation, ctes: Ctes, outer: Scope | None) -> Relation:
    clause, ctes = _with(context, node, ctes, outer)
    left = relation(context, node.this, ctes, outer)
    right = relation(context, node.expression, ctes, outer)
    word = _OPERATIONS[type(node)]
    distinct = bool(node.args.get("distinct"))
    if word != "UNION" and not distinct:
        context.complain(node, f"{word} ALL is not on the proven list")
    if any(node.args.get(part) for part in ("order", "limit", "offset")):
        context.complain(node, f"ORDER BY or LIMIT after {word}: put the {word} into a WITH")
    if node.args.get("by_name"):
        columns = _matched_by_name(context, node, left, right)
    else:
        columns = _matched_by_place(context, node, left, right)
    if columns is None:
        return Relation("SELECT NULL", left.columns)
    name = " BY NAME" if node.args.get("by_name") else ""
    parts = [_as_types(side, columns, bool(name)) for side in (left, right)]
    sql = f"{clause}({parts[0]}) {word}{' ALL' if not distinct else ''}{name} ({parts[1]})"
    keys = (frozenset(name.lower() for name, _ in columns),) if distinct else ()
    return Relation(sql, tuple(columns), keys)


def _matched_by_place(
    context: Context, node: exp.Expression, left: Relation, right: Relation
) -> list[tuple[str, Type]] | None:
    if len(left.columns) != len(right.columns):
        context.complain(node, f"{len(left.columns)} columns above, {len(right.columns)} below")
        return None
    columns = []
    for (name, above), (_, below) in zip(left.columns, right.columns, strict=True):
        kind = common((above, below))
        if kind is None:
            context.complain(node, f"column {name} is {above} above, {below} below: write a CAST")
        columns.append((name, kind or UNKNOWN))
    return columns


def _matched_by_name(
    context: Context, node: exp.Expression, left: Relation, right: Relation
) -> list[tuple[str, Type]] | None:
    others = {name.lower(): kind for name, kind in right.columns}
    if {name.lower() for name, _ in left.columns} != set(others):
        context.complain(node, "BY NAME takes the same column names above and below")
        return None
    columns = []
    for name, above in left.columns:
        kind = common((above, others[name.lower()]))
        if kind is None:
            context.complain(node, f"column {name} is {above} above, {others[name.lower()]} below")
        columns.append((name, kind or UNKNOWN))
    return columns


def _as_types(side: Relation, columns: list[tuple[str, Type]], by_name: bool) -> str:
    """The query of one side of a set operation with each column of the type that both sides have together."""
    wanted = [kind for _, kind in columns]
    if by_name:
        types = {name.lower(): kind for name, kind in columns}
        wanted = [types[name.lower()] for name, _ in side.columns]
    if all(kind == found for kind, (_, found) in zip(wanted, side.columns, strict=True)):
        return side.sql
    items = [
        quote(name)
        if kind in (found, UNKNOWN) or kind.kind in ("NULL", "PARAMETER")
        else f"CAST({quote(name)} AS {kind.duckdb}) AS {quote(name)}"
        for kind, (name, found) in zip(wanted, side.columns, strict=True)
    ]
    return f"SELECT {', '.join(items)} FROM ({side.sql})"


@dataclass
class _Item:
    """An output column: its name (made up where there is none), its value."""

    name: str
    value: Value
    node: exp.Expression
    named: bool = True


@dataclass
class _Select:
    """One SELECT on its way into DuckDB."""

    context: Context
    node: exp.Select
    ctes: Ctes
    outer: Scope | None
    scope: Scope = field(init=False)
    items: list[_Item] = field(init=False, default_factory=list)

    def relation(self) -> Relation:
        """The SELECT in DuckDB."""
        clause, self.ctes = _with(self.context, self.node, self.ctes, self.outer)
        self.scope = Scope(self.outer)
        self.place = Place(self.context, self.scope, self.ctes)
        self._refuse_what_is_not_proven()
        from_ = self._guarded(self._from, "")
        where = self._condition("where", "WHERE")
        self._select_items()
        grouping = self._guarded(self._grouping, list[str]())
        having = self._condition("having", "HAVING", aliases=True)
        qualify = self._condition("qualify", "QUALIFY", aliases=True)
        order, limit = self._guarded(self._order_and_limit, ("", ""))
        distinct = self.node.args.get("distinct") is not None
        keys_of_groups = self._keys_of_groups(grouping)
        for node, complaint in judge(self.scope, keys_of_groups):
            self.context.by_chance(node, complaint)
        pieces = [
            f"{clause}SELECT {'DISTINCT ' if distinct else ''}{', '.join(map(_output, self.items))}",
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
        return Relation(sql, columns, tuple(self._keys(keys_of_groups, distinct, limit)))

    def _guarded(self, step: Callable[[], T], otherwise: T) -> T:
        try:
            return step()
        except Refused as refusal:
            self.context.complain(self.node, str(refusal))
            return otherwise

    def _refuse_what_is_not_proven(self) -> None:
        known = {
            "with", "with_", "expressions", "from", "from_", "joins", "where", "group", "having", "qualify",
            "order", "limit", "offset", "distinct", "windows", "laterals",
        }  # fmt: skip
        for part, value in self.node.args.items():
            if value and part not in known:
                self.context.complain(self.node, f"SELECT with {part.upper()} is not on the proven list")
        distinct = self.node.args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            self.context.complain(self.node, "DISTINCT ON is no GoogleSQL")
        if self.node.args.get("qualify") and not any(
            self.node.args.get(part) for part in ("where", "group", "having")
        ):
            self.context.complain(self.node, "QUALIFY needs a WHERE, GROUP BY or HAVING: write WHERE TRUE")

    # FROM

    def _from(self) -> str:
        from_ = self.node.args.get("from_") or self.node.args.get("from")
        if from_ is None:
            return ""
        text = f"FROM {self._source(from_.this, first=True)}"
        for join in self.node.args.get("joins") or ():
            text += self._join(join)
        return text

    def _join(self, join: exp.Join) -> str:
        side, kind = join.side.upper(), join.kind.upper()
        if join.args.get("method") or kind not in ("", "INNER", "OUTER", "CROSS") or join.args.get("pivots"):
            raise Refused(f"{join.args.get('method') or kind} JOIN is not on the proven list")
        left = list(self.scope.sources.values())
        source = self._source(join.this)
        using, on = join.args.get("using"), join.args.get("on")
        word = f"{side} JOIN" if side else ("JOIN" if on or using else "CROSS JOIN")
        if using:
            names = [name.name for name in using]
            self._merge(names, left, list(self.scope.sources.values())[-1], side)
            return f" {word} {source} USING ({', '.join(map(quote, names))})"
        if on is not None:
            return f" {word} {source} ON {self.place.typed(on, BOOL)}"
        if isinstance(join.this, exp.Unnest):
            return f" {word} {source}{' ON true' if side else ''}"
        if side:
            raise Refused(f"{side} JOIN needs ON or USING")
        return f" CROSS JOIN {source}"

    def _merge(self, names: list[str], left: list[Source], right: Source, side: str) -> None:
        """Columns of USING: their bare name means the one column that the two became."""
        for name in names:
            before = self.scope.merged.get(name.lower())
            found = [before] if before else [v for v in (s.column(name) for s in left) if v is not None]
            other = right.column(name)
            if len(found) != 1 or other is None:
                raise Refused(f"USING ({name}): each side needs one column of this name")
            kind = common((found[0].type, other.type))
            if kind is None or found[0].type != other.type:
                raise Refused(f"USING ({name}): {found[0].type} and {other.type}; write ON with a CAST")
            if kind.kind == "FLOAT64":
                raise Refused(f"USING ({name}) over FLOAT64 is not on the proven list")
            if side == "FULL":
                merged = f"coalesce({found[0].sql}, {other.sql})"
            else:
                merged = other.sql if side == "RIGHT" else found[0].sql
            self.scope.merged[name.lower()] = Value(merged, kind)

    def _source(self, node: exp.Expression, first: bool = False) -> str:
        if isinstance(node, exp.Unnest):
            return self._unnest(node, first)
        if isinstance(node, exp.Subquery):
            if not node.alias:
                raise Refused("a subquery in FROM needs a name: (SELECT …) AS name")
            result = relation(self.context, node.this, self.ctes, self.outer)
            self.scope.add(Source(node.alias, result.columns, result.keys))
            return f"({result.sql}) AS {quote(node.alias)}"
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return self._table(node)
        raise Refused(f"{node.key.upper()} in FROM is not on the proven list")

    def _table(self, node: exp.Table) -> str:
        name = table_name(node)
        alias = node.alias or node.parts[-1].name.rpartition(".")[2]
        if any(node.args.get(part) for part in ("sample", "pivots", "version", "joins")):
            raise Refused(f"{name}: this form of a table is not on the proven list")
        cte = self.ctes.get(name.lower())
        if cte is not None:
            self.scope.add(Source(alias, cte.columns, cte.keys))
            return f"{quote(name)} AS {quote(alias)}"
        if name not in self.context.schemas:
            self.scope.add(Source(alias, ()))
            raise Refused(f"{name} is no table that is known")
        columns = tuple((column.name, of_column(column)) for column in self.context.schemas[name])
        self.scope.add(Source(alias, columns))
        return f"{'.'.join(map(quote, name.split('.')))} AS {quote(alias)}"

    def _unnest(self, node: exp.Unnest, first: bool) -> str:
        if len(node.expressions) != 1:
            raise Refused("UNNEST takes one array")
        value = self.place.value(node.expressions[0])
        if value.type == UNKNOWN:
            raise Refused("UNNEST of what cannot be read")
        if value.type.element is None:
            raise Refused(f"UNNEST takes an array, found {value.type}; of a parameter: IN UNNEST(@name)")
        alias = node.args.get("alias")
        names = [column.name for column in alias.columns] if alias is not None else []
        name = names[0] if names else node.alias
        if not name:
            raise Refused("UNNEST needs a name: UNNEST(…) AS name")
        given = node.args.get("offset")
        offset = None if given in (None, False) else ("offset" if given is True else given.name)
        self.scope.add(Source(name, (), element=value.type.element, offset=offset))
        numbers = f", unnest(range(len({value.sql}))) AS {quote(offset)}" if offset else ""
        inner = f"(SELECT unnest({value.sql}) AS {quote(name)}{numbers}) AS {quote(name)}"
        return inner if first else f"LATERAL {inner}"

    # The parts of the SELECT

    def _condition(self, part: str, word: str, aliases: bool = False) -> str:
        clause = self.node.args.get(part)
        if clause is None:
            return ""
        place = self._with_aliases() if aliases else self.place
        return self._guarded(lambda: f"{word} {place.typed(clause.this, BOOL)}", "")

    def _with_aliases(self) -> Place:
        """A place in which names of output columns are visible too, after those of the sources."""
        return Place(self.context, _AliasScope.over(self.scope, self.items, self.context), self.ctes)

    def _select_items(self) -> None:
        for node in self.node.expressions:
            if node.is_star:
                self.items += self._guarded(partial(self._star, node), list[_Item]())
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            value = self.place.value(inner)
            name = node.alias_or_name if isinstance(node, (exp.Alias, exp.Column, exp.Dot)) else ""
            if isinstance(node, exp.Dot):
                name = node.expression.name
            self.items.append(_Item(name or f"_f{len(self.items)}", value, inner, bool(name)))
        seen: set[str] = set()
        for item in self.items:
            if item.named and item.name.lower() in seen:
                self.context.complain(item.node, f"two output columns are called {item.name}")
            seen.add(item.name.lower())

    def _star(self, node: exp.Expression) -> list[_Item]:
        """`*` and `source.*` with EXCEPT and REPLACE, written out."""
        star = node if isinstance(node, exp.Star) else node.this
        sources = list(self.scope.sources.values())
        if isinstance(node, exp.Column):
            source = self.scope.sources.get(node.table.lower())
            if source is None:
                raise Refused(f"{node.table}.*: no source is called {node.table}")
            sources = [source]
        left_out = {name.name.lower() for name in star.args.get("except_") or star.args.get("except") or ()}
        replaced = {r.alias.lower(): r.this for r in star.args.get("replace") or ()}
        if star.args.get("rename"):
            raise Refused("* RENAME is no GoogleSQL")
        merged = {} if isinstance(node, exp.Column) else dict(self.scope.merged)
        found: list[tuple[str, Value]] = []
        for name, merged_value in merged.items():
            found.append((self._spelling(name), merged_value))
        for source in sources:
            if source.element is not None:
                raise Refused("* over UNNEST is not on the proven list: name the columns")
            for name, _ in source.columns:
                value = source.column(name)
                if value is not None and name.lower() not in merged:
                    found.append((name, value))
        items = []
        for name, value in found:
            if name.lower() in left_out:
                continue
            self.scope.used.add(value.sql)
            chosen = self.place.value(replaced[name.lower()]) if name.lower() in replaced else value
            items.append(_Item(name, chosen, node))
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
        if any(group.args.get(part) for part in ("rollup", "cube", "grouping_sets", "totals", "all")):
            raise Refused("GROUP BY with ROLLUP, CUBE, GROUPING SETS or ALL is not on the proven list")
        place = self._with_aliases()
        terms = []
        for node in group.expressions:
            if isinstance(node, exp.Literal) and not node.is_string:
                terms.append(self._by_number(node, "GROUP BY").sql)
                continue
            value = place.value(node)
            if value.type.kind in ("STRUCT", "ARRAY"):
                raise Refused(f"GROUP BY {value.type}")
            terms.append(value.sql)
        return terms

    def _by_number(self, node: exp.Literal, what: str) -> Value:
        if not 1 <= int(node.name) <= len(self.items):
            raise Refused(f"{what} {node.name}: there are {len(self.items)} output columns")
        return self.items[int(node.name) - 1].value

    def _order_and_limit(self) -> tuple[str, str]:
        order, limit = self.node.args.get("order"), self.node.args.get("limit")
        offset = self.node.args.get("offset")
        place = Place(
            self.context, _AliasScope.over(self.scope, self.items, self.context, first=True), self.ctes
        )
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
        if limit is not None:
            self._check_limit(limit, order, keys)
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
        pending(self.place, limit, "LIMIT", Order(frozenset(keys)), None, frozenset())

    # What is unique

    def _keys_of_groups(self, grouping: list[str]) -> frozenset[str] | None:
        """Keys of GROUP BY as DuckDB texts; none in a SELECT of aggregates alone; None without groups."""
        if grouping:
            return frozenset(grouping)
        return frozenset() if self.node.args.get("having") or _has_aggregate(self.node) else None

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
    base: Scope
    context: Context

    @classmethod
    def over(cls, scope: Scope, items: list[_Item], context: Context, first: bool = False) -> _AliasScope:
        """A scope over `scope` that shares all it holds."""
        new = cls(scope.outer, scope.sources, scope.merged, used=scope.used, pending=scope.pending)
        new.items = {item.name.lower(): item.value for item in items if item.named}
        new.first, new.base, new.context = first, scope, context
        return new

    def unqualified(self, name: str) -> Value | None:
        """As of the scope; where a source and an output column differ under one name, Refused."""
        alias = self.items.get(name.lower())
        column = super().unqualified(name)
        if alias is None or column is None:
            return column if alias is None else alias
        if alias.sql != column.sql and not self.first:
            raise Refused(
                f"{name} is a column of a source and another output column: give the output another name, "
                "or write the source before it"
            )
        return alias if self.first else column


def _output(item: _Item) -> str:
    if item.value.type == NULL:
        return f"CAST(NULL AS BIGINT) AS {quote(item.name)}"
    return f"{item.value.sql} AS {quote(item.name)}"


_AGGREGATES = {
    "COUNT", "COUNTIF", "SUM", "AVG", "MIN", "MAX", "LOGICAL_OR", "LOGICAL_AND", "STDDEV", "STDDEV_SAMP",
    "STDDEV_POP", "VARIANCE", "VAR_SAMP", "VAR_POP", "CORR", "COVAR_SAMP",
    "COVAR_POP", "ARRAY_AGG", "STRING_AGG",
}  # fmt: skip


def _has_aggregate(select: exp.Select) -> bool:
    """Whether a SELECT without GROUP BY has an aggregate of its own, so that it gives one row."""

    def below(node: exp.Expression) -> bool:
        if isinstance(node, exp.Query):
            return False
        if isinstance(node, exp.Window):
            return any(below(child) for child in node.this.iter_expressions())
        if isinstance(node, exp.Anonymous) and node.name.upper() in _AGGREGATES:
            return True
        return any(below(child) for child in node.iter_expressions())

    return any(below(item) for item in select.expressions)


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
