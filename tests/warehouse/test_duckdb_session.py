"""Queries with their inputs written out: what a name in them stands for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from edxtasks.caches import read_cache, write_cache
from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import Absent, Query, ResourceLimits
from edxtasks.warehouse.duckdb_session import Session, _translated
from edxtasks.warehouse.schema import schema

ROW = schema("one INTEGER -- one\ntext STRING -- text")
INPUTS = {
    "given": "(SELECT 7::BIGINT AS one, 'a' AS text UNION ALL SELECT 8, 'b')",
    "courses.given": "(SELECT 8::BIGINT AS one, 'c' AS text)",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    made = Session(ResourceLimits(1, ""), Scratch((tmp_path_factory.mktemp("scratch"),)))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT one AS one, text AS text FROM given ORDER BY one", [(7, "a"), (8, "b")]),
        ("SELECT g.one AS one, text AS text FROM given AS g WHERE g.one = 7", [(7, "a")]),
        ("SELECT given.one AS one, given.text AS text FROM given WHERE given.one = 7", [(7, "a")]),
        (
            "SELECT one AS one, IF(given.text = 'b', h.text, '') AS text "
            "FROM given JOIN courses.given AS h USING (one)",
            [(8, "c")],
        ),
        (
            "WITH given AS (SELECT one + 10 AS one, text FROM given) "
            "SELECT one AS one, text AS text FROM given ORDER BY one",
            [(17, "a"), (18, "b")],
        ),
        ("SELECT 1 AS one, '\0given\0' AS text FROM courses.given", [(1, "\0given\0")]),
        ("SELECT 1 AS one, 'given' AS text FROM courses.given", [(1, "given")]),
    ],
)
def test_an_input_stands_where_its_name_does(session: Session, sql: str, rows: list[tuple[int, str]]) -> None:
    query = Query(sql, {name: Absent(ROW) for name in INPUTS}, {}, ROW)
    assert session.all_rows(query, INPUTS) == rows
    with session.result(query, INPUTS) as table:
        assert session.connection.execute(f"FROM {table} ORDER BY 1").fetchall() == rows
    left = session.connection.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchone()
    assert left == (0,)


def test_a_translation_is_kept_for_other_processes(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edxtasks.caches._folder", tmp_path)
    sql = "SELECT MAX(one) + @more AS one FROM given"
    query = Query(sql, {"given": Absent(ROW)}, {"more": 3}, ROW)
    other = Query(sql, {"given": Absent(schema("one FLOAT -- one"))}, {"more": 3}, ROW)
    assert session.all_rows(query, INPUTS) == [(11,)]
    [kept] = (tmp_path / "translations").iterdir()
    translation, names = read_cache(kept)
    assert names == ["more"]
    write_cache(kept, orjson.dumps([translation.replace("max", "min"), names]))
    assert session.all_rows(query, INPUTS) == [(11,)]  # in this process it was there already
    _translated.cache_clear()
    assert session.all_rows(query, INPUTS) == [(10,)]
    assert session.all_rows(other, INPUTS) == [(11.0,)]  # over columns of other types it is another
    assert len(list((tmp_path / "translations").iterdir())) == 2
    _translated.cache_clear()
