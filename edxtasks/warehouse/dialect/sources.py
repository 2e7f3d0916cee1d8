"""FROM: tables, subqueries, UNNEST and joins; each becomes a source of the scope."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from edxtasks.warehouse.dialect.coercion import RefusedError
from edxtasks.warehouse.dialect.expressions import Place
from edxtasks.warehouse.dialect.parser import table_name
from edxtasks.warehouse.dialect.scope import Scope, Source
from edxtasks.warehouse.dialect.types import BOOL, NO_ORIGINS, UNKNOWN, Value, common, of_column
from edxtasks.warehouse.duckdb_sql import quoted_name


def from_clause(select: exp.Select, place: Place) -> str:
    """`FROM …` of a SELECT in DuckDB; its sources are added to the scope of `place`."""
    from_ = select.args.get("from_") or select.args.get("from")
    if from_ is None:
        return ""
    text = f"FROM {_source(place, from_.this, first=True)}"
    for join in select.args.get("joins") or ():
        text += _join(place, join)
    return text


def _join(place: Place, join: exp.Join) -> str:
    side, kind = join.side.upper(), join.kind.upper()
    if kind not in ("", "INNER", "OUTER", "CROSS") or (kind == "OUTER" and not side):
        raise RefusedError(f"{kind} JOIN is not on the proven list")
    if kind == "CROSS" and (join.args.get("on") or join.args.get("using")):
        raise RefusedError("CROSS JOIN and the comma take no ON and no USING")
    left = list(place.scope.sources.values())
    source = _source(place, join.this)
    using, on = join.args.get("using"), join.args.get("on")
    word = f"{side} JOIN" if side else ("JOIN" if on or using else "CROSS JOIN")
    if using:
        names = [name.name for name in using]
        _merge(place.scope, names, left, list(place.scope.sources.values())[-1], side)
        return f" {word} {source} USING ({', '.join(map(quoted_name, names))})"
    if on is not None:
        condition = place.typed(on, BOOL)
        for one, other in equalities(place, on):
            _lead(place.scope, list(place.scope.sources.values())[-1], one, other, side)
        return f" {word} {source} ON {condition}"
    if isinstance(join.this, exp.Unnest):
        return f" {word} {source}{' ON true' if side else ''}"
    if side or kind != "CROSS":
        raise RefusedError(f"{side or 'INNER'} JOIN needs ON or USING: for all pairs write CROSS JOIN")
    return f" CROSS JOIN {source}"


def _merge(scope: Scope, names: list[str], left: list[Source], right: Source, side: str) -> None:
    """Columns of USING: their bare name means the one column that the two became."""
    for name in names:
        before = scope.merged.get(name.lower())
        found = [before] if before else [v for v in (s.column(name) for s in left) if v is not None]
        other = right.column(name)
        if len(found) != 1 or other is None:
            raise RefusedError(f"USING ({name}): each side needs one column of this name")
        kind = common((found[0].type, other.type))
        if kind is None or found[0].type != other.type:
            raise RefusedError(f"USING ({name}): {found[0].type} and {other.type}; write ON with a CAST")
        if kind.kind == "FLOAT64":
            raise RefusedError(f"USING ({name}) over FLOAT64 is not on the proven list")
        if side == "FULL":
            merged = f"coalesce({found[0].sql}, {other.sql})"
        else:
            merged = other.sql if side == "RIGHT" else found[0].sql
        origins = found[0].origins if side != "RIGHT" else NO_ORIGINS
        if side in ("RIGHT", "FULL"):
            origins |= other.origins
        scope.merged[name.lower()] = Value(merged, kind, origins=origins)
        _lead(scope, right, found[0].sql, other.sql, side)


def equalities(place: Place, condition: exp.Expression) -> Iterator[tuple[str, str]]:
    """Pairs of DuckDB texts that are equal where a condition holds: `a = b AND …`, names and constants."""
    if isinstance(condition, (exp.And, exp.Paren)):
        for part in condition.iter_expressions():
            yield from equalities(place, part)
    elif isinstance(condition, exp.EQ):
        sides = (condition.this, condition.expression)
        if all(isinstance(side, (exp.Column, exp.Literal, exp.Parameter)) for side in sides):
            one, other = (place.value(side).sql for side in sides)
            yield one, other


def _lead(scope: Scope, right: Source, one: str, other: str, side: str) -> None:
    """Note that two columns of a join are equal. Beside an outer join only the kept side tells the other."""
    is_right = {text: text.startswith(f"{quoted_name(right.alias)}.") for text in (one, other)}
    for first, second in ((one, other), (other, one)):
        if side in ("", "LEFT" if not is_right[first] else "RIGHT"):
            scope.leads.append((first, second))


def _source(place: Place, node: exp.Expression, first: bool = False) -> str:
    if isinstance(node, exp.Unnest):
        return _unnest(place, node, first)
    if isinstance(node, exp.Subquery):
        alias = node.alias or f"(subquery {len(place.scope.sources) + 1})"
        result = place.context.relation(place.context, node.this, place.ctes, place.scope.outer)
        place.scope.add(Source(alias, result.columns, result.keys, origins=result.named_origins()))
        return f"({result.sql}) AS {quoted_name(alias)}"
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        return _table(place, node)
    raise RefusedError(f"{node.key.upper()} in FROM is not on the proven list")


def _table(place: Place, node: exp.Table) -> str:
    name = table_name(node)
    alias = node.alias or node.parts[-1].name.rpartition(".")[2]
    cte = place.ctes.get(name.lower())
    if cte is not None:
        place.scope.add(Source(alias, cte.columns, cte.keys, origins=cte.named_origins()))
        return f"{quoted_name(name)} AS {quoted_name(alias)}"
    if name not in place.context.schemas:
        place.scope.add(Source(alias, ()))
        raise RefusedError(f"{name} is not a table that is known")
    columns = tuple((column.name, of_column(column)) for column in place.context.schemas[name])
    origins = {column.lower(): frozenset({(name, column)}) for column, _ in columns}
    place.scope.add(Source(alias, columns, tuple(place.context.keys.get(name, ())), origins=origins))
    return f"{place.context.table(name)} AS {quoted_name(alias)}"


def _unnest(place: Place, node: exp.Unnest, first: bool) -> str:
    if len(node.expressions) != 1:
        raise RefusedError("UNNEST takes one array")
    with place.context.collected() as origins:
        value = place.value(node.expressions[0])
    if value.type == UNKNOWN:
        raise RefusedError("UNNEST of what cannot be read")
    if value.type.element is None:
        raise RefusedError(f"UNNEST takes an array, found {value.type}; of a parameter: IN UNNEST(@name)")
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if alias is not None else []
    name = names[0] if names else node.alias
    if not name:
        raise RefusedError("UNNEST needs a name: UNNEST(…) AS name")
    given = node.args.get("offset")
    offset = None if given in (None, False) else ("offset" if given is True else given.name)
    element = value.type.element
    place.scope.add(
        Source(name, (), element=element, offset=offset, origins={name.lower(): frozenset(origins)})
    )
    numbers = f", unnest(range(len({value.sql}))) AS {quoted_name(offset)}" if offset else ""
    inner = f"(SELECT unnest({value.sql}) AS {quoted_name(name)}{numbers}) AS {quoted_name(name)}"
    return inner if first else f"LATERAL {inner}"
