"""From the bytes of one line to the JSON object in it, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from edxtasks.logs.rows.json_text import NotJsonError, parse, parse_exactly

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Reject:
    """Why a line makes no row.

    `reason`: `bad_json` (no JSON, two values, cut short, nested too deep), `not_object` (JSON, but no
    object), `no_event_source` (neither an event source nor a course), `bad_time` (time missing or
    unreadable), `too_long` (more than 16 MiB), `internal` (a defect of the product; `detail` is the
    exception's type and place, then a colon and its text, which may hold part of the line).
    The line itself is not in it.
    """

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class UnusualLine:
    """What a line is that the fast parser refuses as it stands.

    `content` is its object, a reject, or None for a blank line; `text` the JSON text of the object;
    `bad_utf8` whether bytes that are no UTF-8 were replaced by U+FFFD.
    """

    content: dict[str, Any] | Reject | None
    text: str
    bad_utf8: bool


def read_unusual_line(line: bytes) -> UnusualLine:
    """Read a line with what may stand around and inside the JSON of real logs.

    White space around it and a byte-order mark are cut. Where it does not start with `{`, all before
    the first `{` is dropped: prefixes of syslog and of Python's logging.
    """
    try:
        text = line.decode()
        bad_utf8 = False
    except UnicodeDecodeError:
        text = line.decode(errors="replace")
        bad_utf8 = True
    text = text.strip().removeprefix(BYTE_ORDER_MARK).strip()
    if not text:
        return UnusualLine(None, "", False)
    if not text.startswith("{"):
        if _is_json(text):
            return UnusualLine(Reject("not_object"), "", bad_utf8)
        start = text.find("{")
        if start < 0:
            return UnusualLine(Reject("bad_json"), "", bad_utf8)
        text = text[start:]
    try:
        return UnusualLine(parse(text), text, bad_utf8)
    except NotJsonError:
        return UnusualLine(Reject("bad_json"), "", bad_utf8)


def object_with_long_integers(line: bytes) -> dict[str, Any]:
    """The object of a line that is known to hold one, integers of any size kept."""
    text = read_unusual_line(line).text
    record: dict[str, Any] = parse_exactly(text)
    return record


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
