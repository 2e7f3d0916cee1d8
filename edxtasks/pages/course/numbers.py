"""The numbers of a course as its figures take them, with what may be told of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from edxtasks.pages.cells import Populations, apart, is_small
from edxtasks.pages.figures import Figure

Rows = Sequence[Mapping[str, Any]]

TOTALS = (
    ("registered", "registered", "learners who registered"),
    ("viewed", "viewed", "opened at least one chapter"),
    ("explored", "explored", "opened at least half of the chapters"),
    ("certified", "certified", "have a certificate"),
    ("active", "active", "have events in the tracking log"),
    ("verified", "verified", "are enrolled as verified"),
    ("unregistered", "un-registered", "have left the course"),
)
"""The numbers of learners at the top of the page: column of the query `totals`, name, meaning."""


@dataclass
class Numbers:
    """What the queries gave, by name; a query whose tables a course has not is in `lacking` instead."""

    rows: Mapping[str, Rows]
    lacking: Mapping[str, Sequence[str]]
    minimum: int
    populations: Populations = field(init=False)
    exact: set[str] = field(default_factory=set)
    """The totals that are told exactly."""

    def __post_init__(self) -> None:
        self.populations = Populations(self.minimum)
        for name, _, _ in TOTALS:
            if self.populations.tell(self.total(name)):
                self.exact.add(name)

    def total(self, name: str) -> int:
        """A number of the query `totals`, 0 without it."""
        rows = self.rows.get("totals", ())
        return int(rows[0][name] or 0) if rows else 0

    def tells(self, learners: int) -> bool:
        """Whether a number of learners, some of the registered or active ones, may be told: so few others did
        not do the same that their number must not be worked out."""
        wholes = [self.total(name) for name in ("registered", "active") if name in self.exact]
        return not is_small(learners, self.minimum) and all(
            apart(learners, whole, self.minimum) for whole in wholes
        )

    @property
    def passing_grade(self) -> float | None:
        """The least grade to pass, 0 to 1."""
        rows = self.rows.get("totals", ())
        return rows[0]["passing_grade"] if rows else None

    @property
    def last_date(self) -> date | None:
        """The last UTC date on which more than a few were active."""
        rows = dated(self.rows.get("activity_days", ()))
        seen = sorted(at for at, row in rows if self.tells(row["learners"]))
        return common_span(seen)[1] if seen else None

    @property
    def everybody(self) -> str:
        """The number of registered learners, in words."""
        return self.populations.text(self.total("registered"))


def missing(numbers: Numbers, query: str, name: str, title: str, **more: Any) -> Figure | None:
    """The empty state of a figure whose tables are not there, or hold no row; None where it has some."""
    if query in numbers.lacking:
        tables = numbers.lacking[query]
        plural = "tables" if len(tables) > 1 else "table"
        return Figure(
            name, title, empty=f"Nothing to see: the course has no {plural} {' or '.join(tables)}.", **more
        )
    if not numbers.rows[query]:
        return too_few(numbers, name, title, **more)
    return None


def too_few(numbers: Numbers, name: str, title: str, **more: Any) -> Figure:
    """The empty state of a figure that would show only numbers that are not shown."""
    text = "Nothing to see: nobody has done this yet."
    if numbers.minimum > 1:
        text = (
            f"Not shown: there are fewer than {numbers.minimum} learners, or none, or it would tell of few."
        )
    return Figure(name, title, empty=text, **more)


MOST_DAYS = 4000
"""Days that a picture of days spans at most."""


def common_span(dates: Sequence[date]) -> tuple[date, date]:
    """The first and the last date to show, of dates in order: those of the `MOST_DAYS` days that have most.

    A wrong clock puts some events years away; a picture of all days in between would show nothing else.
    """
    first = best = most = 0
    for last in range(len(dates)):
        while (dates[last] - dates[first]).days >= MOST_DAYS:
            first += 1
        if last - first + 1 >= most:
            best, most = first, last - first + 1
    return dates[best], dates[best + most - 1]


def beside_span(dates: Sequence[date], first: date, last: date) -> str:
    """What is said where some dates are not in the span that is shown."""
    return (
        "" if dates[0] >= first and dates[-1] <= last else "Dates years away from most others are left out."
    )


def dated(rows: Rows, column: str = "date") -> list[tuple[date, Mapping[str, Any]]]:
    """The rows that have a date, with it."""
    return [(row[column], row) for row in rows if row[column] is not None]
