"""The translation run in DuckDB: what the proofs, which compare engines, do not look at."""

from __future__ import annotations

import decimal
import math
import random
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.errors import UserError
from edxtasks.warehouse import dialect
from edxtasks.warehouse.schema import Column, Schema, schema

SCHEMAS = {"t": schema("u STRING\nf FLOAT\nx INTEGER\ntime TIMESTAMP"), "courses.c": schema("n INTEGER")}


def connect(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A connection set up as the warehouse does it."""
    connection = duckdb.connect()
    for statement in (*dialect.CONNECTION_SETTINGS, *dialect.MACROS):
        connection.execute(statement)
    connection.execute(f"SET threads = {threads}")
    return connection


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """One connection for the tests that only select."""
    with connect() as opened:
        yield opened


def translated(sql: str) -> str:
    """The DuckDB text of a GoogleSQL query."""
    return dialect.to_duckdb(dialect.parse(sql), SCHEMAS)


def test_names_of_tables_stay_and_parameters_become_dollars() -> None:
    sql = translated("SELECT n FROM courses.c WHERE n > @least")
    assert 'FROM "courses"."c"' in sql
    assert "$least" in sql


def test_settings_and_macros_can_be_run_twice_on_a_connection() -> None:
    connection = connect()
    for statement in (*dialect.CONNECTION_SETTINGS, *dialect.MACROS):
        connection.execute(statement)


def test_macros_serve_each_connection_of_one_database() -> None:
    first = connect()
    second = first.cursor()
    for statement in dialect.MACROS:
        second.execute(statement)
    sql = translated("SELECT SAFE_CAST('7' AS INT64) AS seven")
    assert first.execute(sql).fetchall() == second.execute(sql).fetchall() == [(7,)]


def test_dates_are_those_of_utc_whatever_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    sql = translated("SELECT CAST(DATE(TIMESTAMP '2014-01-01 01:00:00 UTC') AS STRING) AS day")
    assert connect().execute(sql).fetchall() == [("2014-01-01",)]


def test_an_empty_relation_has_the_columns_and_types() -> None:
    columns = Schema(
        (
            Column('odd "name"', "STRING"),
            Column("at", "TIMESTAMP"),
            Column("event", "RECORD", fields=(Column("n", "INTEGER"), Column("f", "FLOAT"))),
        )
    )
    described = duckdb.connect().execute(f"DESCRIBE ({dialect.typed_empty(columns)})").fetchall()
    assert [(row[0], row[1]) for row in described] == [
        ('odd "name"', "VARCHAR"),
        ("at", "TIMESTAMP WITH TIME ZONE"),
        ("event", "STRUCT(n BIGINT, f DOUBLE)"),
    ]


def test_versions_name_the_rewritten_functions() -> None:
    tree = dialect.parse("SELECT countif(x > 1) AS n, CAST(f AS STRING) AS s FROM t GROUP BY sum(x) / 2")
    assert set(dialect.rewrite_versions(tree)) == {"", "COUNTIF", "CAST", "SUM", "/"}


def test_the_type_of_a_parameter_is_asked_for_where_it_decides() -> None:
    with pytest.raises(UserError, match="CAST\\(@name AS type\\)"):
        translated("SELECT EXTRACT(YEAR FROM @p) AS y")
    sql = translated("SELECT EXTRACT(YEAR FROM CAST(@p AS DATE)) AS y")
    assert connect().execute(sql, {"p": date(2014, 1, 2)}).fetchall() == [(2014,)]


@pytest.mark.parametrize(
    ("values", "variance", "of_all"),
    [
        ([], None, None),
        ([7], None, 0.0),
        ([None, 7, None], None, 0.0),
        ([3, 3, 3], 0.0, 0.0),
        ([1, 2], 0.5, 0.25),
        ([-1, 0, 1, None], 1.0, 2 / 3),
        ([300_000_000] * 200 + [299_999_999] * 200, 100 / 399, 0.25),  # squares that INT64 does not hold
        ([2**60, 2**60, 2**60], 0.0, 0.0),
        ([2**62, 0], 2.0**123, 2.0**122),
        ([2**62, 2**62, 0, 0], 2.0**124 / 3, 2.0**122),
        ([2**63 - 1, -(2**63)], 2.0**127, 2.0**126),
    ],
)
def test_deviations_of_whole_numbers(
    values: list[int | None], variance: float | None, of_all: float | None
) -> None:
    """Of n numbers, the sum of squared distances from their mean, by n - 1 and by n."""
    sql = dialect.to_duckdb(
        dialect.parse(
            "SELECT VAR_SAMP(x) AS a, VARIANCE(x) AS b, VAR_POP(x) AS c, STDDEV(x) AS d, "
            "STDDEV_SAMP(x) AS e, STDDEV_POP(x) AS f FROM t"
        ),
        {"t": Schema((Column("x", "INTEGER"),))},
    )
    connection = connect()
    connection.execute("CREATE TABLE t AS SELECT unnest(?::BIGINT[]) AS x", [values])
    deviation = None if variance is None else math.sqrt(variance)
    expected = [
        variance,
        variance,
        of_all,
        deviation,
        deviation,
        None if of_all is None else math.sqrt(of_all),
    ]
    assert connection.execute(sql).fetchone() == tuple(
        None if one is None else pytest.approx(one, rel=1e-14, abs=0.0) for one in expected
    )


FLOAT_AGGREGATES = """
    SELECT u, SUM(f) AS a, AVG(f) AS b, STDDEV(f) AS c, VAR_POP(f) AS d, CORR(f, f * f) AS e,
      SUM(DISTINCT f) AS g, COVAR_SAMP(f, x) AS h, STDDEV(x) AS i
    FROM t GROUP BY u
"""
FLOAT_WINDOWS = """
    SELECT u, x, SUM(f) OVER (PARTITION BY u) AS a, AVG(f) OVER () AS b, STDDEV(f) OVER (PARTITION BY u) AS c,
      SUM(f) OVER (PARTITION BY u ORDER BY x ROWS UNBOUNDED PRECEDING) AS d
    FROM t
"""


def _bits(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Rows in an order of their own, with floats by their bits."""
    return sorted(
        tuple(struct.pack("<d", value).hex() if isinstance(value, float) else str(value) for value in row)
        for row in rows
    )


@pytest.mark.parametrize("query", [FLOAT_AGGREGATES, FLOAT_WINDOWS], ids=["groups", "windows"])
def test_sums_of_floats_depend_on_neither_threads_nor_order(query: str) -> None:
    """Many row groups, so that two threads share them; values of many sizes, so that order would show."""
    seen = set()
    for threads, seed in ((1, 0), (2, 1), (2, 2)):
        connection = connect(threads)
        connection.execute(
            "CREATE TABLE t AS SELECT 'u' || (i % 3) AS u, "
            "CASE WHEN i % 11 = 0 THEN NULL ELSE sin(i) * 10.0 ** (i % 17 - 8) END AS f, "
            "CAST(i AS BIGINT) AS x, "
            f"NULL::TIMESTAMPTZ AS time FROM range(250000) r(i) ORDER BY hash(i + {seed})"
        )
        seen.add(str(_bits(connection.execute(translated(query)).fetchall())))
    assert len(seen) == 1


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-15, 6))
@settings(max_examples=300, deadline=None)
def test_round_rounds_the_exact_value(connection: duckdb.DuckDBPyConnection, x: float, digits: int) -> None:
    [(found,)] = connection.execute(translated(f"SELECT ROUND(@x, {digits}) AS r"), {"x": x}).fetchall()
    with decimal.localcontext(prec=800, rounding=decimal.ROUND_HALF_UP):
        exact = Decimal(x).quantize(Decimal(1).scaleb(-digits))
    assert found == float(exact)


@given(
    st.integers(-(10**15), 10**15), st.integers(-(10**12), 10**12), st.sampled_from(["SECOND", "HOUR", "DAY"])
)
@settings(max_examples=200, deadline=None)
def test_timestamp_diff_counts_whole_units_elapsed(
    connection: duckdb.DuckDBPyConnection, start: int, apart: int, unit: str
) -> None:
    micros = {"SECOND": 10**6, "HOUR": 3600 * 10**6, "DAY": 86400 * 10**6}[unit]
    early = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start)
    late = early + timedelta(microseconds=apart)
    sql = translated(f"SELECT TIMESTAMP_DIFF(@late, @early, {unit}) AS n")
    [(found,)] = connection.execute(sql, {"late": late, "early": early}).fetchall()
    assert found == (abs(apart) // micros) * (1 if apart >= 0 else -1)


@given(st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_a_literal(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    assert connection.execute(translated(f"SELECT '{escaped}' AS s")).fetchall() == [(text,)]


def test_edit_distance_counts_letters_not_bytes(connection: duckdb.DuckDBPyConnection) -> None:
    """Against the textbook recurrence, over texts of a small mixed alphabet."""

    def distance(a: str, b: str) -> int:
        row = list(range(len(b) + 1))
        for i, left in enumerate(a, 1):
            previous, row[0] = row[0], i
            for j, right in enumerate(b, 1):
                previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
        return row[-1]

    chance = random.Random(5)
    pairs = [
        ("".join(chance.choices("abé日", k=chance.randrange(7))), "".join(chance.choices("abé日", k=5)))
        for _ in range(60)
    ]
    sql = translated("SELECT EDIT_DISTANCE(@a, @b) AS n")
    found = [connection.execute(sql, {"a": a, "b": b}).fetchall()[0][0] for a, b in pairs]
    assert found == [distance(a, b) for a, b in pairs]


ZEROS = [
    "SELECT x, MIN(f) AS a, MAX(f) AS b FROM t GROUP BY x",
    "SELECT f, COUNT(*) AS n FROM t GROUP BY f",
    "SELECT DISTINCT f FROM t",
    "SELECT x, PERCENTILE_DISC(f, 0.5) OVER (PARTITION BY x) AS p FROM t",
    "SELECT x, FIRST_VALUE(f) OVER (PARTITION BY x ORDER BY f) AS p FROM t",
    "SELECT x, ARRAY_AGG(f ORDER BY f LIMIT 1)[OFFSET(0)] AS q FROM t GROUP BY x",
    "SELECT x, f FROM t UNION DISTINCT SELECT x, -f FROM t",
]


@pytest.mark.parametrize("query", ZEROS)
def test_no_zero_is_negative(query: str, connection: duckdb.DuckDBPyConnection) -> None:
    """0.0 and -0.0 are equal and written differently: which of them is taken would hang on chance."""
    for first, second in (("0.0", "-0.0"), ("-0.0", "0.0")):
        connection.execute(
            "CREATE OR REPLACE TABLE t AS SELECT 'u' AS u, CAST(i // 2 % 2 AS BIGINT) AS x, "
            f"CAST(if(i % 2 = 0, {first}e0, {second}e0) AS DOUBLE) AS f, "
            "TIMESTAMPTZ '2014-01-01 00:00:00+00' AS time FROM range(8) r(i)"
        )
        values = [value for row in connection.execute(translated(query)).fetchall() for value in row]
        assert "-0.0" not in map(str, values)
        assert "0.0" in map(str, values)
