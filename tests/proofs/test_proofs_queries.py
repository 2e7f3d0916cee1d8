"""Whole queries whose rows and types must be the same on both sides: names, joins, groups, sets, CTEs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duck
import googlesql
import pytest
from judging import same, unordered

from edxtasks.warehouse.schema import Column, Schema, schema


def _at(seconds: int) -> datetime:
    return datetime(2014, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


PEOPLE = schema("user_id INTEGER\nname STRING\ngrade FLOAT\nday DATE\ntime TIMESTAMP\nok BOOLEAN")
EVENTS = Schema(
    (
        Column("user_id", "INTEGER"),
        Column(
            "event",
            "RECORD",
            fields=(
                Column("kind", "STRING"),
                Column("body", "RECORD", fields=(Column("v", "INTEGER"), Column("Select", "STRING"))),
            ),
        ),
        Column("time", "TIMESTAMP"),
        Column("URL", "STRING"),
    )
)
ANSWERS = schema("""
user_id INTEGER
tags REPEATED STRING
item REPEATED RECORD<answer STRING, points FLOAT, seen TIMESTAMP, ok BOOLEAN>
days REPEATED DATE
""")
CODES = schema("code STRING\nlabel STRING\nn INTEGER")
INPUTS: dict[str, tuple[Schema, list[dict[str, object]]]] = {
    "a": (
        PEOPLE,
        [
            {"user_id": 1, "name": "x", "grade": 0.5, "day": date(2014, 1, 1), "time": _at(0), "ok": True},
            {"user_id": 2, "name": "y", "day": date(2014, 1, 2), "time": _at(5), "ok": False},
            {"user_id": 3, "grade": 1.0},
            {"user_id": 1, "name": "x", "grade": 0.25, "day": date(2014, 1, 3), "time": _at(9), "ok": True},
            {"name": "z", "grade": 2.0},
        ],
    ),
    "b": (
        EVENTS,
        [
            {
                "user_id": 1,
                "event": {"kind": "play", "body": {"v": 3, "Select": "s"}},
                "time": _at(1),
                "URL": "a/b",
            },
            {"user_id": 1, "event": {"kind": "stop"}, "time": _at(2), "URL": "a"},
            {"user_id": 2, "time": _at(3)},
            {"user_id": 7, "event": {"kind": "play", "body": {}}, "time": _at(3), "URL": "c/d/e"},
        ],
    ),
    "r": (
        ANSWERS,
        [
            {
                "user_id": 1,
                "tags": ["b", "a", "b"],
                "item": [
                    {"answer": "x", "points": 0.5, "seen": _at(0), "ok": True},
                    {"answer": "y", "points": 1.0},
                    {},
                ],
                "days": [date(2014, 1, 1)],
            },
            {"user_id": 2, "tags": [""], "item": [{"answer": "x", "points": 0.25, "seen": _at(7)}]},
            {"user_id": 2, "item": []},
            {},
        ],
    ),
    "courses.c": (
        CODES,
        [{"code": "x", "label": "X", "n": 1}, {"code": "q", "label": "Q", "n": 2}, {"label": "N", "n": 3}],
    ),
}
PARAMETERS: dict[str, object] = {"p": 1, "day": date(2014, 1, 2), "names": ["x", "z"], "s": "x"}

QUERIES = Path(__file__).with_name("queries.sql").read_text(encoding="utf-8").split(";\n")


@pytest.mark.parametrize("sql", QUERIES)
def test_queries_give_the_same_rows_and_types(sql: str) -> None:
    google = googlesql.evaluate(sql, INPUTS, PARAMETERS)
    here = duck.run(sql, INPUTS, PARAMETERS)
    assert len(google) == len(here)
    pairs = zip(unordered(google), unordered(here), strict=True)
    assert [(a, b) for a, b in pairs if not same(a, b)] == []

    schemas = {name: table for name, (table, _) in INPUTS.items()}
    declared = googlesql.output_schema(sql, schemas, PARAMETERS)
    found = duck.types(sql, schemas, PARAMETERS)
    assert [(column.name, column.duckdb_type.replace('"', "")) for column in declared] == [
        (name, kind.replace('"', "")) for name, kind in found
    ]
