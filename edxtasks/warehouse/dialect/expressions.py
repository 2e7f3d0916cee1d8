"""Expressions of GoogleSQL as expressions of DuckDB, with their types.

The way is closed: a kind of node without an entry in `_TRANSLATIONS` is refused, and so is a function
that is not on the proven list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from edxtasks.warehouse.dialect.casts import cast, type_of
from edxtasks.warehouse.dialect.functions import FUNCTIONS, Refused, choose, fit, fits, literal_of
from edxtasks.warehouse.dialect.scope import Context, Relation, Scope, members, resolve
from edxtasks.warehouse.dialect.types import (
    BOOL,
    DATE,
    FLOAT64,
    INT64,
    NULL,
    OPEN,
    PARAMETER,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    UNREADABLE,
    Type,
    Value,
    array,
    common,
    quote,
    text,
)


@dataclass(frozen=True)
class Place:
    """Where an expression stands: the translation, the names that are visible, the CTEs."""

    context: Context
    scope: Scope | None
    ctes: Mapping[str, Relation]

    def value(self, node: exp.Expression) -> Value:
        """The expression in DuckDB; what cannot be translated becomes a complaint."""
        translate = _TRANSLATIONS.get(type(node))
        try:
            if translate is None:
                raise Refused(f"{node.key.upper()} is not on the proven list; see docs/sql.md")
            return translate(self, node)
        except Refused as refusal:
            return self.context.complain(node, str(refusal))

    def typed(self, node: exp.Expression, wanted: Type) -> str:
        """The DuckDB text of an expression that must be of type `wanted`."""
        value = self.value(node)
        return "NULL" if value.type == UNKNOWN else fit(value, wanted)

    def with_columns(self, node: exp.Expression) -> tuple[Value, frozenset[str]]:
        """The expression in DuckDB, and the columns of this SELECT's sources of which it is made."""
        if self.scope is None:
            return self.value(node), frozenset()
        before, self.scope.used = self.scope.used, set()
        try:
            value = self.value(node)
            return value, frozenset(self.scope.used)
        finally:
            self.scope.used |= before

    def subquery(self, node: exp.Expression) -> Relation:
        """A query inside an expression; it sees the names around it."""
        return self.context.relation(self.context, node, self.ctes, self.scope)


@dataclass(frozen=True)
class Call:
    """A call of a function with a builder: its name, its arguments as they are written, its place."""

    name: str
    arguments: list[exp.Expression]
    place: Place
    node: exp.Expression
    over: str = ""
    """` OVER (…)` of a window function, else empty."""
    safe: bool = False
    """Whether `SAFE.` stands before: NULL instead of an error."""

    def take(self, *counts: int) -> None:
        """Refuse another number of arguments."""
        if len(self.arguments) not in counts:
            wanted = " or ".join(map(str, counts))
            raise Refused(f"{self.name} takes {wanted} arguments, found {len(self.arguments)}")

    def value(self, index: int) -> Value:
        """An argument of any type. Raises `Unreadable` if it was complained about."""
        value = self.place.value(self.arguments[index])
        if value.type == UNKNOWN:
            raise Unreadable
        return value

    def typed(self, index: int, wanted: Type) -> str:
        """The DuckDB text of an argument that must be of type `wanted`."""
        return fit(self.value(index), wanted)

    def literal(self, index: int) -> str:
        """An argument that must be a STRING literal."""
        found = literal_of(self.arguments[index])
        if found is None:
            raise Refused(f"{self.name}: argument {index + 1} must be a literal")
        return found


class Unreadable(Exception):
    """An argument was complained about already."""


def call(place: Place, node: exp.Expression, over: str = "", safe: bool = False) -> Value:
    """A call of a function on the proven list."""
    assert isinstance(node, exp.Anonymous)
    name = node.name.upper()
    function = FUNCTIONS.get(name)
    if function is None:
        raise Refused(f"{name} is not on the proven list{_REASONS.get(name, '')}; see docs/sql.md")
    if safe and not function.safe:
        raise Refused(f"SAFE.{name} is not on the proven list; see docs/sql.md")
    if function.builder is not None:
        try:
            return function.builder(Call(name, list(node.expressions), place, node, over, safe))
        except Unreadable:
            return UNREADABLE
    if over:
        raise Refused(f"{name} is no window function")
    values = [place.value(argument) for argument in node.expressions]
    if any(value.type == UNKNOWN for value in values):
        return UNREADABLE
    return choose(function, values, safe)


_CHANCE = ": what it gives hangs on chance"
_CLOCK = ": what it gives hangs on the time of the run; take a parameter"
_REASONS = {
    "ANY_VALUE": f"{_CHANCE}; take MIN, MAX or ARRAY_AGG(… ORDER BY … LIMIT 1)[SAFE_OFFSET(0)]",
    "RAND": _CHANCE,
    "GENERATE_UUID": _CHANCE,
    "SESSION_USER": ": what it gives hangs on who runs it",
    "CURRENT_TIMESTAMP": _CLOCK,
    "CURRENT_DATE": _CLOCK,
    "CURRENT_DATETIME": _CLOCK,
    "CURRENT_TIME": _CLOCK,
    "APPROX_COUNT_DISTINCT": ": it estimates; take COUNT(DISTINCT …)",
    "APPROX_QUANTILES": ": it estimates; take PERCENTILE_DISC or PERCENTILE_CONT",
    "APPROX_TOP_COUNT": ": it estimates",
    "FARM_FINGERPRINT": ": DuckDB has nothing that gives the same; take TO_HEX(MD5(…))",
}


def _column(place: Place, node: exp.Expression) -> Value:
    assert isinstance(node, exp.Column)
    return resolve([part.name for part in node.parts], place.scope)


def _literal(_: Place, node: exp.Expression) -> Value:
    if node.args.get("is_string") or isinstance(node, exp.RawString):
        return Value(text(node.name), STRING, literal=node.name)
    return number(node.name)


def number(digits: str) -> Value:
    """A numeric literal: digits alone are INT64, all else FLOAT64 (in DuckDB it would be DECIMAL)."""
    if digits.isdigit():
        return Value(f"{int(digits)}::BIGINT", INT64, number=digits)
    exponent = "" if "e" in digits.lower() else "e0"
    return Value(f"{digits}{exponent}", FLOAT64, number=digits)


def _hexadecimal(_: Place, node: exp.Expression) -> Value:
    return number(str(int(node.name, 16)))


def _boolean(_: Place, node: exp.Expression) -> Value:
    return Value("true" if node.this else "false", BOOL)


def _null(_: Place, __: exp.Expression) -> Value:
    return Value("NULL", NULL)


def _parameter(place: Place, node: exp.Expression) -> Value:
    if not re.fullmatch(r"[A-Za-z_]\w*", node.name, re.ASCII):
        raise Refused(f"@{node.name} is no name of a parameter")
    return Value(f"${node.name}", place.context.parameters.get(node.name, PARAMETER))


def _paren(place: Place, node: exp.Expression) -> Value:
    return place.value(node.this)


def _negative(place: Place, node: exp.Expression) -> Value:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        digits = number(node.this.name)
        return Value(
            f"(-{digits.sql})" if digits.type == FLOAT64 else f"CAST(-{node.this.name} AS BIGINT)",
            digits.type,
            number=f"-{digits.number}",
        )
    value = place.value(node.this)
    if value.type not in (INT64, FLOAT64, UNKNOWN):
        raise Refused(f"- of {value.type}")
    return Value(f"(-{value.sql})", value.type)


def _arithmetic(sign: str) -> Callable[[Place, exp.Expression], Value]:
    def translate(place: Place, node: exp.Expression) -> Value:
        left, right = place.value(node.this), place.value(node.expression)
        if UNKNOWN in (left.type, right.type):
            return UNREADABLE
        kind = common((left.type, right.type))
        if kind not in (INT64, FLOAT64):
            raise Refused(f"{left.type} {sign} {right.type}: write a CAST, or DATE_ADD, TIMESTAMP_DIFF …")
        return Value(f"({fit(left, kind)} {sign} {fit(right, kind)})", kind)

    return translate


def _division(place: Place, node: exp.Expression) -> Value:
    left, right = place.value(node.this), place.value(node.expression)
    if UNKNOWN in (left.type, right.type):
        return UNREADABLE
    a, b = fit(left, FLOAT64), fit(right, FLOAT64)
    if right.number is not None and float(right.number) != 0:
        return Value(f"({a} / {b})", FLOAT64)
    return Value(f"bq_divide({a}, {b})", FLOAT64)


def _concatenation(place: Place, node: exp.Expression) -> Value:
    return Value(f"({place.typed(node.this, STRING)} || {place.typed(node.expression, STRING)})", STRING)


def _adjacent(place: Place, node: exp.Expression) -> Value:
    parts = [literal_of(part) for part in node.expressions]
    if None in parts:
        raise Refused("CONCAT is not on the proven list in this form")
    joined = "".join(part for part in parts if part is not None)
    return Value(text(joined), STRING, literal=joined)


_ORDERED = (INT64, FLOAT64, STRING, BOOL, DATE, TIMESTAMP)


def comparable(values: list[Value], what: str) -> tuple[list[str], Type]:
    """DuckDB texts of values that are compared, and the type as which they are."""
    types = [value.type for value in values]
    kind = common(types)
    if kind == STRING or kind is None:  # literals stand for dates where the others are dates
        moments = {value.type for value in values if value.type in (DATE, TIMESTAMP)}
        if len(moments) == 1:
            kind = moments.pop()
    if kind is None or (kind not in _ORDERED and kind not in OPEN):
        raise Refused(f"{what} of {' and '.join(str(t) for t in types)}: write a CAST")
    if kind in OPEN:
        return [value.sql for value in values], kind
    return [fit(v, kind) if v.type != PARAMETER else v.sql for v in values], kind


def compare(left: str, right: str, sign: str, kind: Type, literals: tuple[bool, bool]) -> str:
    """A comparison in DuckDB. One with FLOAT64 looks out for NaN."""
    plain = f"({left} {sign} {right})"
    if kind != FLOAT64 or sign == "<>" or all(literals):
        return plain
    if any(literals):
        return f"(CASE WHEN isnan({right if literals[0] else left}) THEN false ELSE {plain} END)"
    return f"bq_compare({left}, {right}, {plain})"


def _comparison(sign: str) -> Callable[[Place, exp.Expression], Value]:
    def translate(place: Place, node: exp.Expression) -> Value:
        values = [place.value(node.this), place.value(node.expression)]
        if any(value.type == UNKNOWN for value in values):
            return UNREADABLE
        (left, right), kind = comparable(values, sign)
        literals = (values[0].number is not None, values[1].number is not None)
        if sign == "<>" and kind == FLOAT64:
            return Value(f"(NOT {compare(left, right, '=', kind, literals)})", BOOL)
        return Value(compare(left, right, sign, kind, literals), BOOL)

    return translate


def _distinct_from(negated: bool) -> Callable[[Place, exp.Expression], Value]:
    sign = "IS NOT DISTINCT FROM" if negated else "IS DISTINCT FROM"

    def translate(place: Place, node: exp.Expression) -> Value:
        values = [place.value(node.this), place.value(node.expression)]
        if any(value.type == UNKNOWN for value in values):
            return UNREADABLE
        (left, right), _ = comparable(values, sign)
        return Value(f"({left} {sign} {right})", BOOL)

    return translate


def _between(place: Place, node: exp.Expression) -> Value:
    values = [place.value(part) for part in (node.this, node.args["low"], node.args["high"])]
    if any(value.type == UNKNOWN for value in values):
        return UNREADABLE
    (this, low, high), kind = comparable(values, "BETWEEN")
    is_number = [value.number is not None for value in values]
    above = compare(this, low, ">=", kind, (is_number[0], is_number[1]))
    below = compare(this, high, "<=", kind, (is_number[0], is_number[2]))
    return Value(f"({above} AND {below})", BOOL)


def _in(place: Place, node: exp.Expression) -> Value:
    this = place.value(node.this)
    query, unnest = node.args.get("query"), node.args.get("unnest")
    if query is not None:
        relation = place.subquery(query)
        if len(relation.columns) != 1:
            raise Refused("IN (SELECT …) takes a SELECT of one column")
        other = relation.columns[0][1]
        if UNKNOWN in (this.type, other):
            return UNREADABLE
        _, kind = comparable([this, Value("", other)], "IN")
        if kind == FLOAT64:
            raise Refused("IN (SELECT …) over FLOAT64 is not on the proven list; see docs/sql.md")
        return Value(f"({this.sql} IN ({relation.sql}))", BOOL)
    if unnest is not None:
        listed = place.value(unnest.expressions[0])
        if UNKNOWN in (this.type, listed.type):
            return UNREADABLE
        if listed.type == PARAMETER:
            return Value(f"({this.sql} IN (SELECT unnest({listed.sql})))", BOOL)
        if listed.type.element is None:
            raise Refused(f"IN UNNEST takes an array, found {listed.type}")
        _, kind = comparable([this, Value("", listed.type.element)], "IN UNNEST")
        if kind == FLOAT64:
            raise Refused("IN UNNEST over FLOAT64 is not on the proven list; see docs/sql.md")
        return Value(f"({this.sql} IN (SELECT unnest({listed.sql})))", BOOL)
    values = [this, *(place.value(item) for item in node.expressions)]
    if any(value.type == UNKNOWN for value in values):
        return UNREADABLE
    (first, *rest), kind = comparable(values, "IN")
    if kind == FLOAT64 and any(value.number is None for value in values[1:]):
        raise Refused("IN over FLOAT64 takes numbers only")
    return Value(f"({first} IN ({', '.join(rest)}))", BOOL)


def _logic(word: str) -> Callable[[Place, exp.Expression], Value]:
    def translate(place: Place, node: exp.Expression) -> Value:
        return Value(f"({place.typed(node.this, BOOL)} {word} {place.typed(node.expression, BOOL)})", BOOL)

    return translate


def _not(place: Place, node: exp.Expression) -> Value:
    return Value(f"(NOT {place.typed(node.this, BOOL)})", BOOL)


def _is(place: Place, node: exp.Expression) -> Value:
    right = node.expression
    if isinstance(right, exp.Null):
        return Value(f"({place.value(node.this).sql} IS NULL)", BOOL)
    if isinstance(right, exp.Boolean):
        word = "TRUE" if right.this else "FALSE"
        return Value(f"({place.typed(node.this, BOOL)} IS {word})", BOOL)
    raise Refused("IS takes NULL, TRUE or FALSE")


def _like(place: Place, node: exp.Expression) -> Value:
    pattern = place.value(node.expression)
    word = "NOT LIKE" if node.args.get("negate") else "LIKE"
    escape = "" if pattern.literal is not None and "\\" not in pattern.literal else " ESCAPE '\\'"
    return Value(f"({place.typed(node.this, STRING)} {word} {fit(pattern, STRING)}{escape})", BOOL)


def branches(values: list[Value], what: str) -> tuple[list[str], Type]:
    """DuckDB texts of values of which one is the result, all brought to one type."""
    kind = common(value.type for value in values)
    if kind == UNKNOWN:
        return ["NULL"] * len(values), UNKNOWN
    if kind is None:
        moments = {value.type for value in values if value.type in (DATE, TIMESTAMP)}
        kind = moments.pop() if len(moments) == 1 else None
        if kind is None or not all(fits(value, kind) for value in values):
            found = ", ".join(str(value.type) for value in values)
            raise Refused(f"{what}: {found} have no common type: write a CAST")
    if kind in OPEN:
        return [value.sql for value in values], kind
    return [v.sql if v.type in OPEN or v.type == kind else fit(v, kind) for v in values], kind


def _if(place: Place, node: exp.Expression) -> Value:
    condition = place.typed(node.this, BOOL)
    values = [place.value(node.args["true"]), place.value(node.args.get("false") or exp.Null())]
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
        raise Refused("CAST … FORMAT is not on the proven list; see docs/sql.md")
    wanted = type_of(node.args["to"])
    if isinstance(node.this, exp.Array) and not node.this.expressions and wanted.element is not None:
        return Value(f"CAST([] AS {wanted.duckdb})", wanted)
    value = place.value(node.this)
    if value.type == UNKNOWN:
        return UNREADABLE
    return cast(value, wanted, safe=isinstance(node, exp.TryCast))


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
        raise Refused("an array element is written array[OFFSET(i)] or array[SAFE_OFFSET(i)]")
    listed = place.value(node.this)
    index = place.value(node.expressions[0])
    if UNKNOWN in (listed.type, index.type):
        return UNREADABLE
    if listed.type.element is None:
        raise Refused(f"{listed.type} is no array")
    at = fit(index, INT64)
    if node.args.get("offset"):
        at = f"({at} - 1)"
    macro = "bq_safe_offset" if node.args["safe"] else "bq_offset"
    return Value(f"{macro}({listed.sql}, {at})", listed.type.element)


def _array(place: Place, node: exp.Expression) -> Value:
    if any(isinstance(item, exp.Query) for item in node.expressions):
        raise Refused("ARRAY(SELECT …) is not on the proven list: take ARRAY_AGG(… ORDER BY …)")
    if not node.expressions:
        raise Refused("an empty array needs its type: write ARRAY<STRING>[]")
    texts, kind = branches([place.value(item) for item in node.expressions], "an array")
    if kind == UNKNOWN:
        return UNREADABLE
    if kind in OPEN:
        raise Refused("an array needs a type: write ARRAY<STRING>[…]")
    return Value(f"CAST([{', '.join(texts)}] AS {array(kind).duckdb})", array(kind))


def _struct(place: Place, node: exp.Expression) -> Value:
    fields = []
    texts = []
    for item in node.expressions:
        named = isinstance(item, (exp.PropertyEQ, exp.Column))
        name = (item.this.name if isinstance(item, exp.PropertyEQ) else item.name) if named else ""
        value = place.value(item.expression if isinstance(item, exp.PropertyEQ) else item)
        if value.type == UNKNOWN:
            return UNREADABLE
        if not name or value.type in OPEN:
            raise Refused(
                "a member of STRUCT needs a name and a type: write STRUCT(CAST(NULL AS DATE) AS day)"
            )
        fields.append((name, value.type))
        texts.append(f"{quote(name)} := {value.sql}")
    return Value(f"struct_pack({', '.join(texts)})", Type("STRUCT", tuple(fields)))


def _scalar_subquery(place: Place, node: exp.Expression) -> Value:
    relation = place.subquery(node)
    if len(relation.columns) != 1:
        raise Refused("a subquery that stands for a value takes a SELECT of one column")
    return Value(f"({relation.sql})", relation.columns[0][1])


def _exists(place: Place, node: exp.Expression) -> Value:
    return Value(f"EXISTS ({place.subquery(node.this).sql})", BOOL)


def _window(place: Place, node: exp.Expression) -> Value:
    from edxtasks.warehouse.dialect.windows import window

    return window(place, node)


def _function(place: Place, node: exp.Expression) -> Value:
    return call(place, node)


_TRANSLATIONS: dict[type[exp.Expression], Callable[[Place, exp.Expression], Value]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.RawString: _literal,
    exp.HexString: _hexadecimal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Parameter: _parameter,
    exp.Paren: _paren,
    exp.Neg: _negative,
    exp.Add: _arithmetic("+"),
    exp.Sub: _arithmetic("-"),
    exp.Mul: _arithmetic("*"),
    exp.Div: _division,
    exp.DPipe: _concatenation,
    exp.Concat: _adjacent,
    exp.EQ: _comparison("="),
    exp.NEQ: _comparison("<>"),
    exp.LT: _comparison("<"),
    exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"),
    exp.GTE: _comparison(">="),
    exp.NullSafeEQ: _distinct_from(True),
    exp.NullSafeNEQ: _distinct_from(False),
    exp.Between: _between,
    exp.In: _in,
    exp.And: _logic("AND"),
    exp.Or: _logic("OR"),
    exp.Not: _not,
    exp.Is: _is,
    exp.Like: _like,
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
    exp.Window: _window,
    exp.Anonymous: _function,
}
