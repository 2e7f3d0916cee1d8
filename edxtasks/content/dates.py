"""Dates and times as course authors and offices write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {name[:length]: number for number, name in enumerate(_MONTH_NAMES, 1) for length in (3, len(name))}

_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:(?:T|\.? +)(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
_GAP = r"(?: *, *| +)"
_DAY = r"(?P<month>[a-z]+) +(?P<day>[0-9]{1,2})"
_NAMED = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_DAY}{_GAP}(?:{_CLOCK}{_GAP})?(?P<year>[0-9]{{4}})",
        rf"{_DAY}{_GAP}(?P<year>[0-9]{{4}}){_GAP}{_CLOCK}",
    )
)
_LISTED = re.compile(
    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4}|[0-9]{2})"
    r"(?: +[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)?"
)


def parse_time(text: str) -> datetime | None:
    """The moment (UTC) that a date of a course export spells; None for an empty text or `null`.

    Understood are ISO dates and date-times (`2013-02-05`, `2013-11-13T21:00:00Z`, `2013-02-12T19:00`,
    `2014-12-09 15:00:00.5+0100`, `2021-09-06. 02:00:00`) and dates with the name of the month, full or its
    first three letters, with or without a clock time (`February 25, 2013`, `December 12, 22:00, 2012`,
    `March 25, 2013, 22:00`). Blanks and one pair of double quotes around it are cut: Studio writes JSON
    strings into attributes. Without an offset it is UTC; fractions are kept to microseconds.

    Raises `ValueError` for anything else, and for a date that does not exist.
    """
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    if text in {"", "null"}:
        return None
    found = _ISO.fullmatch(text)
    if found:
        return _moment(text, found["year"], int(found["month"]), found)
    for form in _NAMED:
        found = form.fullmatch(text)
        if found and found["month"].lower() in _MONTHS:
            return _moment(text, found["year"], _MONTHS[found["month"].lower()], found)
    raise ValueError(f'"{text}" is not a date')


def parse_listed_date(text: str) -> date | None:
    """The date of a course listing: `M/D/YYYY`, `M/D/YY` (20YY), or ISO; None for an empty text.

    A clock time behind it is ignored. Raises `ValueError` for anything else, such as `N/A`.
    """
    text = text.strip()
    if not text:
        return None
    found = _LISTED.fullmatch(text)
    if not found:
        moment = parse_time(text)
        return moment.date() if moment else None
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    return date(year, int(found["month"]), int(found["day"]))


def timestamp_text(moment: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS[.ffffff]`, the fraction only where there is one: a UTC time in files."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _moment(text: str, year: str, month: int, found: re.Match[str]) -> datetime:
    parts = found.groupdict()
    fraction = (parts.get("fraction") or "").ljust(6, "0")[:6]
    try:
        local = datetime(
            int(year),
            month,
            int(parts["day"]),
            int(parts.get("hour") or 0),
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
            int(fraction),
            tzinfo=_zone(parts.get("zone") or "Z"),
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f'"{text}" is not a date: {error}') from error


def _zone(text: str) -> timezone:
    if text.upper() == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError(f"offset {text}")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
