"""Time as the simulator keeps it: microseconds since 1970, UTC, in integers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
OLD_DAY = date(2010, 1, 1)
"""A day before edX was: what a clock that was never set shows."""
_EPOCH = date(1970, 1, 1)


def midnight(day: date) -> int:
    """The first microsecond of `day`."""
    return (day - _EPOCH).days * DAY


@lru_cache(maxsize=4096)
def _date_text(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).isoformat()


def date_of(time: int) -> str:
    """The UTC date of `time`, `YYYY-MM-DD`."""
    return _date_text(time // DAY)


def iso(time: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffff+00:00`, without the fraction where it is zero, as edX writes `time`."""
    days, rest = divmod(time, DAY)
    seconds, micro = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    if micro:
        return f"{_date_text(days)}T{hour:02d}:{minute:02d}:{second:02d}.{micro:06d}+00:00"
    return f"{_date_text(days)}T{hour:02d}:{minute:02d}:{second:02d}+00:00"


def full_iso(time: int) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffff+00:00`, always with the fraction."""
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S") + (
        f".{time % SECOND:06d}+00:00"
    )


def sql(time: int) -> str:
    """`YYYY-MM-DD HH:MM:SS`, as edX writes date-times into its SQL dumps (whole seconds)."""
    return iso(time - time % SECOND).replace("T", " ").removesuffix("+00:00")
