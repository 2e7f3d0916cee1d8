"""What of a syntax tree the translation reads, and the refusal of everything else.

The parser takes the grammar of many databases, and says what it found in arguments of its nodes. A piece
that the translation does not read would be lost in silence. So each kind of node stands here with the
arguments that are read; any other kind, and any other argument that is set, is refused. A test takes away
each argument that is said to be read, and sets each of the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

_OPERATORS: tuple[type[exp.Expr], ...] = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.DPipe, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.And, exp.Or, exp.Is, exp.Dot, exp.PropertyEQ, exp.Extract,
)  # fmt: skip
_WRAPPERS: tuple[type[exp.Expr], ...] = (
    exp.From, exp.Where, exp.Having, exp.Qualify, exp.Not, exp.Neg, exp.Paren, exp.Var, exp.Boolean,
    exp.Parameter, exp.RawString, exp.HexString, exp.SafeFunc, exp.IgnoreNulls, exp.RespectNulls, exp.Exists,
)  # fmt: skip
_LISTS: tuple[type[exp.Expr], ...] = (
    exp.With, exp.Group, exp.Array, exp.Struct, exp.Tuple, exp.Concat, exp.Distinct,
)  # fmt: skip

READ: dict[type[exp.Expr], frozenset[str]] = {
    **{kind: frozenset({"this", "expression"}) for kind in _OPERATORS},
    **{kind: frozenset({"this"}) for kind in _WRAPPERS},
    **{kind: frozenset({"expressions"}) for kind in _LISTS},
    **{
        kind: frozenset(names.split())
        for kind, names in {
            exp.Select: "with_ expressions distinct from_ joins where group having qualify windows order "
            "limit offset",
            exp.Union: "with_ this expression distinct by_name",
            exp.Intersect: "with_ this expression distinct by_name",
            exp.Except: "with_ this expression distinct by_name",
            exp.Subquery: "this alias",
            exp.CTE: "this alias",
            exp.Table: "this db catalog alias",
            exp.TableAlias: "this columns",
            exp.Unnest: "expressions alias offset",
            exp.Join: "this on side kind using",
            exp.Order: "this expressions",
            exp.Ordered: "this desc nulls_first",
            exp.Limit: "this expression",
            exp.Offset: "expression",
            exp.Window: "this partition_by order spec alias",
            exp.WindowSpec: "kind start start_side end end_side",
            exp.Alias: "this alias",
            exp.Star: "except_ replace",
            exp.Column: "this table db catalog",
            exp.Identifier: "this quoted",
            exp.Literal: "this is_string",
            exp.Null: "",
            exp.If: "this true false",
            exp.Case: "this ifs default",
            exp.Cast: "this to",
            exp.TryCast: "this to",
            exp.DataType: "this expressions",
            exp.ColumnDef: "this kind",
            exp.Bracket: "this expressions offset safe",
            exp.Between: "this low high",
            exp.In: "this expressions query unnest",
            exp.Like: "this expression negate",
            exp.Interval: "this unit",
            exp.AtTimeZone: "this zone",
            exp.Anonymous: "this expressions",
        }.items()
    },
}
"""The kinds of nodes that are translated, and the arguments that are read of each."""

_ALWAYS_SET: dict[tuple[type[exp.Expr], str], object] = {
    (exp.Window, "over"): "OVER",
    (exp.DPipe, "safe"): True,
    (exp.TryCast, "safe"): True,
    (exp.Array, "struct_name_inheritance"): True,
    (exp.HexString, "is_integer"): True,
    (exp.Unnest, "explode_array"): True,
    (exp.DataType, "nested"): True,
}
"""What the parser sets in GoogleSQL without anything being written, and its value then."""

_ONLY_BELOW: dict[tuple[type[exp.Expr], str], tuple[type[exp.Expr], ...]] = {
    (exp.TableAlias, "columns"): (exp.Unnest,),
    (exp.Subquery, "alias"): (exp.From, exp.Join),
    (exp.Table, "alias"): (exp.From, exp.Join),
    (exp.Star, "except_"): (exp.Select, exp.Column),
    (exp.Star, "replace"): (exp.Select, exp.Column),
}
"""Arguments that are read only where the node is part of one of these."""

_WORDS = {
    "pivots": "PIVOT or UNPIVOT",
    "sample": "TABLESAMPLE",
    "kind": "AS STRUCT, AS VALUE or a kind",
    "locks": "FOR UPDATE",
    "laterals": "LATERAL VIEW",
    "columns": "a list of column names after the name",
    "recursive": "WITH RECURSIVE",
    "rollup": "ROLLUP",
    "cube": "CUBE",
    "grouping_sets": "GROUPING SETS",
    "all": "ALL",
    "limit_options": "PERCENT or WITH TIES",
    "version": "FOR SYSTEM_TIME",
    "order": "ORDER BY after the parenthesis or set operation (put it inside, or use a WITH)",
    "limit": "LIMIT after the parenthesis or set operation (put it inside, or use a WITH)",
    "offset": "OFFSET after the parenthesis or set operation (put it inside, or use a WITH)",
    "side": "LEFT, FULL or INNER",
}
"""Arguments whose names say little to people who write SQL."""

_NODES: dict[type[exp.Expr], str] = {
    exp.From: "FROM",
    exp.Subquery: "a subquery",
    exp.TableAlias: "an alias",
    exp.Table: "this form of a table",
    exp.Group: "GROUP BY",
    exp.Order: "ORDER BY",
    exp.Ordered: "ORDER BY",
}

RESERVED = frozenset({
    "ALL", "AND", "ANY", "ARRAY", "AS", "ASC", "ASSERT_ROWS_MODIFIED", "AT", "BETWEEN", "BY", "CASE",
    "CAST", "COLLATE", "CONTAINS", "CREATE", "CROSS", "CUBE", "CURRENT", "DEFAULT", "DEFINE", "DESC",
    "DISTINCT", "ELSE", "END", "ENUM", "ESCAPE", "EXCEPT", "EXCLUDE", "EXISTS", "EXTRACT", "FALSE", "FETCH",
    "FOLLOWING", "FOR", "FROM", "FULL", "GROUP", "GROUPING", "GROUPS", "HASH", "HAVING", "IF", "IGNORE",
    "IN", "INNER", "INTERSECT", "INTERVAL", "INTO", "IS", "JOIN", "LATERAL", "LEFT", "LIKE", "LIMIT",
    "LOOKUP", "MERGE", "NATURAL", "NEW", "NO", "NOT", "NULL", "NULLS", "OF", "ON", "OR", "ORDER", "OUTER",
    "OVER", "PARTITION", "PRECEDING", "PROTO", "QUALIFY", "RANGE", "RECURSIVE", "RESPECT", "RIGHT",
    "ROLLUP", "ROWS", "SELECT", "SET", "SOME", "STRUCT", "TABLESAMPLE", "THEN", "TO", "TREAT", "TRUE",
    "UNBOUNDED", "UNION", "UNNEST", "USING", "WHEN", "WHERE", "WINDOW", "WITH", "WITHIN",
})  # fmt: skip
"""GoogleSQL's reserved words: a name that is one of them stands in backticks, but for members after a dot."""


def not_read(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    """Nodes of which something would be lost, or that are no GoogleSQL, each with what is wrong."""
    for node in tree.walk():
        read = READ.get(type(node))
        if read is None:
            yield node, f"{node.key.upper()} is not on the proven list; see docs/sql.md"
            continue
        for name, value in node.args.items():
            if not _is_set(value) or _ALWAYS_SET.get((type(node), name)) == value:
                continue
            places = _ONLY_BELOW.get((type(node), name))
            if name not in read or (places is not None and not isinstance(node.parent, places)):
                what = _WORDS.get(name, name.upper().replace("_", " ").strip())
                where = _NODES.get(type(node), node.key.upper())
                yield node, f"{where} with {what} is not on the proven list; see docs/sql.md"
        if isinstance(node, exp.Identifier) and _is_reserved(node):
            yield node, f"{node.name} is a reserved word: as a name it stands in backticks, `{node.name}`"


def _is_set(value: object) -> bool:
    return value is not None and value is not False and value != []


def _is_reserved(node: exp.Identifier) -> bool:
    """Whether a reserved word is a name here; after a dot it may be one."""
    if node.args.get("quoted") or node.name.upper() not in RESERVED:
        return False
    parent = node.parent
    if isinstance(parent, (exp.Column, exp.Table)):
        return node is parent.parts[0]
    return not (isinstance(parent, exp.Dot) and node.arg_key == "expression")
