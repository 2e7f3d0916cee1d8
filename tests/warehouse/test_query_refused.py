"""Queries that DuckDB cannot run: the complaint is about the model's words, not about DuckDB's own SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.errors import UserError
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import Absent, Query, QueryRefusedError, ResourceLimits
from edxtasks.warehouse.duckdb_session import Session
from edxtasks.warehouse.schema import schema

GIVEN = schema("one INTEGER -- one")


@pytest.mark.parametrize(
    ("sql", "declared", "fault"),
    [
        ("SELECT onne AS one FROM given", "one INTEGER -- one", "line 1: no source has a column onne"),
        (
            "SELECT one AS one FROM given",
            "one STRING -- one",
            "the columns differ from their declaration: one STRING is declared, the query gives one INTEGER",
        ),
        ("SELECT SOUNDEX('a') AS one FROM given", "one STRING -- one", "SOUNDEX is not on the proven list"),
        ("SELECT COUNT(*) AS one FROM gone", "one INTEGER -- one", "gone is not a table that is known"),
    ],
)
def test_what_cannot_be_run_is_told_without_the_sql_of_duckdb(
    tmp_path: Path, sql: str, declared: str, fault: str
) -> None:
    session = Session(ResourceLimits(1, ""), Scratch((tmp_path,)))
    query = Query(sql, {"given": Absent(GIVEN)}, {}, schema(declared))
    with (
        pytest.raises(QueryRefusedError) as refused,
        session.result(query, {"given": "(SELECT CAST(1 AS BIGINT) AS one)"}),
    ):
        pass
    session.close()
    assert fault in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT one AS one FROM READ_CSV('{file}')",
        "SELECT one AS one FROM `{file}`",
        "SELECT one AS one FROM '{file}'",
        "SELECT one AS one FROM given JOIN `{file}` USING (one)",
        "SELECT one AS one FROM given WHERE one IN (SELECT one FROM `{file}`)",
        "SELECT LENGTH(READ_TEXT('{file}')) AS one FROM given",
        "SELECT LENGTH(GETENV('HOME')) AS one FROM given",
        "COPY (SELECT 1 AS one) TO '{file}.copy'",
        "ATTACH '{file}.database'",
        "INSTALL httpfs",
        "SELECT one AS one FROM given; SET threads = 1",
    ],
)
def test_a_query_opens_no_file(tmp_path: Path, sql: str) -> None:
    """Only its sources: no file beside them, no environment, no statement of DuckDB."""
    file = tmp_path / "own.csv"
    file.write_text("one\n7393739\n")
    session = Session(ResourceLimits(1, ""), Scratch((tmp_path / "scratch",)))
    query = Query(sql.format(file=file), {"given": Absent(GIVEN)}, {}, schema("one INTEGER -- one"))
    with (
        pytest.raises((QueryRefusedError, UserError)) as refused,
        session.result(query, {"given": "(SELECT CAST(1 AS BIGINT) AS one)"}),
    ):
        pass
    session.close()
    assert "7393739" not in str(refused.value)
    assert {path.name for path in tmp_path.iterdir()} <= {"own.csv", "scratch"}
