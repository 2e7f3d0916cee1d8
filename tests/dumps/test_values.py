"""Values of the SQL export: escapes, numbers, dates, block ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.dumps import values

# Text with many backslashes and letters that make escapes of them.
escaped_text = st.text(alphabet='\\\\\\ntr0Nxé"\t\n', max_size=30)


@pytest.mark.parametrize(
    ("delivered", "text"),
    [
        (r"plain", "plain"),
        (r"a\tb\nc\rd", "a\tb\nc\rd"),
        (r"nul\0gone", "nulgone"),
        (r"\\n", r"\n"),  # an escaped backslash, then n: not a line feed
        (r"\\\n", "\\\n"),
        (r"\x \" \/", r"\x \" \/"),  # no escape of the export: stays
        ("end\\", "end\\"),
        ("end\\\\", "end\\"),
        (r"\\0\0\\", "\\0\\"),
        ("\\\n", "\\\n"),  # a raw line feed, as a CSV file may hold
    ],
)
def test_decode(delivered: str, text: str) -> None:
    assert values.decode(delivered) == text


def test_json_text_parses_after_decoding() -> None:
    # The database holds {"a": "\u00e9 \"x\""}; the export doubles each backslash.
    assert values.decode(r'{"a": "\\u00e9 \\"x\\""}') == r'{"a": "\u00e9 \"x\""}'


def test_decode_with_breaks_drops_the_backslash_before_a_raw_break() -> None:
    assert values.decode_with_breaks("a\\\nb\\\tc\\\\\td") == "a\nb\tc\\\td"
    assert values.decode_with_breaks(r"a\nb") == "a\nb"


def one_by_one(text: str, breaks: bool) -> str:
    """The rule as it is told: character by character from the left."""
    table = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r", "0": ""} | (
        {"\n": "\n", "\t": "\t"} if breaks else {}
    )
    out, at = "", 0
    while at < len(text):
        following = text[at + 1 : at + 2]
        if text[at] == "\\" and following in table and following:
            out, at = out + table[following], at + 2
        else:
            out, at = out + text[at], at + 1
    return out


@given(escaped_text)
@settings(max_examples=300, deadline=None)
def test_decode_equals_the_rule_read_character_by_character(text: str) -> None:
    assert values.decode(text) == one_by_one(text, breaks=False)
    assert values.decode_with_breaks(text) == one_by_one(text, breaks=True)


@given(st.text().map(lambda text: text.replace("\0", "")))
@settings(max_examples=100, deadline=None)
def test_encode_then_decode_gives_the_text_back(text: str) -> None:
    assert values.decode(values.encode(text)) == text
    assert values.decode_with_breaks(values.encode(text)) == text
    assert not {"\n", "\t", "\r"} & set(values.encode(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        (" 42\t", 42),
        ("+7", 7),
        ("-007", -7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("0" * 5000 + "5", 5),
        ("9" * 5000, None),
        ("-000", 0),
        ("0" * 500_000 + "x", None),  # with a pattern that goes back and forth this would take hours
        ("", None),
        ("1.0", None),
        ("1_000", None),
        ("٣", None),  # a digit, but not an ASCII one
        ("²", None),
        ("1 2", None),
        ("NULL", None),
    ],
)
def test_integer(text: str, number: int | None) -> None:
    assert values.integer(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.85", 0.85),
        (" .5 ", 0.5),
        ("1.", 1.0),
        ("-1e-3", -0.001),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("", None),
        ("1" * 500_000 + "x", None),  # as above
        ("1." + "1" * 500_000 + "x", None),
        (".", None),
        ("0,5", None),
        ("1_0", None),
        ("Not Available", None),
    ],
)
def test_decimal(text: str, number: float | None) -> None:
    assert values.decimal(text) == number


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2014-01-01 17:28:27", "2014-01-01T17:28:27Z"),
        ("2014-01-01 17:28:27.123456", "2014-01-01T17:28:27.123456Z"),
        ("2014-01-01T17:28:27Z", "2014-01-01T17:28:27Z"),
        ("2014-01-01T17:28:27.5+02:00", "2014-01-01T15:28:27.5Z"),
        ("2014-01-01T17:28:27-0530", "2014-01-01T22:58:27Z"),
        ("2014-01-01 17:28:27+00", "2014-01-01T17:28:27Z"),
        ("2014-01-01 17:28:27 UTC", "2014-01-01T17:28:27Z"),
        ("2014-01-01T17:28", "2014-01-01T17:28:00Z"),
        ("2014-01-01", "2014-01-01T00:00:00Z"),
        ("2014-01-01T00:00:00.1234567Z", "2014-01-01T00:00:00.123456Z"),
        ("2012-02-29 00:00:00", "2012-02-29T00:00:00Z"),
        # 1388597307 s = 2014-01-01 17:28:27 UTC, in each unit
        ("1388597307", "2014-01-01T17:28:27Z"),
        ("1388597307000", "2014-01-01T17:28:27Z"),
        ("1388597307000001", "2014-01-01T17:28:27.000001Z"),
        ("1388597307000001999", "2014-01-01T17:28:27.000001Z"),
        ("0000-00-00 00:00:00", None),
        ("2013-02-29 00:00:00", None),
        ("2014-13-01 00:00:00", None),
        ("2014-01-01 24:00:00", None),
        ("2014-01-01 17:28:60", None),
        ("2014-01-01 17:28:27.", None),
        ("2014-W01-1", None),
        ("0001-01-01T00:00:00+14:00", None),  # before the year 1 in UTC
        ("1e9", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_timestamp(text: str, moment: str | None) -> None:
    assert values.timestamp(text) == moment
    assert values.timestamp(text) == moment  # also once it is remembered


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31)))
@settings(max_examples=100, deadline=None)
def test_timestamp_of_any_moment(moment: datetime) -> None:
    for text in (moment.isoformat(sep=" "), moment.isoformat() + "Z"):
        made = values.timestamp(text)
        assert made is not None
        assert datetime.fromisoformat(made) == moment.replace(tzinfo=UTC)
    shifted = moment.replace(tzinfo=timezone(timedelta(hours=3, minutes=30)))
    made = values.timestamp(shifted.isoformat())
    assert made is not None
    assert datetime.fromisoformat(made) == shifted


@given(st.text(alphabet="0123456789-:. TZ+,NULé", max_size=30))
@settings(max_examples=100, deadline=None)
def test_timestamp_never_fails(text: str) -> None:
    made = values.timestamp(text)
    assert made is None or datetime.fromisoformat(made).tzinfo is not None


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("FALSE", False), (" 1 ", True), ("0", False), ("yes", None), ("", None)],
)
def test_boolean(text: str, flag: bool | None) -> None:
    assert values.boolean(text) is flag


@pytest.mark.parametrize(
    ("delivered", "converted"),
    [
        ("block-v1:MITx+6.00x+1T2014+type@problem+block@p1", "i4x://MITx/6.00x/problem/p1"),
        (
            "block-v1:MITx+6.00x+1T2014+branch@draft+version@5f+type@video+block@a/b+c",
            "i4x://MITx/6.00x/video/a/b+c",
        ),
        ("i4x://MITx/6.00x/problem/p1", "i4x://MITx/6.00x/problem/p1"),
        ("lib-block-v1:MITx+L+type@problem+block@p", "lib-block-v1:MITx+L+type@problem+block@p"),
        ("block-v1:MITx+6.00x+1T2014+type@problem", "block-v1:MITx+6.00x+1T2014+type@problem"),
        ("block-v1:MITx+6.00x+1T2014+block@p", "block-v1:MITx+6.00x+1T2014+block@p"),
        ("block-v1:", "block-v1:"),
        ("", ""),
    ],
)
def test_module_id(delivered: str, converted: str) -> None:
    assert values.module_id(delivered) == converted
