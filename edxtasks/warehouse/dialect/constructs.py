"""All that is not an operator and no plain function: names, literals, choices, casts, structs, subqueries."""

from __future__ import annotations

import re

from sqlglot import exp

from edxtasks.printable import printable, quantity
from edxtasks.warehouse.dialect.casts import cast, type_of
from edxtasks.warehouse.dialect.coercion import LARGEST, RefusedError, fit, literal_of
from edxtasks.warehouse.dialect.expressions import TRANSLATIONS, Call, Place
from edxtasks.warehouse.dialect.functions import FUNCTIONS, call
from edxtasks.warehouse.dialect.operators import branches, comparable, compare, number
from edxtasks.warehouse.dialect.scope import members, resolve
from edxtasks.warehouse.dialect.types import (
    BOOL,
    INT64,
    NULL,
    OPEN,
    PARAMETER,
    STRING,
    UNKNOWN,
    UNREADABLE,
    Type,
    Value,
    array,
    text,
)
from edxtasks.warehouse.dialect.windows import window
from edxtasks.warehouse.duckdb_sql import quoted_name
from edxtasks.warehouse.schema import PARAMETERS


def _column(place: Place, node: exp.Expression) -> Value:
    assert isinstance(node, exp.Column)
    value = resolve([part.name for part in node.parts], place.scope)
    place.context.comes_from(value.origins)
    return value


def _literal(_: Place, node: exp.Expression) -> Value:
    if node.args.get("is_string") or isinstance(node, exp.RawString):
        return Value(text(node.name), STRING, literal=node.name)
    return number(node.name)


def _hexadecimal(_: Place, node: exp.Expression) -> Value:
    found = int(node.name, 16)
    if found > LARGEST:
        raise RefusedError(f"{printable(node.name)} is larger than an INT64 can be")
    return number(str(found))


def _boolean(_: Place, node: exp.Expression) -> Value:
    return Value("true" if node.this else "false", BOOL)


def _null(_: Place, __: exp.Expression) -> Value:
    return Value("NULL", NULL)


def _parameter(place: Place, node: exp.Expression) -> Value:
    if not re.fullmatch(r"[A-Za-z_]\w*", node.name, re.ASCII):
        raise RefusedError(f"@{node.name} is not a name of a parameter")
    place.context.comes_from(frozenset({(PARAMETERS, node.name)}))
    return Value(f"${node.name}", place.context.parameters.get(node.name, PARAMETER))


def _paren(place: Place, node: exp.Expression) -> Value:
    return place.value(node.this)


def _adjacent(place: Place, node: exp.Expression) -> Value:
    parts = [literal_of(part) for part in node.expressions]
    if None in parts:
        raise RefusedError("CONCAT is not on the proven list in this form")
    joined = "".join(part for part in parts if part is not None)
    return Value(text(joined), STRING, literal=joined)


def _if(place: Place, node: exp.Expression) -> Value:
    condition = place.typed(node.this, BOOL)
    if node.args.get("false") is None:
        raise RefusedError("IF takes three arguments")
    values = [place.value(node.args["true"]), place.value(node.args["false"])]
    (yes, no), kind = branches(values, "IF")
    return Value(f"(CASE WHEN {condition} THEN {yes} ELSE {no} END)", kind)


def _case(place: Place, node: exp.Expression) -> Value:
    listed = node.args["ifs"]
    conditions = []
    subject = place.value(node.this) if node.this is not None else None
    for item in listed:
        if subject is None:
            conditions.append(place.typed(item.this, BOOL))
            continue
        other = place.value(item.this)
        if UNKNOWN in (subject.type, other.type):
            return UNREADABLE
        (left, right), kind = comparable([subject, other], "CASE")
        numbers = (subject.number is not None, other.number is not None)
        conditions.append(compare(left, right, "=", kind, numbers))
    values = [place.value(item.args["true"]) for item in listed]
    default = node.args.get("default")
    values.append(place.value(default) if default is not None else Value("NULL", NULL))
    texts, kind = branches(values, "CASE")
    pieces = [f"WHEN {c} THEN {t}" for c, t in zip(conditions, texts[:-1], strict=True)]
    return Value(f"(CASE {' '.join(pieces)} ELSE {texts[-1]} END)", kind)


def _cast(place: Place, node: exp.Expression) -> Value:
    if node.args.get("format") is not None:
        raise RefusedError("CAST … FORMAT is not on the proven list; see docs/sql.md")
    wanted = type_of(node.args["to"])
    if isinstance(node.this, (exp.Array, exp.Struct)) and isinstance(node, exp.Cast):
        return Value(_built(place, node.this, wanted), wanted)
    value = place.value(node.this)
    if value.type == UNKNOWN:
        return UNREADABLE
    return cast(value, wanted, safe=isinstance(node, exp.TryCast))


def _built(place: Place, node: exp.Expression, wanted: Type) -> str:
    """DuckDB text of `ARRAY<…>[…]` or `STRUCT<…>(…)`, whose parts take the types that are written first."""
    if isinstance(node, exp.Array) and wanted.element is not None:
        parts = [_built(place, item, wanted.element) for item in node.expressions]
        return f"CAST([{', '.join(parts)}] AS {wanted.duckdb})"
    if isinstance(node, (exp.Struct, exp.Tuple)) and wanted.kind == "STRUCT":
        if len(node.expressions) != len(wanted.fields):
            raise RefusedError(
                f"{wanted} has {quantity(len(wanted.fields), 'member')}, found {len(node.expressions)}"
            )
        if any(isinstance(item, exp.PropertyEQ) for item in node.expressions):
            raise RefusedError(f"{wanted}(…) names its members already: write the values alone")
        members = zip(wanted.fields, node.expressions, strict=True)
        packed = ", ".join(
            f"{quoted_name(name)} := {_built(place, item, kind)}" for (name, kind), item in members
        )
        return f"struct_pack({packed})"
    return place.typed(node, wanted)


def _extract(place: Place, node: exp.Expression) -> Value:
    return FUNCTIONS["EXTRACT"].builder(  # type: ignore[misc]
        Call("EXTRACT", [node.this, node.expression], place, node)
    )


def _safe(place: Place, node: exp.Expression) -> Value:
    return call(place, node.this, safe=True)


def _dot(place: Place, node: exp.Expression) -> Value:
    return members(place.value(node.this), [node.expression.name])


def _bracket(place: Place, node: exp.Expression) -> Value:
    if node.args.get("safe") is None or len(node.expressions) != 1:
        raise RefusedError("an array element is written array[OFFSET(i)] or array[SAFE_OFFSET(i)]")
    listed = place.value(node.this)
    index = place.value(node.expressions[0])
    if UNKNOWN in (listed.type, index.type):
        return UNREADABLE
    if listed.type.element is None:
        raise RefusedError(f"{listed.type} is not an array")
    at = fit(index, INT64)
    if node.args.get("offset"):
        at = f"({at} - 1)"
    macro = "bq_safe_offset" if node.args["safe"] else "bq_offset"
    return Value(f"{macro}({listed.sql}, {at})", listed.type.element)


def _array(place: Place, node: exp.Expression) -> Value:
    if any(isinstance(item, exp.Query) for item in node.expressions):
        raise RefusedError("ARRAY(SELECT …) is not on the proven list: take ARRAY_AGG(… ORDER BY …)")
    if not node.expressions:
        raise RefusedError("an empty array needs its type: write ARRAY<STRING>[]")
    texts, kind = branches([place.value(item) for item in node.expressions], "an array")
    if kind == UNKNOWN:
        return UNREADABLE
    if kind in OPEN:
        raise RefusedError("an array needs a type: write ARRAY<STRING>[…]")
    if kind.element is not None:
        raise RefusedError("an array of arrays is not GoogleSQL")
    return Value(f"CAST([{', '.join(texts)}] AS {array(kind).duckdb})", array(kind))


def _struct(place: Place, node: exp.Expression) -> Value:
    fields: list[tuple[str, Type]] = []
    texts = []
    for item in node.expressions:
        name = _member_name(item)
        value = place.value(item.expression if isinstance(item, exp.PropertyEQ) else item)
        if value.type == UNKNOWN:
            return UNREADABLE
        if not name or value.type in OPEN:
            raise RefusedError(
                "a member of STRUCT needs a name and a type: write STRUCT(CAST(NULL AS DATE) AS day), or "
                "STRUCT<day DATE>(NULL)"
            )
        if any(name.lower() == other.lower() for other, _ in fields):
            raise RefusedError(f"two members of STRUCT are called {name}")
        fields.append((name, value.type))
        texts.append(f"{quoted_name(name)} := {value.sql}")
    return Value(f"struct_pack({', '.join(texts)})", Type("STRUCT", tuple(fields)))


def _member_name(item: exp.Expression) -> str:
    """The name of a member of STRUCT(…): the written one, else that of the column that it is."""
    if isinstance(item, exp.PropertyEQ):
        return str(item.this.name)
    if isinstance(item, exp.Dot):
        return str(item.expression.name)
    return str(item.name) if isinstance(item, exp.Column) else ""


def _scalar_subquery(place: Place, node: exp.Expression) -> Value:
    relation = place.subquery(node)
    if len(relation.columns) != 1:
        raise RefusedError("a subquery that stands for a value takes a SELECT of one column")
    return Value(f"({relation.sql})", relation.columns[0][1])


def _exists(place: Place, node: exp.Expression) -> Value:
    return Value(f"EXISTS ({place.subquery(node.this).sql})", BOOL)


def _function(place: Place, node: exp.Expression) -> Value:
    return call(place, node)


TRANSLATIONS.update(
    {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.RawString: _literal,
        exp.HexString: _hexadecimal,
        exp.Boolean: _boolean,
        exp.Null: _null,
        exp.Parameter: _parameter,
        exp.Paren: _paren,
        exp.Concat: _adjacent,
        exp.If: _if,
        exp.Case: _case,
        exp.Cast: _cast,
        exp.TryCast: _cast,
        exp.Extract: _extract,
        exp.SafeFunc: _safe,
        exp.Dot: _dot,
        exp.Bracket: _bracket,
        exp.Array: _array,
        exp.Struct: _struct,
        exp.Subquery: _scalar_subquery,
        exp.Exists: _exists,
        exp.Window: window,
        exp.Anonymous: _function,
    }
)
