"""Queries that DuckDB cannot run: the complaint is about the model's words, not about DuckDB's own SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import Absent, Query, QueryRefusedError, ResourceLimits
from edxtasks.warehouse.schema import schema
from edxtasks.warehouse.session import Session

GIVEN = schema("one INTEGER -- one")


@pytest.mark.parametrize(
    ("sql", "declared", "fault"),
    [
        ("SELECT onne AS one FROM given", "one INTEGER -- one", "line 1: no source has a column onne"),
        ("SELECT one AS one FROM given", "one STRING -- one", "the columns differ from their declaration"),
        ("SELECT SOUNDEX('a') AS one FROM given", "one STRING -- one", "SOUNDEX is not on the proven list"),
        ("SELECT one AS one FROM gone", "one INTEGER -- one", "Table with name gone does not exist"),
    ],
)
def test_what_cannot_be_run_is_told_without_the_sql_of_duckdb(
    tmp_path: Path, sql: str, declared: str, fault: str
) -> None:
    session = Session(ResourceLimits(1, ""), Scratch((tmp_path,)))
    query = Query(sql, {"given": Absent(GIVEN), "gone": Absent(GIVEN)}, {}, schema(declared))
    with (
        session.views({"given": "SELECT CAST(1 AS BIGINT) AS one"}),
        pytest.raises(QueryRefusedError) as refused,
        session.result(query),
    ):
        pass
    session.close()
    assert fault in str(refused.value)
    assert "\n" not in str(refused.value)
