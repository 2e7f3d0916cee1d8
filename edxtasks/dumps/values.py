"""Values of edX's SQL exports: escapes, missing values, numbers, dates (docs/sql-dumps.md, "Values").

A delivered field is text. `NULL`, or `\\N`, alone is a missing value; otherwise the escapes of the export
are undone in one pass, and the text is read as the type of its column. What cannot be read is missing, and
counted by the reader.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MISSING = frozenset({"NULL", "\\N"})
"""Delivered fields that stand for a missing value."""

_LARGEST = 2**63 - 1
# Each digit is looked at once (`++`): a value may have millions of them, and then a letter.
_INTEGER = re.compile(r"[ \t\r\n\f\v]*+([+-]?)(?=[0-9])0*+([0-9]*+)[ \t\r\n\f\v]*+")
_DECIMAL = re.compile(
    r"[ \t\r\n\f\v]*+[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?[ \t\r\n\f\v]*+"
)
_CLOCK = re.compile(r" (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")
_ISO_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:[.,]([0-9]+))?(?: ?(Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BLOCK = re.compile(r"block-v1:([^+]+)\+([^+]+)\+([^+]+)\+(.*)", re.DOTALL)
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})


def decode(text: str) -> str:
    r"""`text` with the escapes of the export undone, left to right, exactly once.

    `\\` is a backslash, `\t` TAB, `\n` LF, `\r` CR, `\0` nothing; a backslash before any other character,
    or at the end, stays. `text` holds no NUL: the reader drops those first.
    """
    # NUL holds the place of an escaped backslash, so that what follows one is not taken for the second half
    # of an escape.
    return _undo(text.replace("\\\\", "\0")) if "\\" in text else text


def decode_with_breaks(text: str) -> str:
    r"""As `decode`; a backslash before a raw LF or TAB, as the export of student states has, goes."""
    if "\\" not in text:
        return text
    held = text.replace("\\\\", "\0")
    return _undo(held.replace("\\\n", "\n").replace("\\\t", "\t") if "\\" in held else held)


def _undo(held: str) -> str:
    if "\\" in held:
        held = held.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("\\0", "")
    return held.replace("\0", "\\")


def encode(text: str) -> str:
    r"""`text` as edX's export writes it: backslash, LF, TAB and CR as two characters each."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def integer(text: str) -> int | None:
    """The integer that `text` spells (blanks around it, a sign), or None: no integer, or beyond 64 bits."""
    if len(text) < 19 and text.isascii() and text.isdecimal():
        return int(text)
    found = _INTEGER.fullmatch(text)
    if found is None or len(found[2]) > 19:
        return None
    number = int(f"{found[1]}{found[2] or 0}")
    return number if -_LARGEST - 1 <= number <= _LARGEST else None


def decimal(text: str) -> float | None:
    """The decimal number that `text` spells, or None; not a number and infinity are none."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return number if abs(number) != float("inf") else None


def boolean(text: str) -> bool | None:
    """True for `true` and `1`, False for `false` and `0`, in any case and with blanks around, else None."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


_MOST_REMEMBERED = 100_000
_dates: dict[str, str] = {}
_clocks: dict[str, str] = {}


def timestamp(text: str) -> str | None:
    """The moment that `text` spells, as `YYYY-MM-DDTHH:MM:SS[.f…]Z`, or None when it is none.

    Read are the database's `YYYY-MM-DD HH:MM:SS[.ffffff]` (UTC), the ISO 8601 forms with `T`, `Z` and an
    offset, and a bare integer, which counts from 1970: nanoseconds from 1e17 on, microseconds from 1e14,
    milliseconds from 1e11, else seconds. Digits beyond the microsecond are cut. The zero date is None.
    """
    # Dates and times of day come again and again: a file has a few hundred dates, a day 86400 seconds.
    date = _dates.get(text[:10]) or _date(text[:10])
    clock = _clocks.get(text[10:19]) or _clock(text[10:19])
    if date and clock:
        fraction = text[19:]
        if not fraction:
            return f"{date}{clock}Z"
        if fraction[0] == "." and 1 < len(fraction) < 8 and fraction[1:].isdecimal() and fraction.isascii():
            return f"{date}{clock}{fraction}Z"
    moment = moment_of(text)
    return None if moment is None else timestamp_text(moment)


def _date(text: str) -> str:
    """`text` and a `T` where it is a date `YYYY-MM-DD`, else nothing."""
    try:
        if len(text) != 10 or text != datetime.fromisoformat(text).date().isoformat():
            return ""
    except ValueError:
        return ""
    if len(_dates) < _MOST_REMEMBERED:
        _dates[text] = f"{text}T"
    return f"{text}T"


def _clock(text: str) -> str:
    """`text` without its first blank where it is ` HH:MM:SS`, else nothing."""
    if not _CLOCK.fullmatch(text):
        return ""
    if len(_clocks) < _MOST_REMEMBERED:
        _clocks[text] = text[1:]
    return text[1:]


def timestamp_text(moment: datetime) -> str:
    """`moment` in UTC as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`, zeros at the end of the fraction cut."""
    moment = moment.astimezone(UTC)
    text = f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T{moment:%H:%M:%S}"
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{text}{fraction}Z"


def moment_of(text: str) -> datetime | None:
    """The moment that `text` spells (the forms of `timestamp`), in UTC, or None."""
    text = text.strip()
    found = _ISO_TIME.fullmatch(text)
    if found is None:
        number = integer(text)
        return None if number is None else moment_of_number(number)
    date, minutes, seconds, fraction, zone = found.groups()
    if fraction is not None and seconds is None:
        return None
    if zone in (None, "Z", "z", "UTC"):
        zone = "+00:00"
    fraction = (fraction or "")[:6].ljust(6, "0")
    try:
        moment = datetime.fromisoformat(f"{date}T{minutes or '00:00'}{seconds or ':00'}.{fraction}{zone}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_of_number(number: int) -> datetime | None:
    """The moment that a count since 1970 stands for, its unit told by its size (see `timestamp`), or None."""
    size = abs(number)
    if size >= 10**17:
        microseconds = number // 1000
    elif size >= 10**14:
        microseconds = number
    elif size >= 10**11:
        microseconds = number * 1000
    else:
        microseconds = number * 1_000_000
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def module_id(text: str) -> str:
    """The id of a course block in the old form `i4x://ORG/NUMBER/TYPE/ID`, where `text` is in the new one.

    `block-v1:ORG+NUMBER+RUN+…+type@TYPE+block@ID` is the new form; other parts may stand between. The ID is
    all that follows `block@`. Any other text comes back as it is.
    """
    found = _BLOCK.fullmatch(text)
    if found is None:
        return text
    rest = "+" + found[4]
    head, mark, block = rest.partition("+block@")
    if not mark or not block:
        return text
    for part in head.split("+"):
        if part.startswith("type@") and len(part) > len("type@"):
            return f"i4x://{found[1]}/{found[2]}/{part.removeprefix('type@')}/{block}"
    return text
