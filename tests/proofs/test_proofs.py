"""The proofs that GoogleSQL and DuckDB, through the dialect, mean the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
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


def test_every_function_on_the_list_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in dialect.PROVEN if not re.search(rf"\b{name}\b", text)] == []


def test_the_example_of_the_documentation_holds() -> None:
    """Worked out by hand: ada comes on the 1st, 3rd and 10th (pauses 2 and 7), bob once."""
    [sql] = re.findall(r"```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    columns = schema("username STRING\ntime TIMESTAMP")
    rows: list[Row] = [
        {"username": name, "time": datetime(2014, 1, day, hour, tzinfo=UTC)}
        for name, day, hour in [
            ("ada", 1, 3),
            ("ada", 1, 9),
            ("ada", 3, 0),
            ("ada", 10, 0),
            ("bob", 2, 1),
            ("", 2, 2),
        ]
    ]
    inputs = {"tracklog": (columns, rows)}
    assert dialect.check(dialect.parse(sql), {"tracklog": columns}) == []
    expected: list[tuple[object, ...]] = [("ada", 2, 4.5), ("bob", 0, None)]
    assert sorted(googlesql.evaluate(sql, inputs), key=str) == expected
    assert sorted(duck.run(sql, inputs), key=str) == expected
