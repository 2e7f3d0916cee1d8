"""Texts of states as edX wrote them, damaged ones too, and the values in them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edxtasks.problems.states import (
    UnreadableStateError,
    attempts,
    json_text,
    number,
    parse_state,
    plain_text,
    points,
    truth,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2}),  # the last value, at the place of the first
        ('{"a": 18446744073709551616}', {"a": 2**64}),
        ('{"a": -9223372036854775809}', {"a": -(2**63) - 1}),
        ('{"a": Infinity, "b": -Infinity, "c": 1e999}', {"a": math.inf, "b": -math.inf, "c": math.inf}),
        ('{"a": "\\ud83d"}', {"a": "\ud83d"}),  # half an emoji
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "\\u0000"}', {"a": "\0"}),
        ('{"a": "x\ny\tz"}', {"a": "x\ny\tz"}),  # raw control characters
        ('{"a": "\\frac{1}{2} \\sqrt 2 C:\\x"}', {"a": "\frac{1}{2} \\sqrt 2 C:\\x"}),  # \f is an escape
        ('{"a": "\\u00e"}', {"a": "\\u00e"}),  # no escape: too few digits
        ('{"a": "\\\\q \\q"}', {"a": "\\q \\q"}),
        ('"{\\"a\\": 1}"', {"a": 1}),  # JSON in a JSON string
        ('"{\\"a\\": \\"\\\\q\\"}"', {"a": "\\q"}),
        (' {"a": 1}\r\n', {"a": 1}),
    ],
)
def test_what_is_read(text: str, value: dict[str, Any]) -> None:
    assert parse_state(text) == value


def test_not_a_number_is_read() -> None:
    assert math.isnan(parse_state('{"a": NaN}')["a"])


def test_repeated_keys_keep_the_place_of_the_first() -> None:
    assert list(parse_state('{"b": 1, "a": 2, "b": 3}')) == ["b", "a"]
    assert list(parse_state('{"b": NaN, "a": 2, "b": 3}')) == ["b", "a"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '[{"a": 1}]',
        "3",
        '"text"',
        '"\\"{}\\""',  # opened once only
        '{"a": 1',
        '{"a": 1} x',
        "{'a': 1}",
        '{"a": undefined}',
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a": ' + "7" * 5000 + "}",  # more digits than Python's integers take
    ],
)
def test_what_is_no_state(text: str) -> None:
    with pytest.raises(UnreadableStateError) as fault:
        parse_state(text)
    assert "7777" not in str(fault.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("", '""'),
        ("9.81", '"9.81"'),
        ('a "b" \\ \x7f é 😀 \ud83d \n', '"a \\"b\\" \\\\ \\u007f \\u00e9 \\ud83d\\ude00 \\ud83d \\n"'),
        (["choice_0", "choice_2"], '["choice_0", "choice_2"]'),
        ([], "[]"),
        (["é", None, 1e5], '["\\u00e9", null, 100000.0]'),
        ({"b": 1, "a": {"c": [1, 2]}}, '{"b": 1, "a": {"c": [1, 2]}}'),
        (1e16, "1e+16"),
        (2**70, "1180591620717411303424"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (-0.0, "-0.0"),
    ],
)
def test_answers_are_written_as_the_predecessor_did(value: Any, text: str) -> None:
    assert json_text(value) == text


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)


@given(_VALUES, st.booleans())
def test_an_answer_comes_back_byte_for_byte(value: Any, ascii_only: bool) -> None:
    text = json.dumps({"a": value}, ensure_ascii=ascii_only)
    assert f'{{"a": {json_text(parse_state(text)["a"])}}}' == json.dumps(json.loads(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", ""),
        ("<b>é</b>", "<b>é</b>"),
        ("half \ud83d", "half \ufffd"),
        (0, "0"),
        (False, "false"),
        ({"é": [1]}, '{"\\u00e9": [1]}'),
    ],
)
def test_messages(value: Any, text: str | None) -> None:
    assert plain_text(value) == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1, 1.0),
        (0.5, 0.5),
        ("1.50", 1.5),
        (" 2 ", 2.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1e3", -1000.0),
        (None, None),
        (True, None),
        ("", None),
        ("NULL", None),
        ("\\N", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("0x10", None),
        ("٣", None),  # a digit, and none of ours
        ("1e999", None),
        ("1" * 500_000 + "x", None),  # with a pattern that goes back and forth this would take hours
        (math.nan, None),
        (math.inf, None),
        (10**400, None),
        ([1], None),
    ],
)
def test_numbers(value: Any, found: float | None) -> None:
    assert number(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [("2.5", 2.5), (-1e15, -1e15), ("1e15", 1e15), ("1.1e15", None), (-1e308, None), ("nan", None)],
)
def test_points_that_no_problem_has_are_none(value: Any, found: float | None) -> None:
    assert points(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, 3),
        ("3", 3),
        (" +4 ", 4),
        (2.7, 2),
        (-2.7, -2),
        ("2.7", 2),
        (None, 0),
        (True, 0),
        ("many", 0),
        ("", 0),
        (math.nan, 0),
        (math.inf, 0),
        (2**63 - 1, 2**63 - 1),
        ("9223372036854775807", 2**63 - 1),
        (2**63, 0),
        (-(2**63), -(2**63)),
        (1e300, 0),
        ("9" * 5000, 0),
        ([1], 0),
    ],
)
def test_attempts(value: Any, found: int) -> None:
    assert attempts(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" False ", False),
        ("yes", None),
        (1, None),
        (None, None),
    ],
)
def test_done(value: Any, found: bool | None) -> None:
    assert truth(value) is found
