"""What a model may not hold: the unproven, and what hangs on chance."""

from __future__ import annotations

import pytest

from edxtasks.errors import UserError
from edxtasks.warehouse import dialect
from edxtasks.warehouse.schema import schema

SCHEMAS = {
    "t": schema("u STRING\nx INTEGER\nf FLOAT\ntime TIMESTAMP\nday DATE\nok BOOLEAN\ndoc STRING"),
    "courses.c": schema("u STRING\nname STRING"),
}


def complaints(select: str) -> list[str]:
    """Complaints about a query whose output columns all have comments."""
    return dialect.check(dialect.parse(select), SCHEMAS)


REFUSED = [
    ("SELECT FROBNICATE(x) AS y -- y\nFROM t", "FROBNICATE is not on the proven list"),
    ("SELECT ANY_VALUE(x) AS y -- y"
    "\nFROM t", "ANY_VALUE is not on the proven list: what it gives hangs on chance"),
    ("SELECT RAND() AS y -- y\nFROM t", "hangs on chance"),
    ("SELECT CURRENT_DATE() AS y -- y\nFROM t", "time of the run"),
    ("SELECT FARM_FINGERPRINT(u) AS y -- y\nFROM t", "TO_HEX(MD5"),
    ("SELECT APPROX_QUANTILES(x, 2) AS y -- y\nFROM t", "it estimates"),
    ("SELECT SAFE.SUBSTR(u, 1) AS y -- y\nFROM t", "SAFE.SUBSTR is not on the proven list"),
    ("SELECT CAST(x AS NUMERIC) AS y -- y\nFROM t", "type NUMERIC"),
    ("SELECT CAST(x AS DATE) AS y -- y\nFROM t", "a cast of INT64 to DATE"),
    ("SELECT DATE(time, 'Europe/Paris') AS y -- y\nFROM t", "only time zone on the proven list is 'UTC'"),
    ("SELECT TIMESTAMP_DIFF(time, time, MONTH) AS y -- y\nFROM t", "MONTH is not on the proven list"),
    ("SELECT FORMAT_DATE('%c', day) AS y -- y\nFROM t", "%c is not on the proven list"),
    ("SELECT PARSE_DATE('%b %Y', u) AS y -- y\nFROM t", "%b is not on the proven list"),
    ("SELECT FORMAT_DATE(u, day) AS y -- y\nFROM t", "argument 1 must be a literal"),
    ("SELECT REGEXP_CONTAINS(u, doc) AS y -- y\nFROM t", "argument 2 must be a literal"),
    ("SELECT REGEXP_EXTRACT(u, r'(a)(b)') AS y -- y\nFROM t", "at most one group"),
    ("SELECT REGEXP_EXTRACT(u, r'a(b)?') AS y -- y\nFROM t", "no part in a match"),
    ("SELECT REGEXP_EXTRACT(u, r'a|(b)') AS y -- y\nFROM t", "no part in a match"),
    ("SELECT REGEXP_EXTRACT(u, r'(?:a(b))*') AS y -- y\nFROM t", "no part in a match"),
    ("SELECT REGEXP_EXTRACT_ALL(u, r'a*') AS y -- y\nFROM t", "matches an empty text"),
    ("SELECT JSON_VALUE(doc, '$.a.*') AS y -- y\nFROM t", "the path $.a.*"),
    ("SELECT JSON_EXTRACT_SCALAR(doc, '$.\"a\"') AS y -- y\nFROM t", "take JSON_VALUE"),
    ("SELECT ROUND(f, -16) AS y -- y\nFROM t", "ROUND takes a literal number of digits"),
    ("SELECT SPLIT(u)[0] AS y -- y\nFROM t", "array[OFFSET(i)]"),
    ("SELECT x + u AS y -- y\nFROM t", "INT64 + STRING"),
    ("SELECT day - 1 AS y -- y\nFROM t", "DATE - INT64"),
    ("SELECT u = x AS y -- y\nFROM t", "= of STRING and INT64"),
    ("SELECT IF(ok, u, x) AS y -- y\nFROM t", "no common type"),
    ("SELECT UPPER(x) AS y -- y\nFROM t", "UPPER(INT64) is not on the proven list"),
    ("SELECT LENGTH(u, 1) AS y -- y\nFROM t", "LENGTH: found 2 arguments, expected 1"),
    ("SELECT q AS y -- y\nFROM t", "no source has a column q"),
    ("SELECT u -- u\nFROM t JOIN courses.c ON t.u = c.u", "u is a column of two sources"),
    ("SELECT t.u -- u\nFROM t JOIN t ON t.u = t.u", "two sources are called t"),
    ("SELECT x AS y -- y\nFROM nowhere", "nowhere is not a table that is known"),
    ("SELECT LOWER(u) AS u -- u\nFROM t GROUP BY u", "another output column"),
    ("SELECT u -- u\nFROM t QUALIFY RANK() OVER (ORDER BY u) = 1", "write WHERE TRUE"),
    ("SELECT ARRAY(SELECT 1) AS y -- y\nFROM t", "ARRAY(SELECT …) is not on the proven list"),
    ("SELECT x AS y -- y\nFROM t TABLESAMPLE SYSTEM (10 PERCENT)", "this form of a table"),
    ("SELECT u -- u\nFROM t GROUP BY ROLLUP(u)", "ROLLUP"),
    ("SELECT u -- u\nFROM t UNION ALL SELECT x FROM t", "STRING above, INT64 below"),
    ("SELECT STRING_AGG(u, doc ORDER BY u) AS y -- y\nFROM t", "a literal between the texts"),
    ("SELECT PERCENTILE_DISC(x, f) OVER () AS y -- y\nFROM t", "literal fraction"),
    ("SELECT SUM(x) OVER (ORDER BY x ROWS BETWEEN x PRECEDING AND CURRENT ROW) AS y -- y"
    "\nFROM t", "literal numbers"),
    ("SELECT CAST(@p AS STRING) || EXTRACT(YEAR FROM @p) AS y -- y\nFROM t", "CAST(@name AS type)"),
    ("SELECT * FROM t", "output column 1 is `*`"),
    ("SELECT x AS y FROM t", "output column y has no comment"),
    ("SELECT x + 1 -- one more\nFROM t", "has no name"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), REFUSED)
def test_what_is_not_proven_is_named(sql: str, expected: str) -> None:
    assert any(expected in complaint for complaint in complaints(sql)), complaints(sql)


HANGING = [
    "SELECT x, -- x\n ROW_NUMBER() OVER (PARTITION BY u ORDER BY time) AS n -- n\nFROM t",
    "SELECT u, -- u\n x, -- x\n LAG(x) OVER (PARTITION BY u ORDER BY time) AS n -- n\nFROM t",
    "SELECT u, -- u\n NTILE(4) OVER (ORDER BY f) AS n -- n\nFROM t",
    "SELECT u, -- u\n FIRST_VALUE(x) OVER (PARTITION BY u ORDER BY time) AS n -- n\nFROM t",
    "SELECT u, -- u\n SUM(x) OVER (ORDER BY day ROWS UNBOUNDED PRECEDING) AS n -- n\nFROM t",
    "SELECT u, -- u\n SUM(f) OVER (ORDER BY day) AS n -- n\nFROM t",
    "SELECT u, -- u\n ARRAY_AGG(x ORDER BY time LIMIT 1)[SAFE_OFFSET(0)] AS n -- n\nFROM t GROUP BY u",
    "SELECT u, -- u\n ARRAY_LENGTH(ARRAY_AGG(x)) AS n -- n\nFROM t GROUP BY u",
    "SELECT u, -- u\n STRING_AGG(doc, ',') AS n -- n\nFROM t GROUP BY u",
    "SELECT u, -- u\n STRING_AGG(doc, ',' ORDER BY time) AS n -- n\nFROM t GROUP BY u",
    "SELECT u, -- u\n x -- x\nFROM t ORDER BY x LIMIT 3",
    "SELECT u -- u\nFROM t LIMIT 3",
    "SELECT u -- u\nFROM t WHERE u IN (SELECT u FROM t ORDER BY time LIMIT 1)",
    "SELECT x -- x\nFROM t WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY u ORDER BY time) = 1",
    "SELECT u, -- u\n RANK() OVER (ORDER BY COUNT(*)) AS r, -- r\n"
    " ROW_NUMBER() OVER (ORDER BY COUNT(*)) AS n -- n\nFROM t GROUP BY u",
]  # fmt: skip


@pytest.mark.parametrize("sql", HANGING)
def test_what_hangs_on_chance_is_refused(sql: str) -> None:
    found = complaints(sql)
    assert len(found) == 1
    assert "hangs on chance" in found[0]
    assert found[0].startswith("line ")


@pytest.mark.parametrize("sql", HANGING)
def test_it_can_be_translated_all_the_same(sql: str) -> None:
    assert dialect.to_duckdb(dialect.parse(sql), SCHEMAS).startswith("SELECT")


GOOD = [
    # the keys hold every column that is used
    "SELECT u, -- u\n ROW_NUMBER() OVER (PARTITION BY u ORDER BY time) AS n, -- n\n time -- t\nFROM t",
    "SELECT u, -- u\n LAG(time) OVER (PARTITION BY u ORDER BY time, x) AS n -- n\nFROM t WHERE x > 0",
    # they hold a unique key: GROUP BY, DISTINCT, a row number, one row
    "WITH g AS (SELECT u, day, SUM(x) AS s FROM t GROUP BY u, day)\n"
    "SELECT u, -- u\n s, -- s\n ROW_NUMBER() OVER (PARTITION BY u ORDER BY s, day) AS n -- n\nFROM g",
    "WITH g AS (SELECT DISTINCT u, x FROM t) SELECT u, -- u\n LAG(u) OVER (ORDER BY x, u) AS n -- n\nFROM g",
    "WITH g AS (SELECT u, COUNT(*) AS c FROM t GROUP BY u) SELECT u, -- u\n c -- c"
    "\nFROM g ORDER BY c DESC, u LIMIT 3",
    "WITH g AS (SELECT u AS w, MAX(x) AS m FROM t GROUP BY u), h AS (SELECT w, m FROM g WHERE m > 0)\n"
    "SELECT m, -- m\n ROW_NUMBER() OVER (ORDER BY w) AS n -- n\nFROM h",
    "WITH g AS (SELECT u, x, time FROM t WHERE TRUE "
    "QUALIFY ROW_NUMBER() OVER (PARTITION BY u ORDER BY time, x) = 1)\n"
    "SELECT u, -- u\n x, -- x\n ROW_NUMBER() OVER (ORDER BY u) AS n -- n\nFROM g",
    "WITH g AS (SELECT u, MAX(x) AS m FROM t GROUP BY u), h AS (SELECT DISTINCT u FROM courses.c)\n"
    "SELECT g.m, -- m\n ROW_NUMBER() OVER (ORDER BY g.u, h.u) AS n -- n\nFROM g JOIN h ON g.u < h.u",
    "SELECT p, -- p\n ROW_NUMBER() OVER (ORDER BY o) AS n -- n"
    "\nFROM UNNEST(['a', 'b']) AS p WITH OFFSET AS o",
    "SELECT u, -- u\n ROW_NUMBER() OVER (ORDER BY COUNT(*), u) AS n -- n\nFROM t GROUP BY u",
    "SELECT MAX(x) AS m -- m\nFROM t LIMIT 1",
    # the value is made of the keys
    "SELECT u, -- u\n ARRAY_AGG(x ORDER BY x LIMIT 1)[SAFE_OFFSET(0)] AS n, -- n\n MAX(f) AS f -- f"
    "\nFROM t GROUP BY u",
    "SELECT u, -- u\n STRING_AGG(DISTINCT doc, ',' ORDER BY doc) AS n, -- n\n MAX(f) AS f -- f"
    "\nFROM t GROUP BY u",
    "SELECT u, -- u\n ARRAY_AGG(STRUCT(x AS x, u AS u) ORDER BY u, x LIMIT 1)[SAFE_OFFSET(0)].x AS n, -- n\n"
    " MAX(f) AS f -- f\nFROM t GROUP BY u",
    "SELECT f, -- f\n FIRST_VALUE(time) OVER (PARTITION BY u ORDER BY time) AS n -- n\nFROM t",
    "SELECT u, -- u\n x -- x\nFROM t ORDER BY x, u LIMIT 3",
    # ties do not show
    "SELECT u, -- u\n RANK() OVER (ORDER BY f) AS n, -- n\n DENSE_RANK() OVER (ORDER BY x) AS d -- d\nFROM t",
    "SELECT u, -- u\n SUM(x) OVER (PARTITION BY u ORDER BY day) AS n, -- n\n COUNT(*) OVER ()"
    " AS c -- c\nFROM t",
    "SELECT u, -- u\n SUM(f) OVER (PARTITION BY u) AS n, -- n\n PERCENTILE_DISC(f, 0.5) OVER"
    " () AS m -- m\nFROM t",
    # the SQL says why
    "SELECT u, -- u\n ROW_NUMBER() OVER (PARTITION BY u ORDER BY time /* total order: no ties"
    " */) AS n -- n\nFROM t",
    "SELECT u, -- u\n ARRAY_AGG(x ORDER BY time /* total order: no ties */) AS n -- n\nFROM t GROUP BY u",
    "SELECT u -- u\nFROM t ORDER BY time /* total order: no ties */ LIMIT 1",
]  # fmt: skip


@pytest.mark.parametrize("sql", GOOD)
def test_what_does_not_hang_on_chance_is_let_pass(sql: str) -> None:
    assert complaints(sql) == []


KEYS: dict[str, list[frozenset[str]]] = {
    "t": [frozenset({"u", "day"})],
    "courses.c": [frozenset({"u"})],
    "one": [frozenset()],
}
KNOWN = {**SCHEMAS, "one": schema("x INTEGER\nu STRING")}

BY_KEY = [
    # the key of the table; a column that WHERE fixes
    "SELECT x, -- x\n LAG(x) OVER (PARTITION BY u ORDER BY day) AS n -- n\nFROM t",
    "SELECT x, -- x\n LAG(x) OVER (ORDER BY day) AS n -- n\nFROM t WHERE u = 'ada' AND x > 1",
    "SELECT x, -- x\n LAG(x) OVER (ORDER BY U) AS n -- n\nFROM t WHERE day = @day",
    "SELECT name, -- n\n ROW_NUMBER() OVER (ORDER BY u) AS n -- n\nFROM courses.c",
    "SELECT x -- x\nFROM t ORDER BY u, day LIMIT 1",
    "SELECT u, -- u\n ARRAY_AGG(x ORDER BY day LIMIT 1)[SAFE_OFFSET(0)] AS n -- n\nFROM t GROUP BY u",
    "SELECT x -- x\nFROM one LIMIT 1",
    # a join to a table whose key is given by the other
    "SELECT x, -- x\n name, -- n\n LAG(x) OVER (PARTITION BY t.u ORDER BY day) AS n -- n"
    "\nFROM t JOIN courses.c ON c.u = t.u",
    "SELECT x, -- x\n name, -- n\n LAG(x) OVER (PARTITION BY t.u ORDER BY day) AS n -- n"
    "\nFROM t LEFT JOIN courses.c ON t.u = c.u AND c.name != ''",
    "SELECT x, -- x\n name, -- n\n LAG(x) OVER (PARTITION BY u ORDER BY day) AS n -- n"
    "\nFROM t LEFT JOIN courses.c USING (u)",
    "SELECT x, -- x\n LAG(x) OVER (PARTITION BY c.u ORDER BY day) AS n -- n"
    "\nFROM t JOIN courses.c ON c.u = t.u",
    "SELECT t.x, -- x\n LAG(t.x) OVER (PARTITION BY t.u ORDER BY day) AS n -- n\nFROM t CROSS JOIN one",
    # through a CTE
    "WITH q AS (SELECT t.u, day, x, name FROM t LEFT JOIN courses.c USING (u) WHERE x > 1)\n"
    "SELECT x, -- x\n LAG(name) OVER (PARTITION BY u ORDER BY day) AS n -- n\nFROM q",
    "WITH q AS (SELECT * FROM t) SELECT x, -- x\n LAG(x) OVER (PARTITION BY u ORDER BY day) AS n -- n"
    "\nFROM q",
    "SELECT p, -- p\n x, -- x\n ROW_NUMBER() OVER (ORDER BY t.u, day, o) AS n -- n"
    "\nFROM t CROSS JOIN UNNEST(SPLIT(doc, ',')) AS p WITH OFFSET AS o",
]

NOT_BY_KEY = [
    "SELECT x, -- x\n LAG(x) OVER (ORDER BY day) AS n -- n\nFROM t WHERE u = 'ada' OR x > 1",
    "SELECT x, -- x\n LAG(x) OVER (ORDER BY day) AS n -- n\nFROM t WHERE u > 'ada'",
    # beside an outer join the other side may be NULL for many rows
    "SELECT x, -- x\n LAG(x) OVER (PARTITION BY c.u ORDER BY day) AS n -- n"
    "\nFROM t LEFT JOIN courses.c ON c.u = t.u",
    "SELECT x, -- x\n name, -- n\n LAG(x) OVER (PARTITION BY t.u ORDER BY day) AS n -- n"
    "\nFROM t FULL JOIN courses.c ON c.u = t.u",
    "SELECT x, -- x\n name, -- n\n LAG(x) OVER (PARTITION BY t.u ORDER BY day) AS n -- n"
    "\nFROM t RIGHT JOIN courses.c ON c.u = t.u",
    # a join that gives a row several times
    "SELECT name, -- n\n LAG(x) OVER (ORDER BY c.u) AS n -- n\nFROM courses.c JOIN t ON c.u = t.u",
    "WITH q AS (SELECT u, x FROM t) SELECT x, -- x\n LAG(x) OVER (ORDER BY u) AS n -- n\nFROM q",
    "WITH q AS (SELECT u, day, x FROM t UNION ALL SELECT u, day, x FROM t)\n"
    "SELECT x, -- x\n LAG(x) OVER (PARTITION BY u ORDER BY day) AS n -- n\nFROM q",
    "SELECT p, -- p\n ROW_NUMBER() OVER (ORDER BY t.u, day) AS n -- n"
    "\nFROM t CROSS JOIN UNNEST(SPLIT(doc, ',')) AS p",
]


@pytest.mark.parametrize("sql", BY_KEY)
def test_the_keys_of_tables_count(sql: str) -> None:
    assert dialect.check(dialect.parse(sql), KNOWN, KEYS) == []
    assert dialect.check(dialect.parse(sql), KNOWN) != []


@pytest.mark.parametrize("sql", NOT_BY_KEY)
def test_what_the_keys_do_not_tell_apart_hangs_on_chance(sql: str) -> None:
    found = dialect.check(dialect.parse(sql), KNOWN, KEYS)
    assert len(found) == 1
    assert "hangs on chance" in found[0]


def test_an_empty_reason_is_no_reason() -> None:
    sql = "SELECT u, -- u\n ROW_NUMBER() OVER (ORDER BY time /* total order: */) AS n -- n\nFROM t"
    assert len(complaints(sql)) == 1


def test_every_fault_is_told_once_and_with_its_line() -> None:
    sql = (
        "SELECT\n FROBNICATE(x) AS a, -- a\n UPPER(FROBNICATE(x)) AS b, -- b\n ANY_VALUE(q) AS c -- c\nFROM t"
    )
    with pytest.raises(UserError) as caught:
        dialect.to_duckdb(dialect.parse(sql), SCHEMAS)
    lines = str(caught.value).splitlines()
    assert [line[:7] for line in lines] == ["line 2:", "line 3:", "line 4:"]
