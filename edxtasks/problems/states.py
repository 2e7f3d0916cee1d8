"""States of problems: JSON texts as edX's Python wrote them, and their values.

A state is read as Python's `json` reads it, so that a value written again by `json.dumps` gives the text that
the predecessor gave: integers of any size (up to 4300 digits), `NaN` and `Infinity`, lone surrogates; of a
repeated key the last value holds. The fast parser reads what it reads alike, Python's the rest.
"""

from __future__ import annotations

import json
import math
import re
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

_NOT_AN_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)')
_DIGITS_AS_NINES = bytes(0x39 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_INTEGER = b"9" * 19
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
# Each digit is looked at once (`++`): a text may have millions of them, and then a letter.
_DECIMAL = re.compile(r"\s*+[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?\s*+", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST = 2**63 - 1
_MOST_DIGITS = 4300
MOST_POINTS = 1e15
"""More are none: those of a broken record."""
_quoted = encode_basestring_ascii


class UnreadableStateError(ValueError):
    """A state that is not a JSON object."""


def parse_state(text: str) -> dict[str, Any]:
    r"""The object in the text of a state.

    A text that is not JSON is read once more with every backslash doubled that begins no escape, and with raw
    control characters taken: so files are rescued whose backslashes were not doubled. A JSON string is opened
    once: its content is the state. Raises `UnreadableStateError` when there is no object.
    """
    value = _parse_or_rescue(text)
    if isinstance(value, str):
        value = _parse_or_rescue(value)
    if not isinstance(value, dict):
        raise UnreadableStateError("the state is not a JSON object")
    return value


def _parse_or_rescue(text: str) -> Any:
    try:
        return _parse(text)
    except (ValueError, RecursionError):
        pass  # read once more below
    try:
        return json.loads(_NOT_AN_ESCAPE.sub(_with_two_backslashes, text), strict=False)
    except (ValueError, RecursionError) as error:
        raise UnreadableStateError("the state is not JSON") from error


def _parse(text: str) -> Any:
    data = text.encode(errors="surrogatepass")
    if _LONG_INTEGER not in data.translate(_DIGITS_AS_NINES):
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            return json.loads(text)
    return json.loads(text)  # the fast parser makes floats of integers beyond 64 bits


def _with_two_backslashes(found: re.Match[str]) -> str:
    return found[0] if found[1] else "\\\\"


def json_text(value: Any) -> str:
    """JSON text of a value, byte for byte as Python's `json.dumps` writes it. Raises `UnreadableStateError`
    for a value nested too deep to be written."""
    if type(value) is str:
        return _quoted(value)
    if type(value) is list and all(type(item) is str for item in value):
        return f"[{', '.join(map(_quoted, value))}]"
    try:
        return json.dumps(value)
    except RecursionError as error:
        raise UnreadableStateError("a value of the state is nested too deep") from error


def plain_text(value: Any) -> str | None:
    """A text as it is, a lone surrogate as U+FFFD; any other value as JSON text; None for null."""
    if value is None:
        return None
    if type(value) is not str:
        return json_text(value)
    return value if value.isascii() else _SURROGATE.sub("\ufffd", value)


def number(value: Any) -> float | None:
    """The number that a value, or the text in it, is; None for everything else, NaN and infinity included."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value if _DECIMAL.fullmatch(value) else None
    if not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def points(value: Any) -> float | None:
    """As `number`, of points: None too for more than a problem can have, whose sum would be infinite, or an
    error on BigQuery. `problem_grades` has the same bound."""
    found = number(value)
    return found if found is not None and abs(found) <= MOST_POINTS else None


def attempts(value: Any) -> int:
    """Number of attempts: a number, or a text that is one, its fraction cut; 0 for everything else and for
    what does not fit 64 bits. `true` is 0: it is not a number."""
    whole = value if type(value) is int else None
    if isinstance(value, str) and _INTEGER.fullmatch(value) and len(value) < _MOST_DIGITS:
        whole = int(value)
    if whole is None:
        decimal = number(value)
        whole = 0 if decimal is None else math.trunc(decimal)
    return whole if -_LARGEST - 1 <= whole <= _LARGEST else 0


def truth(value: Any) -> bool | None:
    """A boolean, or the text `true` or `false` in any case; None for everything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None
