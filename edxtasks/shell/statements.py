"""Statements in a text: where each ends, whatever stands in quotes and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

DUCKDB = "duckdb"
GOOGLESQL = "googlesql"
DIALECTS = (DUCKDB, GOOGLESQL)

# What is closed is tried first: where only the beginning of a quote or comment fits, the text ends within it.
_DUCKDB = r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?<!\w)[eE]'(?:[^'\\]|\\.|'')*'
  | '(?:[^']|'')*'
  | "(?:[^"]|"")*"
  | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
  | (?P<open> ['"] | \$\w*\$ | /\* )
  | (?P<end> ; )
"""
_GOOGLESQL = r"""
    (?P<comment> --[^\n]* | \#[^\n]* | /\*.*?\*/ )
  | '''(?:\\.|[^\\])*?'''
  | \"\"\"(?:\\.|[^\\])*?\"\"\"
  | '(?!'')(?:\\.|[^'\\\n])*'
  | "(?!"")(?:\\.|[^"\\\n])*"
  | `[^`]*`
  | (?P<open> ['"`] | /\* )
  | (?P<end> ; )
"""
_TOKENS = {
    DUCKDB: re.compile(_DUCKDB, re.VERBOSE | re.DOTALL),
    GOOGLESQL: re.compile(_GOOGLESQL, re.VERBOSE | re.DOTALL),
}
_WORD = re.compile(r"[\s(]*(\w+)")


def split(text: str, dialect: str) -> tuple[list[str], str]:
    """The statements of a text that a semicolon ends, without it, and what is left behind the last one.

    Each statement begins with as many line ends as there are lines above it in the text, so that a message
    about its line names that of the text. What holds no more than blanks and comments is no statement.
    """
    statements = []
    start = 0
    for match in _TOKENS[dialect].finditer(text):
        if match.lastgroup == "open":
            break
        if match.lastgroup == "end":
            statements.append(_placed(text, start, match.start()))
            start = match.end()
    return [one for one in statements if not is_blank(one, dialect)], _placed(text, start, len(text))


def all_statements(text: str, dialect: str) -> list[str]:
    """The statements of a whole text; the last one needs no semicolon."""
    statements, rest = split(text, dialect)
    return statements if is_blank(rest, dialect) else [*statements, rest]


def is_blank(text: str, dialect: str) -> bool:
    """Whether a text holds nothing but blanks and comments."""
    return not "".join(_without_comments(text, dialect)).strip()


def first_word(statement: str, dialect: str) -> str:
    """The first word of a statement in capitals, "" where it begins with none."""
    found = _WORD.match("".join(_without_comments(statement, dialect)))
    return found[1].upper() if found else ""


def _placed(text: str, start: int, end: int) -> str:
    return "\n" * text.count("\n", 0, start) + text[start:end]


def _without_comments(text: str, dialect: str) -> Iterator[str]:
    start = 0
    for match in _TOKENS[dialect].finditer(text):
        if match.lastgroup == "comment":
            yield text[start : match.start()]
            yield " "
            start = match.end()
    yield text[start:]
