"""Lengths in seconds out of texts."""

from __future__ import annotations

import math
import re

_ISO = re.compile(
    r"P(?=[0-9T])(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=[0-9])(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_DAY = 86_400
_UNITS = (365 * _DAY, 30 * _DAY, 7 * _DAY, _DAY, 3600, 60, 1)
"""Seconds of a year, month, week, day, hour, minute, second."""
_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)", re.ASCII)


def rounded(seconds: float) -> int:
    """Whole seconds, halves away from zero. Raises `ValueError`, `OverflowError` for what is not finite."""
    if not math.isfinite(seconds):
        raise ValueError("not finite")
    return math.floor(abs(seconds) + 0.5) * (1 if seconds >= 0 else -1)


def positive(seconds: float | None) -> int | None:
    """Whole seconds, None for what rounds to 0, is negative, not finite, or more than an INTEGER holds."""
    if seconds is None or not math.isfinite(seconds):
        return None
    whole = rounded(seconds)
    return whole if 0 < whole < 2**63 else None


def iso_duration(text: str) -> float | None:
    """Seconds of an ISO 8601 duration such as `P1DT2H3M4.5S`; None for what is none as a whole."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    return sum(float(number) * unit for number, unit in zip(match.groups(), _UNITS, strict=True) if number)


def clock_time(text: str | None) -> float | None:
    """Seconds of `HH:MM:SS`, `MM:SS` or a number, each perhaps with a fraction; None for anything else."""
    match = _CLOCK.fullmatch((text or "").strip().strip('"').strip())
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    # Floats, since any number of digits may stand there: at worst they are infinite.
    total = float(hours or 0) * 3600 + float(minutes or 0) * 60 + float(seconds.replace(",", "."))
    return total if math.isfinite(total) else None
