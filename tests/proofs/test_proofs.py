"""The proofs that GoogleSQL and DuckDB, through the dialect, mean the same."""

from __future__ import annotations

from pathlib import Path

import duck
import duckdb
import googlesql
import pytest
from batches import BATCHES, DIFFERENT, ERRORS
from judging import Batch, Row, differences, same

from edxtasks.warehouse import dialect
from edxtasks.warehouse.schema import schema

DOCS = Path(__file__).parents[2] / "docs" / "sql.md"


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: batch.name)
def test_expressions_give_the_same_values(batch: Batch) -> None:
    assert differences(batch) == []


@pytest.mark.parametrize(("expression", "columns", "row"), ERRORS, ids=lambda value: str(value)[:40])
def test_errors_are_errors_on_both_sides(expression: str, columns: str, row: Row) -> None:
    sql = f"SELECT {expression} AS r FROM tab"
    inputs = {"tab": (schema(columns), [row, row] if expression.startswith("SUM") else [row])}
    with pytest.raises(googlesql.NotInEvaluator, match="OUT_OF_RANGE"):
        googlesql.evaluate(sql, inputs)
    with pytest.raises(duckdb.Error):
        duck.run(sql, inputs)


def test_every_function_on_the_list_has_a_proof() -> None:
    used: set[str] = set()
    for batch in BATCHES:
        used |= set(dialect.rewrite_versions(dialect.parse(batch.sql)))
    assert set(dialect.PROVEN) - used == set()


@pytest.mark.parametrize(
    ("expression", "kind", "value", "google", "here", "words"), DIFFERENT, ids=lambda value: str(value)[:30]
)
def test_known_differences_are_as_documented(
    expression: str, kind: str, value: object, google: object, here: object, words: str
) -> None:
    sql = f"SELECT {expression} AS r FROM tab"
    inputs = {"tab": (schema(f"x {kind}"), [{"x": value}])}
    try:
        [(found,)] = googlesql.evaluate(sql, inputs)
    except googlesql.NotInEvaluator as error:
        assert "overflow" in str(error)
        found = None
    assert same(found, google)
    [(found,)] = duck.run(sql, inputs)
    assert same(found, here)
    assert words in DOCS.read_text(encoding="utf-8")
