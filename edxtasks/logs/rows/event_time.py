"""The time of an event: read from any of the forms it is logged in, kept in microseconds, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

FIRST_YEAR, END_YEAR = 1970, 2100
"""Times of these years are read, the last excluded; others are of clocks gone wrong, and would make log days
of their own."""
EPOCH = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_END = (datetime(END_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // _MICROSECOND

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{0,9}))?"
    r" ?(?:Z|UTC|([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"(-?\d{1,25}(?:\.\d{0,9})?)\d*", re.ASCII)
_EXTENDED_JSON = ("$date", "$numberLong", "$numberInt", "$numberDouble")
_EPOCH_UNITS = (
    (Decimal(10) ** 17, Decimal("0.001")),  # nanoseconds
    (Decimal(10) ** 14, Decimal(1)),  # microseconds
    (Decimal(10) ** 11, Decimal(1000)),  # milliseconds
    (Decimal(0), Decimal(1_000_000)),  # seconds
)


WRITTEN_MINUTES: dict[str, int] = {}
"""Microseconds since 1970 at the begin of minutes met before, by `YYYY-MM-DDTHH:MM:`."""
_MOST_MINUTES = 50_000
WRITTEN_SECONDS = {f"{second:02}.": second * 1_000_000 for second in range(60)}
UTC_OFFSET = "+00:00"
"""Nearly every event brings the form that `write_time` gives: the minute at the places 0 to 17 and the second
at 17 to 20, which are looked up faster than they are read; six digits; and this at its end."""


def read_time(value: Any) -> tuple[int, str] | None:
    """The time that `value` tells: microseconds since 1970 UTC, and `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`.

    Read are ISO 8601 with `T` or a blank, up to nine digits of a second (cut to microseconds) and `Z`,
    `UTC`, an offset or nothing (UTC); a number or a text of digits as time since 1970 (from 10^17 on
    nanoseconds, from 10^14 microseconds, from 10^11 milliseconds, else seconds); MongoDB's
    `{"$date": …}` and `{"$numberLong": …}` around either. None when it is no such time or lies outside
    the years 1970 to 2099.
    """
    try:
        return written_microseconds(value), value
    except (KeyError, TypeError):
        pass
    microseconds = _microseconds(value)
    if microseconds is None:
        return None
    text = write_time(microseconds)
    if text == value and len(WRITTEN_MINUTES) < _MOST_MINUTES:
        WRITTEN_MINUTES[text[:17]] = microseconds - microseconds % 60_000_000
    return microseconds, text


def written_microseconds(text: str) -> int:
    """Microseconds since 1970 UTC of a time in the form in which `write_time` writes it, whose minute was met
    before. Raises `KeyError` for all others, `TypeError` for what is no text."""
    fraction = text[20:26]
    if text[26:] != UTC_OFFSET or not (fraction.isascii() and fraction.isdigit()):
        raise KeyError(text)
    return WRITTEN_MINUTES[text[:17]] + WRITTEN_SECONDS[text[17:20]] + int(fraction)


def write_time(microseconds: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffff+00:00` of a time in microseconds since 1970 UTC."""
    return (EPOCH + microseconds * _MICROSECOND).isoformat(timespec="microseconds")


def _microseconds(value: Any) -> int | None:
    for _ in range(3):  # {"$date": {"$numberLong": "…"}} is two deep
        if not isinstance(value, dict) or len(value) != 1:
            break
        ((name, inner),) = value.items()
        if name not in _EXTENDED_JSON:
            return None
        value = inner
    if isinstance(value, str):
        text = value.strip()
        return _of_iso(text) if ":" in text else _of_epoch(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_epoch(format(Decimal(repr(value)), "f"))
    return None


def _of_iso(text: str) -> int | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, hours, minutes = match.groups()[6:]
    try:
        time = datetime(year, month, day, hour, minute, second, int((fraction or "")[:6].ljust(6, "0")))
    except ValueError:
        return None
    microseconds = (time.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND
    if sign:
        if int(hours) > 23 or int(minutes or 0) > 59:
            return None
        offset = (int(hours) * 60 + int(minutes or 0)) * 60_000_000
        microseconds += offset if sign == "-" else -offset
    return _in_range(microseconds)


def _of_epoch(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    number = Decimal(match[1])
    factor = next(factor for least, factor in _EPOCH_UNITS if abs(number) >= least)
    return _in_range(int((number * factor).to_integral_value(rounding="ROUND_FLOOR")))


def _in_range(microseconds: int) -> int | None:
    return microseconds if 0 <= microseconds < _END else None
