"""Where statements end, in both dialects."""

from __future__ import annotations

import pytest

from edxtasks.shell.statements import DUCKDB, GOOGLESQL, all_statements, first_word, is_blank, split


@pytest.mark.parametrize(
    ("dialect", "text", "statements", "rest"),
    [
        (DUCKDB, "SELECT 1; SELECT 2", ["SELECT 1"], " SELECT 2"),
        (DUCKDB, "SELECT ';', \";\" -- ;\n, $a$;$a$, e'\\';' /* ; */;", None, ""),
        (DUCKDB, "SELECT 'it''s; so';", ["SELECT 'it''s; so'"], ""),
        (DUCKDB, "SELECT 'open; SELECT 2;", [], "SELECT 'open; SELECT 2;"),
        (DUCKDB, "SELECT 1 /* open; ", [], "SELECT 1 /* open; "),
        (DUCKDB, "; -- nothing\n ; SELECT 1;", ["\n SELECT 1"], ""),
        (DUCKDB, "SELECT name'; '", [], "SELECT name'; '"),
        (GOOGLESQL, "SELECT 'it\\'s; so'; SELECT 2", ["SELECT 'it\\'s; so'"], " SELECT 2"),
        (GOOGLESQL, "SELECT `a;b`, \";\", '''it's;\n''', r';' # ;\n;", None, ""),
        (GOOGLESQL, 'SELECT """a";b""";', ['SELECT """a";b"""'], ""),
        (GOOGLESQL, "SELECT ''; SELECT 2;", ["SELECT ''", " SELECT 2"], ""),
        (GOOGLESQL, "SELECT '''open;", [], "SELECT '''open;"),
    ],
)
def test_a_semicolon_ends_a_statement(
    dialect: str, text: str, statements: list[str] | None, rest: str
) -> None:
    expected = [text[:-1]] if statements is None else statements
    found, left = split(text, dialect)
    assert (found, left.lstrip("\n")) == (expected, rest)


def test_a_statement_begins_on_its_line() -> None:
    assert split("SELECT 1;\n\nSELECT\n2;\nSELECT 3", DUCKDB) == (
        ["SELECT 1", "\n\nSELECT\n2"],
        "\n\n\n\nSELECT 3",
    )


def test_the_last_statement_needs_no_semicolon() -> None:
    assert all_statements("SELECT 1; SELECT 2 -- the end", DUCKDB) == ["SELECT 1", " SELECT 2 -- the end"]
    assert all_statements("SELECT 1; -- the end", DUCKDB) == ["SELECT 1"]
    assert all_statements("", DUCKDB) == []


def test_comments_are_no_statement_and_no_first_word() -> None:
    assert is_blank(" -- a\n/* b */\n", DUCKDB)
    assert not is_blank("# a", DUCKDB)
    assert is_blank("# a", GOOGLESQL)
    assert first_word("-- INSERT\n /* x */ ( with a AS (SELECT 1) SELECT 2)", GOOGLESQL) == "WITH"
    assert first_word("# INSERT\nselect 1", GOOGLESQL) == "SELECT"
    assert first_word("'x'", DUCKDB) == ""
