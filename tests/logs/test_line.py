"""What is and what is not a line of a log, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edxtasks.logs.raw_files import LONGEST_LINE
from edxtasks.logs.rows.rephrase import LineCounts, Reject, Rephraser, RephraseRules

TIME = "2014-10-14T12:34:56.789012+00:00"
TIME_US = 1413290096789012
PLAIN = b'{"time":"2014-10-14T12:34:56.789012+00:00","event_source":"server","event_type":"x","event":""}'


@pytest.fixture
def rephraser() -> Rephraser:
    return Rephraser(RephraseRules())


def row(rephraser: Rephraser, line: bytes) -> dict[str, Any]:
    result = rephraser.line(line)
    assert isinstance(result, tuple), result
    parsed: dict[str, Any] = json.loads(result[2])
    return parsed


def test_a_plain_line(rephraser: Rephraser) -> None:
    assert rephraser.line(PLAIN) == (
        None,
        TIME_US,
        b'{"time":"2014-10-14T12:34:56.789012+00:00","event_source":"server","event_type":"x",'
        b'"event":"\\"\\""}',
    )


@pytest.mark.parametrize(
    "line",
    [
        PLAIN + b"\n",
        PLAIN + b"\r\n",
        b"  \t" + PLAIN + b"  ",
        b"\xc2\xa0" + PLAIN + b"\xc2\xa0",  # no-break spaces
        b"\xef\xbb\xbf" + PLAIN,  # byte-order mark
        b"Sep  9 00:00:48 localhost " + PLAIN,
        b"2014-10-14 06:25:01,123 INFO 24112 [tracking] [user 7] logger.py:41 - " + PLAIN,
        b"\x00\x00\x00" + PLAIN,
        b"\xef\xbb\xbfSep  9 00:00:48 localhost " + PLAIN,
    ],
)
def test_what_may_stand_around_it(rephraser: Rephraser, line: bytes) -> None:
    assert rephraser.line(line) == rephraser.line(PLAIN)
    assert rephraser.take_counts() == LineCounts()


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"\r\n", b"  \t \n", b"\xc2\xa0\n", b"\xef\xbb\xbf", b"\x0b\x0c"]
)
def test_blank_lines(rephraser: Rephraser, line: bytes) -> None:
    assert rephraser.line(line) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"garbage", "bad_json"),
        (PLAIN[:-1], "bad_json"),
        (PLAIN[:40], "bad_json"),
        (PLAIN + PLAIN, "bad_json"),
        (PLAIN + b" x", "bad_json"),
        (b"Sep  9 00:00:48 localhost no event", "bad_json"),
        (b"\x00\x00\x00", "bad_json"),
        (b"[1, 2]", "not_object"),
        (b'[{"time": 1}]', "not_object"),
        (b"17", "not_object"),
        (b'"text"', "not_object"),
        (b"null", "not_object"),
        (b"true\n", "not_object"),
        (b"{}", "no_event_source"),
        (b'{"time":"2014-10-14T12:34:56Z","event_type":"x"}', "no_event_source"),
        (b'{"time":"2014-10-14T12:34:56Z","event_source":null}', "no_event_source"),
        (b'{"event_source":"server"}', "bad_time"),
        (b'{"event_source":"server","time":"yesterday"}', "bad_time"),
        (b'{"event_source":"server","time":null}', "bad_time"),
        (b'{"event_source":"server","time":NaN}', "bad_time"),
        (b'{"time":1,"event_source":"server","event":' + b"[" * 300 + b"]" * 300 + b"}", "bad_json"),
        (b'{"time":1,"event_source":"server","event":' + b"[" * 9000 + b"]" * 9000 + b"}", "bad_json"),
        (b'{"time":1,"event_source":"server","event":' + b"9" * 5000 + b"}", "bad_json"),
    ],
)
def test_rejects(rephraser: Rephraser, line: bytes, reason: str) -> None:
    result = rephraser.line(line)
    assert isinstance(result, Reject)
    assert result.reason == reason


@pytest.mark.parametrize("form", ["compact", "predecessor"])
def test_the_deepest_nesting_is_the_same_in_both_forms(form: str) -> None:
    rephraser = Rephraser(RephraseRules(json_text_form=form))
    for depth, readable in ((254, True), (255, False), (600, False), (990, False)):
        line = b'{"time":1,"event_source":"server","event":' + b"[" * depth + b"]" * depth + b"}"
        assert isinstance(rephraser.line(line), tuple) == readable


@pytest.mark.parametrize("form", ["compact", "predecessor"])
@pytest.mark.parametrize("event_type", ["problem_check", "x"])
def test_json_text_nested_too_deep_stays_a_text(form: str, event_type: str) -> None:
    rephraser = Rephraser(RephraseRules(json_text_form=form))
    base = {"time": TIME, "event_source": "server", "event_type": event_type}
    usual = {"context": {"course_id": "A/B/C", "path": ""}}
    for way in ({}, usual):
        for levels, is_text in ((254, False), (255, True), (600, True), (1000, True), (3000, True)):
            text = '{"a":' * levels + "1" + "}" * levels
            written = row(rephraser, json.dumps({**base, **way, "event": text}).encode())
            event = json.dumps(text) if is_text else text
            assert written["event"] == (event if form == "compact" or is_text else event.replace(":", ": "))
            # What has no column is one level deeper in mongoid than in the event.
            held = {"event_struct": {"a": None}} if event_type == "problem_check" and not is_text else {}
            assert len(written.get("mongoid", "")) > 254 if held else "mongoid" not in written
            assert row(rephraser, json.dumps(written).encode()) == written


def test_a_line_of_too_many_bytes(rephraser: Rephraser) -> None:
    fits = PLAIN[:-1] + b" " * (LONGEST_LINE - len(PLAIN)) + b"}"
    assert len(fits) == 16 * 1024 * 1024
    for text, readable in (
        (fits, True),
        (fits + b"\n", True),
        (b" " + fits, False),
        (b" " + fits + b"\n", False),
    ):
        assert (rephraser.line(text) == rephraser.line(PLAIN)) == readable
    assert rephraser.lines([PLAIN, b" " + fits, fits + b"\n"])[1] == Reject("too_long")
    assert rephraser.line(b" " * (LONGEST_LINE + 1)) == Reject("too_long")


def test_no_event_source_is_no_fault_when_the_course_is_known(rephraser: Rephraser) -> None:
    line = b'{"time":1413290096,"page":"https://h/courses/A/B/C/info"}'
    result = rephraser.line(line)
    assert isinstance(result, tuple)
    assert result[0] == "A/B/C"
    assert row(rephraser, line)["course_id"] == "A/B/C"
    empty = b'{"time":1413290096,"event_source":""}'  # there, though empty
    assert row(rephraser, empty)["event_source"] == ""


def test_bytes_that_are_no_utf8(rephraser: Rephraser) -> None:
    assert row(rephraser, PLAIN.replace(b'"x"', b'"x\xff\xfey"'))["event_type"] == "x\ufffd\ufffdy"
    # CESU-8, a surrogate in UTF-8's clothes, is not UTF-8 either: three bytes, three replacements.
    assert row(rephraser, PLAIN.replace(b'"x"', b'"\xed\xa0\xbd"'))["event_type"] == "\ufffd" * 3
    assert isinstance(rephraser.line(b"\xff"), Reject)
    assert rephraser.take_counts().bad_utf8 == 3
    assert rephraser.take_counts().bad_utf8 == 0


def test_repeated_keys(rephraser: Rephraser) -> None:
    assert row(rephraser, PLAIN.replace(b'"x"', b'"x","event_type":"y"'))["event_type"] == "y"


def test_what_strict_json_forbids(rephraser: Rephraser) -> None:
    event = b'{"a":NaN,"b":[Infinity,-Infinity],"c":1e999,"d":"\\ud83d","e":"\\ud83d\\ude00","f":"\x01\t"}'
    text = row(rephraser, PLAIN.replace(b'""', event))["event"]
    assert text == '{"a":null,"b":[null,null],"c":null,"d":"\ufffd","e":"😀","f":"\\u0001\\t"}'


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (rb"\ud83d", "\ufffd"),
        (rb"\ude00", "\ufffd"),
        (rb"\ude00\ud83d", "\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"\uD83D\uDE00", "😀"),
        (rb"\\ud83d", r"\ud83d"),
        (rb"\\\ud83d", "\\\ufffd"),
    ],
)
def test_surrogates(rephraser: Rephraser, escaped: bytes, text: str) -> None:
    assert row(rephraser, PLAIN.replace(b'"x"', b'"' + escaped + b'"'))["event_type"] == text


def test_the_same_inside_an_event_that_is_text(rephraser: Rephraser) -> None:
    record = {"time": TIME, "event_source": "browser", "event": '{"a":NaN,"b":"\\ud83d"}'}
    assert row(rephraser, json.dumps(record).encode())["event"] == '{"a":null,"b":"\ufffd"}'
    # A bare word is a word.
    record["event"] = "NaN"
    assert row(rephraser, json.dumps(record).encode())["event"] == '"NaN"'
    record["event"] = "-Infinity"
    assert row(rephraser, json.dumps(record).encode())["event"] == '"-Infinity"'


LONG = 123456789012345678901234567890


@pytest.mark.parametrize(
    ("record", "column", "text"),
    [
        ({"event": {"n": LONG}}, "event", f'{{"n":{LONG}}}'),
        ({"event": {"n": LONG, "f": 1.5}}, "event", f'{{"n":{LONG},"f":1.5}}'),
        ({"event": f'{{"n": {LONG}}}'}, "event", f'{{"n":{LONG}}}'),
        ({"event": f"{LONG}"}, "event", f"{LONG}"),
        ({"event": [2**63, 2**64 - 1, 2**64, -(2**63) - 1]}, "event", None),
        ({"username": LONG}, "username", f"{LONG}"),
        ({"new_key": {"n": LONG}}, "mongoid", f'{{"new_key":{{"n":{LONG}}}}}'),
        ({"referer": -LONG}, "mongoid", f'{{"referer":-{LONG}}}'),
    ],
)
def test_integers_beyond_64_bits_keep_their_digits(
    rephraser: Rephraser, record: dict[str, Any], column: str, text: str | None
) -> None:
    line = json.dumps({"time": TIME, "event_source": "server", **record}).encode()
    expected = text or "[9223372036854775808,18446744073709551615,18446744073709551616,-9223372036854775809]"
    assert row(rephraser, line)[column] == expected


def test_long_integers_in_the_context(rephraser: Rephraser) -> None:
    context = {"user_id": LONG, "org_id": LONG, "course_user_tags": {"t": LONG}, "asides": LONG}
    line = json.dumps({"time": TIME, "event_source": "server", "context": context}).encode()
    result = row(rephraser, line)
    assert result["context"] == {
        "org_id": f"{LONG}",
        "course_user_tags": f'{{"t":{LONG}}}',
        "agent": f'{{"oldagent":"","asides":{LONG}}}',
    }
    assert result["mongoid"] == f'{{"context":{{"user_id":{LONG}}}}}'
    assert rephraser.take_counts().wrong_types == {"context.user_id": 1}


def test_a_large_float_is_no_long_integer(rephraser: Rephraser) -> None:
    line = json.dumps({"time": TIME, "event_source": "server", "event": {"f": 1e30}}).encode()
    assert row(rephraser, line)["event"] == '{"f":1e+30}'


def test_a_defect_is_a_reject_that_names_its_place(
    rephraser: Rephraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(line: bytes) -> Any:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("edxtasks.logs.rows.rephrase.read_unusual_line", broken)
    result = rephraser.line(b"x")
    assert isinstance(result, Reject)
    assert result.reason == "internal"
    assert "ZeroDivisionError" in result.detail
    assert "test_line.py" in result.detail
