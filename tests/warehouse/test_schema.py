"""Schemas: how they are written, and what they are on both engines."""

from __future__ import annotations

import pytest

from edxtasks.warehouse.schema import Column, column_of, schema

COLUMNS = schema("""
n INTEGER -- a number
tags REPEATED STRING -- words

item REPEATED RECORD<answer STRING, points FLOAT> -- parts
home RECORD<city STRING> -- a place
""")


def test_a_schema_is_written_a_column_a_line() -> None:
    members = (Column("answer", "STRING"), Column("points", "FLOAT"))
    assert COLUMNS.columns == (
        Column("n", "INTEGER", "a number"),
        Column("tags", "STRING", "words", mode="REPEATED"),
        Column("item", "RECORD", "parts", members, "REPEATED"),
        Column("home", "RECORD", "a place", (Column("city", "STRING"),)),
    )


def test_the_types_on_both_engines() -> None:
    assert [(one.duckdb_type, one.googlesql_type) for one in COLUMNS] == [
        ("BIGINT", "INT64"),
        ("VARCHAR[]", "ARRAY<STRING>"),
        ('STRUCT("answer" VARCHAR, "points" DOUBLE)[]', "ARRAY<STRUCT<`answer` STRING, `points` FLOAT64>>"),
        ('STRUCT("city" VARCHAR)', "STRUCT<`city` STRING>"),
    ]


def test_a_type_is_written_as_it_is_read() -> None:
    assert [column_of(one.name, one.written_type, one.description) for one in COLUMNS] == list(COLUMNS)


def test_bigquery_s_form() -> None:
    form = COLUMNS.as_json()
    assert form[1] == {"name": "tags", "type": "STRING", "mode": "REPEATED", "description": "words"}
    assert form[2]["fields"][1] == {"name": "points", "type": "FLOAT", "mode": "NULLABLE"}


def test_the_mode_counts_for_a_digest_and_old_digests_stand() -> None:
    assert schema("a STRING").digest() == "9ff02fd2c743b1d2"
    assert schema("a STRING").digest() != schema("a REPEATED STRING").digest()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("NUMERIC", "unknown type NUMERIC"),
        ("REPEATED NUMERIC", "unknown type NUMERIC"),
        ("RECORD", "a RECORD has fields"),
        ("RECORD<a>", "NAME TYPE"),
        ("RECORD<a REPEATED>", "unknown type REPEATED"),
    ],
)
def test_what_is_no_type_is_told(kind: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        column_of("c", kind)


def test_a_member_is_never_repeated() -> None:
    with pytest.raises(ValueError, match="only a column can be"):
        Column("c", "RECORD", fields=(Column("a", "STRING", mode="REPEATED"),))
