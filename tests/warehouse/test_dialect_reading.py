"""What a parsed model says about itself: inputs, parameters, columns, digest."""

from __future__ import annotations

import pytest

from edxtasks.errors import UserError
from edxtasks.warehouse import dialect

BOTH = ["courses.listings", "roles"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 AS x", []),
        ("SELECT x FROM roles", ["roles"]),
        ("SELECT x FROM roles AS r JOIN `courses.listings` USING (x) JOIN roles AS q USING (x)", BOTH),
        ("SELECT x FROM courses.listings", ["courses.listings"]),
        ("WITH a AS (SELECT x FROM t), b AS (SELECT x FROM a) SELECT x FROM b", ["t"]),
        # a CTE is known after its own definition: within it, its name is the table
        ("WITH t AS (SELECT x FROM t) SELECT x FROM t", ["t"]),
        # a CTE of a subquery is not known outside it
        ("SELECT x FROM (WITH a AS (SELECT 1 AS x) SELECT x FROM a) AS q JOIN a USING (x)", ["a"]),
        (
            "SELECT (SELECT MAX(z) FROM u WHERE u.x = t.x) AS m FROM t WHERE x IN (SELECT x FROM v)",
            ["t", "u", "v"],
        ),
        ("SELECT p FROM t, UNNEST(SPLIT(t.url, '/')) AS p", ["t"]),
        ("SELECT x FROM a UNION ALL SELECT x FROM b UNION ALL SELECT x FROM a", ["a", "b"]),
        ("SELECT EXISTS(SELECT 1 FROM w) AS e", ["w"]),
    ],
)  # fmt: skip
def test_inputs_are_the_source_tables(sql: str, expected: list[str]) -> None:
    assert dialect.inputs(dialect.parse(sql)) == expected


def test_calls_in_calls_are_read_once_each() -> None:
    """Each was read twice as often as the one around it: 30 would have taken hours."""
    tree = dialect.parse(f"SELECT {'DATE(' * 30}x{')' * 30} AS d, -- DATE: d\nFROM t")
    assert sum(node.key == "anonymous" for node in tree.walk()) == 30
    with pytest.raises(UserError, match="SQL that cannot be read"):
        dialect.parse("STRUCT(" * 40)


def test_a_query_that_is_read_again_is_the_same() -> None:
    """The tokens of a text are kept, and the parser joins comments in place."""
    sql = "SELECT 1 AS x, -- one\n2 AS y -- two\nFROM t -- three\nWHERE TRUE -- four"
    assert [dialect.columns(dialect.parse(sql)) for _ in range(3)] == [[("x", "one"), ("y", "two")]] * 3


DIGITS = "9" * 5000
"""More than Python reads as a whole number."""


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (f"SELECT {'(' * 400}1{')' * 400} AS x", "nested too deep"),
        (f"SELECT {' + '.join('1' * 5000)} AS x", "nested too deep"),
        ("SELECT 1 AS x" + " UNION ALL SELECT 1 AS x" * 2000, "nested too deep"),
        ("SET username FROM t", "begins with SELECT or WITH"),
        ("SELECT ", "SELECT without output columns"),
        ("SELECT EXTRACT(YEAR FROM nowhere) AS y", "nowhere"),
        (f"SELECT {DIGITS} AS x", "larger than an INT64"),
        (f"SELECT 0x{'f' * 5000} AS x", "larger than an INT64"),
        ("SELECT 1 AS x ORDER BY 1.5", "ORDER BY 1.5: found 1 output column"),
        (f"SELECT 1 AS x ORDER BY {DIGITS}", "found 1 output column"),
        ("SELECT 1 AS x GROUP BY 1e3", "GROUP BY 1e3: found 1 output column"),
        (f"SELECT ROUND(1.5, {DIGITS}) AS x", "larger than an INT64"),
        ("SELECT ROUND(1.5, 1.5) AS x", "ROUND takes a literal number of digits"),
        ("SELECT ARRAY_AGG(x ORDER BY x LIMIT 1.5) AS y FROM UNNEST([1]) AS x", "LIMIT takes a whole number"),
        (
            f"SELECT SUM(x) OVER (ORDER BY x RANGE BETWEEN {DIGITS} PRECEDING AND CURRENT ROW) AS y "
            "FROM UNNEST([1]) AS x",
            "a frame takes literal numbers",
        ),
        ("SELECT REGEXP_EXTRACT_ALL('a', r'a{99999999999999}') AS x", "matches an empty text"),
        (f"SELECT JSON_VALUE('[]', '$[{DIGITS}]') AS x", "is not on the proven list"),
    ],
)
def test_what_is_beyond_all_measure_is_refused(sql: str, told: str) -> None:
    with pytest.raises(UserError) as refusal:
        dialect.to_duckdb(dialect.parse(sql), {})
    assert told in str(refusal.value)


def test_of_many_complaints_the_first_are_told_each_once() -> None:
    columns = ", ".join(f"nowhere_{place % 30} AS c{place}" for place in range(60))
    with pytest.raises(UserError) as refusal:
        dialect.to_duckdb(dialect.parse(f"SELECT {columns} FROM UNNEST([1]) AS x"), {})
    told = [f"line 1: no source has a column nowhere_{place}" for place in range(20)]
    assert str(refusal.value).splitlines() == [*told, "and 10 more"]


def test_parameters_are_named_once_and_sorted() -> None:
    tree = dialect.parse("SELECT @b + @a AS x FROM t WHERE d BETWEEN @a AND @c")
    assert dialect.parameters(tree) == ["a", "b", "c"]


def test_columns_are_names_with_their_comments() -> None:
    sql = """
        WITH q AS (
          SELECT a, b FROM t -- not of the output
        )
        SELECT
          q.a, -- who
          COUNT(*) AS n, -- how many,
          MAX(b) AS `last one` -- when,  UTC
        FROM q
        GROUP BY a
        UNION ALL SELECT 1, 2, 3"""
    assert dialect.columns(dialect.parse(sql)) == [
        ("a", "who"),
        ("n", "how many,"),
        ("last one", "when, UTC"),
    ]


def test_columns_without_name_or_comment_are_all_named() -> None:
    with pytest.raises(UserError) as caught:
        dialect.columns(dialect.parse("SELECT a, -- fine\n COUNT(*), -- no name\n b AS c, * FROM t"))
    message = str(caught.value)
    assert "output column 2 (COUNT(*)) has no name" in message
    assert "output column c has no comment" in message
    assert "output column 4 is `*`" in message


SQL = "SELECT a, count(*) AS n FROM t WHERE s = 'It is' AND x > 2.50 GROUP BY a"


@pytest.mark.parametrize(
    "same",
    [
        "select a, COUNT(*) as n from t where s = 'It is' and x > 2.50 group by a",
        "-- a header\nSELECT\n  a, -- who\n  count(*) AS n /* many */"
        "\nFROM t WHERE s = 'It is'\nAND x > 2.50 GROUP BY a",
    ],
)
def test_comments_white_space_and_case_of_keywords_do_not_count(same: str) -> None:
    assert dialect.token_digest(same) == dialect.token_digest(SQL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("It is", "it is"),
        ("2.50", "2.5"),
        ("a,", "b,"),
        ("FROM t", "FROM T"),
        (">", ">="),
        ("'It is'", "`It is`"),
        ("AS n", "AS N"),
        ("'It is'", "@s"),
        ("count", "sum"),
        ("AND", "OR"),
    ],
)
def test_everything_else_counts(old: str, new: str) -> None:
    assert dialect.token_digest(SQL.replace(old, new)) != dialect.token_digest(SQL)


def test_texts_cannot_run_into_each_other() -> None:
    assert dialect.token_digest("SELECT 'a', 'b'") != dialect.token_digest("SELECT 'a'', ''b'")


def test_the_digest_is_what_it_was() -> None:
    """The value that sqlglot 30.11 and 30.30 both give: a change rebuilds every table of everybody."""
    assert dialect.token_digest(SQL) == "0540ea97605909a939f52aa480e66a5b"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT a\nFROM\nWHERE x", "line 3: SQL that cannot be read: Expected table name"),
        ("SELECT a b c d", "line 1: "),
        ("SELECT 'abc", "quote"),
        ("SELECT\n'a\\x41'", r"line 2: write the character itself, not \\x"),
        ("SELECT 'it''s'", "a quote inside a text"),
        ("SELECT 1; SELECT 2", "found 2 statements"),
        ("DELETE FROM t WHERE TRUE", "line 1: expected a SELECT, found DELETE"),
        ("", "expected one SELECT, found 0 statements"),
    ],
)
def test_what_is_no_query_is_refused_with_its_line(sql: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        dialect.parse(sql)


@pytest.mark.parametrize(
    "sql", [r"SELECT '\\d' AS a", r"SELECT r'\d' AS a", r"SELECT 'it\'s\n' AS a", "SELECT 'a' 'b' AS a"]
)
def test_texts_with_usual_escapes_are_read(sql: str) -> None:
    assert dialect.inputs(dialect.parse(sql)) == []
