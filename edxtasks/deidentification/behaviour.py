"""Columns of behaviour that may be published, and how coarse they are.

Grades and counts are rounded to a few values: exact ones would tell learners apart nearly as well as a name.
Of a time the day is told.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from edxtasks.errors import SettingsError, nearest
from edxtasks.printable import printable

GRADE_STEPS = 20
"""Grades are told in steps of 1/20."""


@dataclass(frozen=True)
class Behaviour:
    """A column: its type when published, how a value is made coarse, and what it means."""

    type: str
    coarse: Callable[[object], Hashable]
    meaning: str

    @property
    def is_number(self) -> bool:
        """Whether it has means and correlations."""
        return self.type in {"INTEGER", "FLOAT"}


def flag(value: object) -> bool | None:
    """A flag, as it is."""
    return value if isinstance(value, bool) else None


def as_number(value: object) -> float | None:
    """A number that can be computed with, as it is; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    return None


def grade(value: object) -> float | None:
    """A grade in steps of 0.05, halves up."""
    found = as_number(value)
    return None if found is None else math.floor(found * GRADE_STEPS + 0.5) / GRADE_STEPS


def _series() -> tuple[int, ...]:
    return 0, *(factor * 10**power for power in range(18) for factor in (1, 2, 5))


SERIES = _series()
"""What counts are rounded to: 0, 1, 2, 5, 10, 20, 50, …"""

_BORDERS = [(low + high) / 2 for low, high in itertools.pairwise(SERIES)]


def count(value: object) -> int | None:
    """A count, rounded to the nearest of 0, 1, 2, 5, 10, 20, 50, …; what lies in the middle goes up."""
    found = as_number(value)
    return None if found is None else SERIES[bisect_right(_BORDERS, found)]


def day(value: object) -> date | None:
    """The UTC date of a time."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).date() if value.tzinfo else value.date()
    return value if isinstance(value, date) else None


_ROUNDED = ", rounded to 0, 1, 2, 5, 10, 20, 50, …"

COLUMNS: Mapping[str, Behaviour] = {
    "viewed": Behaviour("BOOLEAN", flag, "opened at least one chapter"),
    "explored": Behaviour("BOOLEAN", flag, "opened at least half of the chapters"),
    "certified": Behaviour("BOOLEAN", flag, "has a certificate"),
    "completed": Behaviour("BOOLEAN", flag, "certified, or reached the passing grade"),
    "grade": Behaviour("FLOAT", grade, "grade, 0 to 1, in steps of 0.05"),
    "nevents": Behaviour("INTEGER", count, f"events of the log{_ROUNDED}"),
    "ndays_act": Behaviour("INTEGER", count, f"days with events{_ROUNDED}"),
    "nplay_video": Behaviour("INTEGER", count, f"events play_video{_ROUNDED}"),
    "nchapters": Behaviour("INTEGER", count, f"chapters opened{_ROUNDED}"),
    "start_time": Behaviour("DATE", day, "UTC date of the enrolment"),
    "last_event": Behaviour("DATE", day, "UTC date of the last event"),
}
"""By name, as `person_course` has it."""


def chosen(names: tuple[str, ...] | None) -> tuple[str, ...]:
    """The columns that the setting `deidentify_columns` names, in the order of `COLUMNS`; None: all of them.

    Raises `SettingsError` for a name that is none of them.
    """
    if names is None:
        return tuple(COLUMNS)
    for name in names:
        if name not in COLUMNS:
            raise SettingsError(
                f"deidentify_columns: expected some of {', '.join(COLUMNS)}; found "
                f'"{printable(name)}"{nearest(name, COLUMNS)}'
            )
    return tuple(name for name in COLUMNS if name in names)
