"""Reading models: GoogleSQL text to a syntax tree, and what the tree says about itself.

Functions are kept as they are written (`exp.Anonymous` with the written name), not turned into sqlglot's
own nodes: those differ between versions of sqlglot and lose what the rewrites must know.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.bigquery import BigQuery
from sqlglot.errors import ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.parsers.bigquery import BigQueryParser
from sqlglot.tokenizer_core import Token, TokenType

from edxtasks.errors import UserError
from edxtasks.printable import quantity
from edxtasks.warehouse.dialect.foreign import foreign


@contextmanager
def not_too_deep() -> Iterator[None]:
    """Raise UserError where a query is nested so deep that Python's stack ends."""
    try:
        yield
    except RecursionError:
        raise UserError(
            "the query is nested too deep, or has too many operators in a row: "
            "make queries of WITH of its parts"
        ) from None


class _Parser(BigQueryParser):
    """Only what has a syntax of its own is parsed as such: CAST, EXTRACT, ARRAY(SELECT), STRUCT."""

    FUNCTIONS = {"STRUCT": BigQueryParser.FUNCTIONS["STRUCT"]}
    FUNCTION_PARSERS = {
        name: parse
        for name, parse in BigQueryParser.FUNCTION_PARSERS.items()
        if name in ("CAST", "SAFE_CAST", "EXTRACT", "ARRAY")
    }

    def reset(self) -> None:
        """Begin with another text."""
        super().reset()
        self._no_types: dict[tuple[object, ...], ParseError | None] = {}

    def _parse_types(self, *args: Any, **named: Any) -> exp.Expr | None:
        """A type that keeps the word by which it is called: other databases have other words for it.

        Where there is none is remembered. `DATE(` is read as a type with parameters first, then as a call:
        of calls in calls each would be read twice as often as the one around it.
        """
        begin = self._index
        word = self._curr.text.upper() if self._curr else ""
        place = (self._curr.start if self._curr else None, args, *sorted(named.items()))
        if place in self._no_types:
            if (error := self._no_types[place]) is not None:
                raise error
            return None
        try:
            found = super()._parse_types(*args, **named)
        except ParseError as error:
            self._no_types[place] = error
            raise
        if found is None and self._index == begin:
            self._no_types[place] = None
        if isinstance(found, exp.DataType):
            found.meta.setdefault("word", word)
        return found

    def _parse_as_command(self, start: Token) -> exp.Command:
        """Any other statement: it is refused, where sqlglot would go on with a warning of its own."""
        self.raise_error("a query begins with SELECT or WITH", start)
        raise AssertionError("raise_error raises")


class GoogleSQL(BigQuery):
    """BigQuery's grammar with every function left by its written name."""

    Parser = _Parser


_dialect = GoogleSQL()


def _parser() -> Parser:
    try:
        return _dialect.parser()
    except TypeError as error:
        raise UserError(
            "sqlglot is here in its compiled form (package sqlglotc), which nothing can be added to: "
            "pip uninstall sqlglotc"
        ) from error


def parse(sql: str) -> exp.Expression:
    """The syntax tree of one GoogleSQL query.

    Raises UserError, naming the line, if the text is not one query, or nested too deep.
    """
    _refuse_odd_texts(sql)
    try:
        with not_too_deep():
            statements = [tree for tree in _parser().parse(_own_tokens(sql), sql) if tree is not None]
    except ParseError as error:
        fault = error.errors[0] if error.errors else {}
        what = re.sub(r" but got <Token.*", "", str(fault.get("description") or error), flags=re.DOTALL)
        raise UserError(
            f"line {fault.get('line', '?')}: SQL that cannot be read: {what}"
            + (f', found "{fault["highlight"]}"' if fault.get("highlight") else "")
        ) from error
    except TokenError as error:
        raise _unreadable(error) from error
    found = statements[0] if statements else None
    if len(statements) != 1 or not isinstance(found, exp.Query) or not isinstance(found, exp.Expression):
        if len(statements) == 1:
            line = line_of(statements[0])
            place = f"line {line}: " if line else ""
            raise UserError(f"{place}expected a SELECT, found {statements[0].key.upper()}")
        raise UserError(f"expected one SELECT, found {quantity(len(statements), 'statement')}")
    return found


_ODD_ESCAPE = re.compile(r"\\([^'ntrabfv])")


def _refuse_odd_texts(sql: str) -> None:
    """Refuse texts that versions of sqlglot, or sqlglot and BigQuery, read differently."""
    before: Token | None = None
    listed = tokens(sql)
    faults = [f"line {line}: {what}" for line, what in foreign(listed)]
    if faults:
        raise UserError("\n".join(dict.fromkeys(faults)))
    for token in listed:
        if token.token_type == TokenType.STRING:
            escape = _ODD_ESCAPE.search(sql[token.start : token.end + 1].replace("\\\\", ""))
            if escape:
                raise UserError(f"line {token.line}: write the character itself, not \\{escape[1]}")
            if before is not None and before.token_type == TokenType.STRING and before.end + 1 == token.start:
                raise UserError(f"line {token.line}: a quote inside a text is written \\', not twice")
        before = token


def line_of(node: exp.Expr) -> int | None:
    """The line on which an expression begins, as far as the parser kept it."""
    lines = [part.meta["line"] for part in node.walk() if "line" in part.meta]
    return min(lines, default=None)


def table_name(table: exp.Table) -> str:
    """The name of a table as it is written, its parts joined by dots."""
    return ".".join(part.name for part in table.parts)


def inputs(tree: exp.Expression) -> list[str]:
    """Names of the source tables as written (`courses.listings`), sorted, each once; no CTEs."""
    found: set[str] = set()
    with not_too_deep():
        _collect_tables(tree, frozenset(), found)
    return sorted(found)


def source_tables(tree: exp.Expression) -> list[exp.Table]:
    """The nodes of the source tables, in the order of the text; no CTEs."""
    nodes: list[exp.Table] = []
    with not_too_deep():
        _collect_tables(tree, frozenset(), set(), nodes)
    return nodes


def _collect_tables(
    node: exp.Expression, ctes: frozenset[str], found: set[str], nodes: list[exp.Table] | None = None
) -> None:
    """Add the tables below `node` to `found`; `ctes` are the names, in lower case, that mean a CTE here."""
    if isinstance(node, exp.Table):
        name = table_name(node)
        if isinstance(node.this, exp.Identifier) and not ("." not in name and name.lower() in ctes):
            found.add(name)
            if nodes is not None:
                nodes.append(node)
    with_ = node.args.get("with_") or node.args.get("with")
    if isinstance(with_, exp.With):
        for cte in with_.expressions:
            _collect_tables(cte.this, ctes, found, nodes)
            ctes |= {cte.alias.lower()}
    for child in node.iter_expressions():
        if child is not with_:
            _collect_tables(child, ctes, found, nodes)


def parameters(tree: exp.Expression) -> list[str]:
    """Names of the query parameters (`@name`), sorted, each once."""
    return sorted({node.name for node in tree.find_all(exp.Parameter)})


def outermost(tree: exp.Expression) -> exp.Select:
    """The SELECT that names the output columns: the outermost one, of a union the first."""
    node: exp.Expression = tree
    while not isinstance(node, exp.Select):
        if not isinstance(node, (exp.SetOperation, exp.Subquery)):
            raise UserError(f"a SELECT was expected, found {node.key}")
        node = node.this
    return node


def columns(tree: exp.Expression) -> list[tuple[str, str]]:
    """Name and comment of each output column, in order: `expression AS name, -- text`.

    Raises UserError if a column is `*`, has no name, or has no comment.
    """
    result: list[tuple[str, str]] = []
    faults: list[str] = []
    for number, item in enumerate(outermost(tree).expressions, 1):
        line = line_of(item)
        place = f"line {line}: " if line else ""
        if item.is_star:
            faults.append(f"{place}output column {number} is `*`: list the columns, each with its comment")
            continue
        name = item.alias_or_name if isinstance(item, (exp.Alias, exp.Column)) else ""
        if not name:
            told = f"output column {number} ({_short(item)}) has no name: write `… AS name, -- text`"
            faults.append(f"{place}{told}")
            continue
        comment = " ".join(" ".join(line.split()) for line in item.comments or () if line.strip())
        if not comment:
            told = f"output column {name} has no comment: write `… AS {name}, -- TYPE: meaning`"
            faults.append(f"{place}{told}")
        result.append((name, comment))
    if faults:
        raise UserError("\n".join(faults))
    return result


def unread(tree: exp.Expression) -> list[str]:
    """Complaints about queries of a WITH that nothing reads: their tables would be inputs for nothing."""
    complaints = []
    for with_ in tree.find_all(exp.With):
        for cte in with_.expressions:
            if not any(_reads(table, cte) for table in tree.find_all(exp.Table)):
                line = line_of(cte.args["alias"])
                place = f"line {line}: " if line else ""
                complaints.append(f"{place}WITH {cte.alias}: no other part of the query reads it: remove it")
    return complaints


def _reads(table: exp.Table, cte: exp.CTE) -> bool:
    """Whether a table of a FROM has the name of a query of a WITH, and stands outside of it."""
    if table.db or table.name.lower() != cte.alias.lower():
        return False
    node: exp.Expr | None = table
    while node is not None and node is not cte:
        node = node.parent
    return node is None


def _short(node: exp.Expression) -> str:
    with not_too_deep():
        written = node.sql(_dialect, comments=False)
    return written if len(written) <= 60 else written[:57] + "..."


_WORDS = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_TEXTS = {TokenType.STRING: "string", TokenType.IDENTIFIER: "name", TokenType.RAW_STRING: "raw"}


@lru_cache(maxsize=256)
def tokens(sql: str) -> tuple[Token, ...]:
    """The tokens of a GoogleSQL text. They are kept, since a model is read for more than one purpose."""
    try:
        return tuple(_dialect.tokenize(sql))
    except TokenError as error:
        raise _unreadable(error) from error


def _own_tokens(sql: str) -> list[Token]:
    """The tokens for a parser, which joins the comments of some to those of others, in place."""
    return [
        Token(one.token_type, one.text, one.line, one.col, one.start, one.end, list(one.comments))
        for one in tokens(sql)
    ]


def _unreadable(error: TokenError) -> UserError:
    return UserError(f"SQL that cannot be read, {error}: is a quote not closed?")


def identifiers(tree: exp.Expression) -> set[str]:
    """The names in a query: of tables, columns, aliases."""
    return {node.name for node in tree.find_all(exp.Identifier)}


def with_names(sql: str, names: Mapping[str, str]) -> str:
    """The text with some names in place of others, in all places where they stand as names."""
    kinds = {TokenType.VAR, TokenType.IDENTIFIER}
    parts, done = [], 0
    for token in tokens(sql):
        if token.token_type in kinds and token.text in names:
            written = sql[token.start : token.end + 1]
            parts += [sql[done : token.start], written.replace(token.text, names[token.text])]
            done = token.end + 1
    return "".join([*parts, sql[done:]])


def token_digest(sql: str) -> str:
    """Digest of the token texts: comments and white space do not count, nor the case of keywords.

    Words that are no names (keywords, and functions before a parenthesis) are upper-cased; names and
    literals count as they are. The digest is the same under every version of sqlglot that is supported.
    """
    listed = tokens(sql)
    parts = []
    for token, following in zip(listed, [*listed[1:], None], strict=True):
        kind = _TEXTS.get(token.token_type, "")
        word = token.text
        called = following is not None and following.token_type == TokenType.L_PAREN
        if not kind and _WORDS.match(word) and (called or token.token_type != TokenType.VAR):
            word = word.upper()
        parts.append(f"{kind}:{len(word)}:{word}")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
