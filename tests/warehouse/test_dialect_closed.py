"""Every argument of every kind of node is translated or refused: none is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlglot import exp

from edxtasks.errors import UserError
from edxtasks.warehouse import dialect
from edxtasks.warehouse.dialect.closed import _ALWAYS_SET, READ
from edxtasks.warehouse.schema import Column, Schema, schema

_B = Column("b", "RECORD", fields=(Column("c", "INTEGER"),))
SCHEMAS = {
    "t": schema("u STRING\nx INTEGER\nf FLOAT\ntime TIMESTAMP\nday DATE\nok BOOLEAN"),
    "d.v": schema("u STRING\nk INTEGER"),
    "c.d.w": Schema((Column("k", "INTEGER"), Column("r", "RECORD", fields=(_B,)))),
}

STATEMENTS = [
    "WITH q AS (SELECT x, u FROM t) SELECT DISTINCT q.x AS a, q.u AS b FROM q AS q WHERE x > 1 "
    "ORDER BY 1 DESC, 2 LIMIT 3 OFFSET 2",
    "SELECT u, COUNT(*) AS n FROM t GROUP BY u HAVING COUNT(*) > 1",
    "SELECT x FROM t WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY u ORDER BY x DESC) = 1",
    "SELECT SUM(x) OVER (w ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING) AS s FROM t "
    "WINDOW w AS (PARTITION BY u ORDER BY x)",
    "SELECT SUM(x) OVER w AS s FROM t WINDOW w AS (PARTITION BY u)",
    "SELECT t.x, v.k FROM t LEFT JOIN d.v AS v ON t.x = v.k",
    "SELECT x, v.k FROM t JOIN d.v USING (u)",
    "SELECT x AS y FROM t CROSS JOIN d.v",
    "SELECT w.r.b.c, w.k FROM c.d.w CROSS JOIN c.d.w AS other",
    "SELECT zz.k FROM d.v AS zz",
    "SELECT a, o FROM t CROSS JOIN UNNEST([x, 2]) AS a WITH OFFSET AS o",
    "SELECT z.x FROM (SELECT x FROM t) AS z",
    "WITH q AS (SELECT x FROM t) SELECT x FROM q UNION DISTINCT BY NAME SELECT k AS x FROM d.v",
    "WITH q AS (SELECT x FROM t) SELECT x FROM q INTERSECT DISTINCT SELECT k FROM d.v",
    "WITH q AS (SELECT x, u FROM t) SELECT x, u FROM q INTERSECT DISTINCT BY NAME SELECT u, k AS x FROM d.v",
    "WITH q AS (SELECT x FROM t) SELECT x FROM q EXCEPT DISTINCT SELECT k FROM d.v",
    "WITH q AS (SELECT x, u FROM t) SELECT x, u FROM q EXCEPT DISTINCT BY NAME SELECT u, k AS x FROM d.v",
    "SELECT u, x FROM t UNION ALL BY NAME SELECT u, k AS x FROM d.v",
    "SELECT * EXCEPT (x) REPLACE (1 AS f) FROM t",
    "SELECT x AS `order`, t.u AS z FROM t CROSS JOIN d.v",
    "SELECT IF(ok, 1, 2) AS y, CASE x WHEN 1 THEN 'a' ELSE 'b' END AS z, CASE WHEN ok THEN 1 END AS a FROM t",
    "SELECT CAST(x AS STRING) AS y, SAFE_CAST(u AS FLOAT64) AS z, CAST(NULL AS STRUCT<a INT64>) AS s FROM t",
    "SELECT [1, x][OFFSET(0)] AS y, [1, x][SAFE_ORDINAL(1)] AS z FROM t",
    "SELECT ARRAY<STRUCT<a INT64, b STRING>>[(x, u)] AS y, STRUCT(x AS a, u AS b).b AS z FROM t",
    "SELECT x BETWEEN 1 AND 2 AS y, x IN (1, 2) AS a, x IN UNNEST([1]) AS b, x IN (SELECT k FROM d.v) AS c "
    "FROM t",
    "SELECT u LIKE 'a%' AS y, u NOT LIKE 'b' AS z, NOT ok AS w, -x AS n, (x) AS p, x IS NULL AS q FROM t",
    "SELECT x + 1 AS a, x - 1 AS b, x * 2 AS c, x / 2 AS d, u || 'a' AS e FROM t",
    "SELECT x = 1 AS a, x != 1 AS b, x < 1 AS c, x <= 1 AS d, x > 1 AS e, x >= 1 AS f, ok AND ok AS g, "
    "ok OR ok AS h, x IS DISTINCT FROM 1 AS i, x IS NOT DISTINCT FROM 1 AS j FROM t",
    "SELECT @p AS a, r'x' AS b, 0x1F AS c, 'a' 'b' AS d, TRUE AS e, NULL AS n, STRUCT(x AS m).m AS o FROM t",
    "SELECT DATE_ADD(day, INTERVAL 1 DAY) AS a, EXTRACT(HOUR FROM time AT TIME ZONE 'UTC') AS b, "
    "SAFE.LN(f) AS c, EXISTS(SELECT 1 FROM t) AS d FROM t",
    "SELECT ARRAY_AGG(DISTINCT x IGNORE NULLS ORDER BY x DESC LIMIT 2) AS a, "
    "ARRAY_AGG(x RESPECT NULLS ORDER BY x) AS b FROM t",
    "SELECT FIRST_VALUE(x IGNORE NULLS) OVER (ORDER BY x) AS y, (SELECT MAX(k) FROM d.v) AS z FROM t",
    "SELECT SUM(x) OVER (ORDER BY x RANGE 1 PRECEDING) AS y FROM t",
]  # fmt: skip


def translated(tree: exp.Expression) -> str | None:
    """The query in DuckDB, None if it is refused."""
    try:
        return dialect.to_duckdb(tree, SCHEMAS)
    except UserError:
        return None


def places(kind: type[exp.Expr]) -> Iterator[tuple[str, int]]:
    """Statements and numbers of nodes in them of a kind."""
    for sql in STATEMENTS:
        for number, node in enumerate(dialect.parse(sql).walk()):
            if type(node) is kind:
                yield sql, number


def changed(sql: str, number: int, name: str, value: object) -> exp.Expression:
    """The tree of a statement in which an argument of a node is another."""
    tree = dialect.parse(sql)
    node = list(tree.walk())[number]
    node.args[name] = value
    if isinstance(value, exp.Expression):
        value.parent, value.arg_key = node, name
    return tree


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_statements_are_translated(sql: str) -> None:
    assert translated(dialect.parse(sql)) is not None


ARGUMENTS = sorted(((kind, name) for kind in READ for name in kind.arg_types), key=str)


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, n in ARGUMENTS if n not in READ[k]], ids=str)
def test_an_argument_that_is_not_read_is_refused(kind: type[exp.Expr], name: str) -> None:
    sql, number = next(places(kind))
    for value in (exp.to_identifier("z"), "z", [exp.Literal.number(7)]):
        assert translated(changed(sql, number, name, value)) is None
    if (kind, name) not in _ALWAYS_SET:
        assert translated(changed(sql, number, name, True)) is None


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, n in ARGUMENTS if n in READ[k]], ids=str)
def test_an_argument_that_is_read_makes_a_difference(kind: type[exp.Expr], name: str) -> None:
    """Without it, in one statement at least, the query becomes another or none."""
    for sql, number in places(kind):
        node = list(dialect.parse(sql).walk())[number]
        if not node.args.get(name):
            continue
        try:
            less = translated(changed(sql, number, name, None))
        except (
            AttributeError,
            TypeError,
            KeyError,
            IndexError,
            ValueError,
            AssertionError,
        ):  # what cannot do without it reads it
            return
        if less != translated(dialect.parse(sql)):
            return
    pytest.fail("no statement reads it")


def test_other_kinds_of_nodes_are_refused() -> None:
    kinds = {
        kind for kind in vars(exp).values() if isinstance(kind, type) and issubclass(kind, exp.Expression)
    }
    assert len(kinds) > 500
    for kind in kinds - set(READ):
        tree = dialect.parse("SELECT x + 1 AS y FROM t")
        literal = tree.find(exp.Literal)
        assert literal is not None
        literal.replace(kind())
        assert translated(tree) is None, kind


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("SELECT x FROM (SELECT x, u FROM t) AS z PIVOT(SUM(x) FOR u IN ('a'))", "PIVOT"),
        (
            "SELECT t.x FROM t JOIN (SELECT k FROM d.v) AS z TABLESAMPLE SYSTEM (1 PERCENT) ON TRUE",
            "TABLESAMPLE",
        ),
        ("SELECT t.x FROM t JOIN d.v UNPIVOT (a FOR b IN (k)) ON TRUE", "PIVOT"),
        ("SELECT b FROM t AS y(b)", "a list of column names"),
        ("WITH q(a) AS (SELECT 1) SELECT a FROM q", "a list of column names"),
        ("SELECT x FROM t ORDER BY x LIMIT 10 PERCENT", "PERCENT"),
        ("SELECT u, x FROM t LEFT UNION ALL BY NAME SELECT u, k AS x FROM d.v", "LEFT"),
        ("SELECT x FROM t FOR UPDATE", "FOR UPDATE"),
        ("(SELECT x FROM t) LIMIT 1", "LIMIT after the parenthesis"),
        ("SELECT AS STRUCT x FROM t", "AS STRUCT"),
        ("SELECT x FROM t GROUP BY ALL", "GROUP BY with ALL"),
    ],
)
def test_what_is_refused_is_named(sql: str, word: str) -> None:
    found = dialect.check(dialect.parse(sql), SCHEMAS)
    assert any(word in complaint for complaint in found), found
    assert all(complaint.startswith("line 1: ") for complaint in found[:1])
