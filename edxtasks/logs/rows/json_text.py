"""JSON in and out: a fast parser, a tolerant one behind it, and the two forms of JSON text in a row.

Members of objects keep their order; of a repeated key the last value holds. What real logs hold and
strict JSON forbids is read all the same: `NaN` and `Infinity` and numbers beyond the range of a float
become null, a lone surrogate (`\\ud83d` without its other half) becomes U+FFFD, a raw control character
inside a string is itself. An integer of more than 64 bits keeps its digits.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, Protocol

import orjson

DEEPEST = 254
"""Levels of nesting that can be written. A line nested deeper counts as broken; JSON text inside a line that
is nested deeper stays a text."""
DEEPEST_SET_ASIDE = DEEPEST + 1
"""The same of what is set aside in `mongoid`: an object around values of any depth that a line may have."""


DEEPEST_READ = 500
"""Levels of nesting that the tolerant parser reads: fewer than Python's stack has left wherever that is."""


class TextForm(Protocol):
    """Writes values as JSON text: `compact` or `predecessor`. Raises `TooDeepError`."""

    def __call__(self, value: Any, deepest: int = DEEPEST) -> str: ...


_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
_STARTS = frozenset('{["-0123456789tfn \t\n\r')
_ENDS = {"{": "}", "[": "]", '"': '"'}
_DIGITS_AS_NINES = bytes(0x39 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_INTEGER = b"9" * 19
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


escaped: Callable[[str], str] = json.encoder.encode_basestring_ascii
"""A text as a JSON string of the predecessor's form."""


def _quick_encode(form: json.JSONEncoder) -> Callable[[Any], str]:
    """The `encode` of a form. That of the standard library makes an encoder in C for each text, which takes
    nearly as long as the text itself; here one is made for all."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return form.encode
    write = make(
        None, form.default, escaped, None, form.key_separator, form.item_separator, False, False, False
    )

    def encode(value: Any) -> str:
        return escaped(value) if value.__class__ is str else "".join(write(value, 0))

    return encode


_encode_as_predecessor = _quick_encode(json.JSONEncoder(allow_nan=False, check_circular=False))


class NotJsonError(ValueError):
    """A text that is not a JSON value."""


class TooDeepError(ValueError):
    """A value nested deeper than can be written."""


def parse(text: str) -> Any:
    """The value of a JSON text, integers of more than 64 bits as floats; raises `NotJsonError`."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return parse_exactly(text)


def parse_exactly(text: str) -> Any:
    """The value of a JSON text with integers of any size (up to 4300 digits); raises `NotJsonError`."""
    try:
        value = json.loads(
            _ESCAPE.sub(_whole_character, text),
            strict=False,
            parse_float=_finite,
            parse_constant=_null,
        )
    except (ValueError, RecursionError) as error:
        raise NotJsonError(str(error)) from error
    if _is_too_deep(text, value, DEEPEST_READ):
        raise NotJsonError(f"JSON nested deeper than {DEEPEST_READ} levels")
    return value


def parse_embedded(text: str, exactly: bool, deepest: int = DEEPEST) -> Any:
    """The value of a string that may hold JSON text, or the string itself when it holds none.

    What strict JSON forbids is read only inside an object, a list or a string: a bare `NaN` is a word.
    JSON nested deeper than `deepest` levels, which could not be written again, is text too.
    """
    start = text[:1]
    if start not in _STARTS:
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        # Most of these are cut short; the tolerant parser is for those that are whole.
        if _ENDS.get(start) != text.rstrip()[-1:]:
            return text
        exactly = True
    if exactly:
        try:
            value = parse_exactly(text)
        except NotJsonError:
            return text
    if len(text) > 2 * deepest and _is_too_deep(text, value, deepest):
        return text
    return value


def may_hold_long_integer(text: bytes) -> bool:
    """Whether 19 or more digits stand in a row, so that a number may be beyond 64 bits."""
    return _LONG_INTEGER in text.translate(_DIGITS_AS_NINES)


def compact(value: Any, deepest: int = DEEPEST) -> str:
    """JSON text without blanks, not escaped beyond what JSON asks for; raises `TooDeepError`."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        # Deeper than orjson writes, or an integer longer than it writes.
        return _written(value, _COMPACT.encode, deepest)


def predecessor(value: Any, deepest: int = DEEPEST) -> str:
    """JSON text as edx2bigquery wrote it: `{"a": 1, "b": "\\u00e9"}`; raises `TooDeepError`."""
    return _written(value, _encode_as_predecessor, deepest)


def _written(value: Any, encode: Callable[[Any], str], deepest: int) -> str:
    try:
        text = encode(value)
    except RecursionError as error:
        raise TooDeepError(f"JSON nested deeper than {deepest} levels") from error
    if len(text) > deepest and _is_too_deep(text, value, deepest):
        raise TooDeepError(f"JSON nested deeper than {deepest} levels")
    return text


def _is_too_deep(text: str, value: Any, deepest: int) -> bool:
    """Whether a value, whose JSON text is given, is nested deeper than `deepest` levels."""
    return text.count("{") + text.count("[") > deepest and _depth(value) > deepest


def _depth(value: Any) -> int:
    depth = 0
    level = [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [member for item in level for member in (item.values() if isinstance(item, dict) else item)]
    return depth


def _whole_character(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape[1] else escape[0]


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _null(_: str) -> None:
    return None
