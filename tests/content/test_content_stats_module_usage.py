"""The model stats_module_usage, over a few rows of studentmodule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

import edxtasks.tables
from edxtasks.tables.dumps.studentmodule import SCHEMA as STUDENTMODULE
from edxtasks.warehouse import dialect

MODEL = Path(edxtasks.tables.__file__).parent / "content" / "stats_module_usage.sql"


def usage(rows: Sequence[tuple[str | None, str | None]]) -> list[tuple[object, ...]]:
    """The rows of the model for the module type and id of each row of studentmodule."""
    with duckdb.connect() as connection:
        for statement in (*dialect.CONNECTION_SETTINGS, *dialect.MACROS):
            connection.execute(statement)
        connection.execute(f"CREATE TABLE studentmodule AS {dialect.typed_empty(STUDENTMODULE)}")
        for number, row in enumerate(rows):
            connection.execute(
                "INSERT INTO studentmodule (id, student_id, module_type, module_id) VALUES (?, ?, ?, ?)",
                (number, number % 3, *row),
            )
        tree = dialect.parse(MODEL.read_text(encoding="utf-8"))
        return connection.execute(dialect.to_duckdb(tree, {"studentmodule": STUDENTMODULE})).fetchall()


def test_rows_per_module_in_order_of_their_ids() -> None:
    p, v = "i4x://MITx/8.01x/problem/p", "i4x://MITx/8.01x/video/a"
    rows = [("video", v), ("problem", p), ("problem", p), ("chapter", p), ("problem", p)]
    assert usage(rows) == [("chapter", p, 1), ("problem", p, 3), ("video", v, 1)]


def test_without_studentmodule_it_is_empty() -> None:
    assert usage([]) == []
