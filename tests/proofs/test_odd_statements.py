"""What Google's analyzer refuses is refused here too: odd statements, reserved words."""

from __future__ import annotations

from pathlib import Path

import duck
import duckdb
import googlesql
import pytest

from edxtasks.errors import UserError
from edxtasks.warehouse import dialect
from edxtasks.warehouse.dialect.closed import RESERVED
from edxtasks.warehouse.schema import schema

SCHEMAS = {
    "t": schema("u STRING\nx INTEGER\nf FLOAT\ntime TIMESTAMP\nday DATE\nok BOOLEAN\ndoc STRING"),
    "v": schema("u STRING\nk INTEGER"),
}
PARAMETERS: dict[str, object] = {"p": 1, "n": 1}
STATEMENTS = Path(__file__).with_name("odd_statements.sql").read_text(encoding="utf-8").splitlines()[1:]
FOUND_WHEN_RUN = {"SELECT DATE '2014-13-01' AS y FROM t"}
"""Refused where a row is made, not when the model is read."""


def _google_refuses(sql: str) -> bool:
    try:
        googlesql.analyze(sql, SCHEMAS, PARAMETERS)
    except googlesql.NotInEvaluator:
        return True
    return False


def _complaints(sql: str) -> list[str]:
    try:
        dialect.to_duckdb(dialect.parse(sql), SCHEMAS)
    except UserError as error:
        return str(error).splitlines()
    return []


def test_what_google_refuses_is_refused() -> None:
    """Each with its line, and with words of ours."""
    for sql in STATEMENTS:
        complaints = _complaints(sql)
        if sql in FOUND_WHEN_RUN:
            with pytest.raises(duckdb.Error):
                duck.run(sql, {name: (table, [{}]) for name, table in SCHEMAS.items()}, PARAMETERS)
        elif not complaints:
            assert not _google_refuses(sql), sql
        assert all("line 1" in one or "expected one SELECT" in one for one in complaints), complaints


def test_what_is_taken_runs_in_duckdb() -> None:
    taken = [sql for sql in STATEMENTS if not _complaints(sql)]
    assert len(taken) > 50
    for sql in taken:
        assert duck.run(sql, {name: (table, []) for name, table in SCHEMAS.items()}, PARAMETERS) is not None


def test_the_reserved_words_are_google_s() -> None:
    """As names without backticks they are refused on both sides; the words near to them on neither."""
    words = sorted(RESERVED)
    others = [
        "rank",
        "value",
        "date",
        "timestamp",
        "offset",
        "row",
        "pivot",
        "sample",
        "key",
        "index",
        "text",
    ]
    for word in [*words, *others]:
        sql = f"SELECT x AS {word.lower()} FROM t"
        assert bool(_complaints(sql)) == _google_refuses(sql) == (word in RESERVED), word
        quoted = f"SELECT x AS `{word.lower()}` FROM t"
        assert not _complaints(quoted), word


def test_a_reserved_word_may_be_a_member() -> None:
    sql = "SELECT STRUCT(x AS `limit`).limit AS y FROM t"
    assert not _google_refuses(sql)
    assert _complaints(sql) == []
