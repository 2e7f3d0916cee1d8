"""Dates and timestamps written and read by a format: FORMAT_DATE, PARSE_TIMESTAMP and their like.

A format is a literal, so that each of its elements is known: GoogleSQL and DuckDB share their names and
differ in what they take.
"""

from __future__ import annotations

import re

from edxtasks.warehouse.dialect.coercion import RefusedError
from edxtasks.warehouse.dialect.expressions import Call
from edxtasks.warehouse.dialect.functions import builder
from edxtasks.warehouse.dialect.times import only_utc
from edxtasks.warehouse.dialect.types import DATE, STRING, TIMESTAMP, Value, text

_ELEMENTS = {
    "Y": "%Y",
    "m": "%m",
    "d": "%d",
    "H": "%H",
    "I": "%I",
    "M": "%M",
    "S": "%S",
    "j": "%j",
    "y": "%y",
    "p": "%p",
    "a": "%a",
    "A": "%A",
    "b": "%b",
    "B": "%B",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "D": "%m/%d/%y",
    "E6S": "%S.%f",
    "E3S": "%S.%g",
    "Ez": "+00:00",
    "z": "+0000",
    "Z": "UTC",
    "u": "%u",
    "%": "%%",
}
_OF_TIME = {"H", "I", "M", "S", "p", "T", "R", "E6S", "E3S", "Ez", "z", "Z"}
_ELEMENT = re.compile(r"%(E[0-9*]?[A-Za-z]|.)", re.DOTALL)


def _format(call: Call, index: int, dates: bool) -> str:
    """A format literal of GoogleSQL as one of DuckDB's strftime."""

    def element(match: re.Match[str]) -> str:
        name = match[1]
        if name not in _ELEMENTS or (dates and name in _OF_TIME):
            raise RefusedError(f"{call.name}: %{name} is not on the proven list; see docs/sql.md")
        return _ELEMENTS[name]

    return _ELEMENT.sub(element, call.literal(index))


@builder("FORMAT_DATE")
def _format_date(call: Call) -> Value:
    call.take(2)
    return Value(f"strftime({call.typed(1, DATE)}, {text(_format(call, 0, dates=True))})", STRING)


@builder("FORMAT_TIMESTAMP")
def _format_timestamp(call: Call) -> Value:
    call.take(2, 3)
    only_utc(call, 2)
    moment = call.typed(1, TIMESTAMP)
    return Value(f"strftime(bq_plain({moment}), {text(_format(call, 0, dates=False))})", STRING)


_CLOCK_HOUR = "(?:[01]?[0-9]|2[0-3])"
_SIXTY = "[0-5]?[0-9]"
_HOURS = "[+-](?:0[0-9]|1[0-3])"
_OFFSET = f"Z|{_HOURS}(?::?[0-5][0-9])?|[+-]14(?::?00)?"
_PLAIN_OFFSET = f"{_HOURS}(?:[0-5][0-9])?|[+-]14(?:00)?"
_READABLE = {
    "Y": ("year", "[0-9]{1,4}", "[0-9]{4}"),
    "y": ("short year", "[0-9]{1,2}", "[0-9]{2}"),
    "m": ("month", "[0-9]{1,2}", "[0-9]{2}"),
    "d": ("day", "[0-9]{1,2}", "[0-9]{2}"),
    "H": ("hour", _CLOCK_HOUR, "(?:[01][0-9]|2[0-3])"),
    "M": ("minute", _SIXTY, "[0-5][0-9]"),
    "S": ("second", _SIXTY, "[0-5][0-9]"),
    "E6S": ("second", rf"{_SIXTY}(?:\.[0-9]{{1,6}})?", rf"{_SIXTY}(?:\.[0-9]{{1,6}})?"),
    "E*S": ("second", rf"{_SIXTY}(?:\.[0-9]+)?", rf"{_SIXTY}(?:\.[0-9]+)?"),
    "Ez": ("zone", _OFFSET, _OFFSET),
    "z": ("zone", _PLAIN_OFFSET, _PLAIN_OFFSET),
}
"""Elements of a format that is read: what they are, their pattern, and that before another number."""


def _reader(call: Call, dates: bool) -> tuple[str, dict[str, int]]:
    """A format literal as a regular expression, and the numbers of the groups of its elements."""
    written = call.literal(0)
    pieces = [piece for piece in re.split(r"(%(?:E[0-9*]?[A-Za-z]|.)|\s+)", written) if piece]
    groups: dict[str, int] = {}
    pattern = ""
    for piece, after in zip(pieces, [*pieces[1:], ""], strict=True):
        if piece.isspace():
            pattern += r"\s*"
        elif piece == "%%" or not piece.startswith("%"):
            pattern += re.escape(piece.replace("%%", "%"))
        else:
            element = _READABLE.get(piece[1:])
            of_time = element is not None and element[0] in ("hour", "minute", "second", "zone")
            if element is None or (dates and of_time) or element[0] in groups:
                raise RefusedError(f"{call.name}: {piece} is not on the proven list here; see docs/sql.md")
            before_number = after.startswith("%") and after not in ("%%", "%Ez", "%z")
            pattern += f"({element[2] if before_number else element[1]})"
            groups[element[0]] = len(groups) + 1
    if {"year", "short year"} <= set(groups):
        raise RefusedError(f"{call.name}: %Y and %y")
    return rf"\s*{pattern}\s*", groups


def _read(subject: str, pattern: str, groups: dict[str, int]) -> str:
    """DuckDB text of the TIMESTAMP without zone that a text holds; NULL if it does not."""

    def group(name: str, otherwise: str) -> str:
        return rf"\{groups[name]}" if name in groups else otherwise

    year = group("year", "1970")
    form = text(f"{pattern}")
    if "short year" in groups:
        two = f"CAST(regexp_extract({subject}, {form}, {groups['short year']}) AS BIGINT)"
        head = f"CAST({two} + (CASE WHEN {two} < 69 THEN 2000 ELSE 1900 END) AS VARCHAR) || "
        year = ""
    else:
        head = ""
    rest = (
        f"{year}-{group('month', '01')}-{group('day', '01')} "
        f"{group('hour', '00')}:{group('minute', '00')}:{group('second', '00')}"
    )
    whole = text("^" + pattern + "$")
    joined = f"{head}regexp_replace({subject}, {whole}, {text(rest)})"
    if "[0-9]+)?" in pattern:  # microseconds are what a TIMESTAMP holds: the digits after them are cut off
        joined = f"regexp_replace({joined}, '(\\.[0-9]{{6}})[0-9]+', '\\1')"
    moment = f"TRY_CAST({joined} AS TIMESTAMP)"
    return f"CASE WHEN regexp_full_match({subject}, {form}) THEN bq_from_year_one({moment}) END"


@builder("PARSE_DATE", safe=True)
def _parse_date(call: Call) -> Value:
    call.take(2)
    pattern, groups = _reader(call, dates=True)
    subject = call.typed(1, STRING)
    found = f"CAST({_read(subject, pattern, groups)} AS DATE)"
    return Value(found if call.safe else f"bq_strict({subject}, {found})", DATE)


@builder("PARSE_TIMESTAMP", safe=True)
def _parse_timestamp(call: Call) -> Value:
    call.take(2, 3)
    only_utc(call, 2)
    pattern, groups = _reader(call, dates=False)
    subject = call.typed(1, STRING)
    micros = f"epoch_us({_read(subject, pattern, groups)})"
    if "zone" in groups:
        zone = f"bq_zone_text_minutes(regexp_extract({subject}, {text(pattern)}, {groups['zone']}))"
        micros = f"({micros} - {zone} * 60000000)"
    found = f"bq_safe_of_micros({micros})"
    return Value(found if call.safe else f"bq_strict({subject}, {found})", TIMESTAMP)
