"""JSON-lines files of MongoDB: lines, and extended JSON in all its dialects."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.dumps import documents as mongo
from edxtasks.errors import InputError
from edxtasks.messages import Messages


def read(path: Path, content: bytes, key: str | None = None) -> tuple[list[mongo.Document], Messages]:
    path.write_bytes(content)
    messages = Messages()
    return list(mongo.documents(path, messages, 0.05, key)), messages


def test_lines(tmp_path: Path) -> None:
    content = (
        b'\xef\xbb\xbf{"a": 1}\r\n\n  \n[1]\nnot json\n"text"\n'
        b'{"body": "line \xe2\x80\xa8 separator"}\n{"b": "\xff"}\n{"n": NaN}\n'
        b'{"s": "\\ud83d"}\n{"last": true}'
    )
    found, messages = read(tmp_path / "forum.mongo", content)
    assert [list(document) for document in found] == [["a"], ["body"], ["b"], ["n"], ["s"], ["last"]]
    assert found[1]["body"] == "line \u2028 separator"
    assert found[2]["b"] == "\ufffd"
    assert found[4]["s"] == "\ufffd"  # half of a surrogate pair, which no file can hold
    # 9 lines that are not blank, of which [1], `not json` and "text" are no objects
    assert messages.lines == [
        "forum.mongo: 9 records, 6 rows, 3 bad (record 2: no JSON object; record 3: no JSON object; "
        "record 4: no JSON object), 2 empty lines or repeated headers, 1 with bytes that are no UTF-8"
    ]


def test_too_many_bad_lines_fail(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 of 21 records are bad"):
        read(tmp_path / "forum.mongo", b"{}\n" * 19 + b"x\n" * 2)


def test_documents_without_key_are_bad(tmp_path: Path) -> None:
    content = b'{"user_id": 1}\n{"user_id": {"$numberLong": "2"}}\n{"user_id": "x"}\n{}\n'
    found, messages = read(tmp_path / "profiles.json", content, "user_id")
    assert len(found) == 2
    assert "record 3: no integer in user_id" in messages.lines[0]


def test_deep_nesting_is_a_bad_line(tmp_path: Path) -> None:
    lines = [b'{"a":' + b"[" * depth + b"]" * depth + b"}" for depth in (50, 150, 1000, 100_000)]
    found, _ = read(tmp_path / "forum.mongo", b"\n".join(lines))
    assert len(found) == 1


# 1358028106904 ms = 2013-01-12 22:01:46.904 UTC
MOMENT = datetime(2013, 1, 12, 22, 1, 46, 904000, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        {"$date": 1358028106904},
        {"$date": "1358028106904"},
        {"$date": {"$numberLong": "1358028106904"}},
        {"$date": "2013-01-12T22:01:46.904Z"},
        {"$date": "2013-01-12T22:01:46.904+0000"},
        {"$date": "2013-01-12T22:01:46.904+00:00"},
        {"$date": "2013-01-12T17:01:46.904-0500"},
        "2013-01-12T22:01:46.904Z",
        "2013-01-12 22:01:46.904",
        1358028106904,
    ],
)
def test_spellings_of_a_date(value: object) -> None:
    assert mongo.moment(value) == MOMENT


def test_dates_without_fraction_and_before_1970() -> None:
    assert mongo.moment({"$date": "2014-08-29T15:11:49Z"}) == datetime(2014, 8, 29, 15, 11, 49, tzinfo=UTC)
    assert mongo.moment({"$date": -1000}) == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)
    # Inside $date a number counts milliseconds, however small it is.
    assert mongo.moment({"$date": 86400000}) == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [None, 0, "", "0", {"$date": 0}, {"$date": None}, {}, "soon", [], True, {"$date": 10**30}]
)
def test_no_date(value: object) -> None:
    assert mongo.moment(value) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (4, 4),
        ({"$numberInt": "4"}, 4),
        ({"$numberLong": "4"}, 4),
        ("4", 4),
        (4.0, 4),
        (True, 1),
        (4.5, None),
        ("x", None),
        (None, None),
        ({}, None),
        ([4], None),
        (2**63, None),
    ],
)
def test_integer(value: object, number: int | None) -> None:
    assert mongo.integer(value) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"$oid": "52c"}, "52c"),
        ("t", "t"),
        (5, "5"),
        ({"$numberLong": "5"}, "5"),
        (["48", {"$oid": "50"}], '["48", "50"]'),
        ([], "[]"),
        ({"a": "é"}, '{"a": "é"}'),
        (None, None),
    ],
)
def test_text(value: object, text: str | None) -> None:
    assert mongo.text(value) == text


def test_boolean() -> None:
    read: list[object] = [True, False, 1, 0, "true", "x", None, []]
    assert [mongo.boolean(value) for value in read] == [True, False, True, False, True, None, None, None]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "a"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=8,
)


@given(json_values)
@settings(max_examples=200, deadline=None)
def test_no_value_is_too_odd(value: object) -> None:
    mongo.integer(value)
    mongo.boolean(value)
    mongo.moment(value)
    text = mongo.text(value)
    assert text is None or isinstance(text, str) or value == {"$oid": text}


@given(
    st.lists(
        st.binary(max_size=12) | json_values.map(lambda value: json.dumps({"a": value}).encode()), max_size=8
    )
)
@settings(max_examples=100, deadline=None)
def test_any_lines_are_accounted_for(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("lines") / "forum.mongo"
    path.write_bytes(b"\n".join(lines))
    messages = Messages()
    try:
        number = len(list(mongo.documents(path, messages, 0.05)))
    except InputError:
        return
    assert messages.counts["records"] == number + messages.counts["rejects"]
