"""Spellings of other databases, which the parser takes and BigQuery does not, told from the tokens.

The syntax tree no longer shows them: `x::INT64` has become a cast, `x NOTNULL` a comparison, a missing
parenthesis between UNION and INTERSECT a parenthesis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

_OPERATORS = {
    "::": "write CAST(x AS type)",
    "==": "write =",
    "<=>": "write IS NOT DISTINCT FROM",
    "~": "write REGEXP_CONTAINS",
}
_SET_OPERATIONS = ("UNION", "INTERSECT", "EXCEPT")
_AFTER_A_QUERY = (
    "",
    ")",
    "WHERE",
    "GROUP",
    "HAVING",
    "QUALIFY",
    "WINDOW",
    "ORDER",
    "LIMIT",
    *_SET_OPERATIONS,
)


def foreign(tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """The lines on which something is not GoogleSQL, each with what is wrong."""
    operations: list[tuple[str, ...] | None] = [None]
    for place, token in enumerate(tokens):
        word = _word(tokens, place)
        before, after = _word(tokens, place - 1), _word(tokens, place + 1)
        if word == "(":
            operations.append(None)
        elif word == ")" and len(operations) > 1:
            operations.pop()
        elif word in _SET_OPERATIONS and not (word == "EXCEPT" and after == "("):
            operation = _operation(tokens, place)
            if operations[-1] not in (None, operation):
                yield token.line, "different set operations in one query: put parentheses around each"
            operations[-1] = operation
            if after not in ("ALL", "DISTINCT"):
                yield token.line, f"{word} needs ALL or DISTINCT"
        fault = _fault(tokens, place, word, before, after)
        if fault:
            yield token.line, fault


def _fault(tokens: Sequence[Token], place: int, word: str, before: str, after: str) -> str | None:
    token = tokens[place]
    if word in _OPERATORS:
        return f"{word} is not GoogleSQL: {_OPERATORS[word]}"
    if word in ("NOTNULL", "ISNULL") and before not in ("", ".", "AS") and after != "(":
        return f"{word} is not GoogleSQL: write IS NULL or IS NOT NULL"
    if word == "UNKNOWN" and before in ("IS", "NOT"):
        return "IS UNKNOWN is not on the proven list: write IS NULL"
    if before == "BETWEEN" and word in ("SYMMETRIC", "ASYMMETRIC"):
        return f"BETWEEN {word} is not GoogleSQL"
    if word == "," and after in _AFTER_A_QUERY:
        return "a comma with nothing after it"
    if word == "," and _word(tokens, place - 2) == "LIMIT":
        return "LIMIT takes one number: write LIMIT n OFFSET m"
    begins = before in ("", "(") or _word(tokens, place - 2) in _SET_OPERATIONS
    if word == "FROM" and begins:
        return "a query begins with SELECT or WITH, not with FROM"
    if token.token_type == TokenType.STRING and before in ("AS", "FROM", "JOIN"):
        return "a text in quotes is not a name: a name stands in backticks"
    if token.token_type == TokenType.IDENTIFIER and "." in token.text and before not in ("FROM", "JOIN", ","):
        return f"`{token.text}` is one name: write each of its parts in backticks of their own"
    return None


def _word(tokens: Sequence[Token], place: int) -> str:
    """A token in capitals; empty for a text, a quoted name, and where there is none."""
    if not 0 <= place < len(tokens):
        return ""
    token = tokens[place]
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.RAW_STRING):
        return "'"
    return token.text.upper()


def _operation(tokens: Sequence[Token], place: int) -> tuple[str, ...]:
    """A set operation and its modifiers, those before it left out."""
    words = [_word(tokens, place), _word(tokens, place + 1)]
    if _word(tokens, place + 2) == "BY":
        words.append("BY NAME")
    return tuple(words)
