"""The page of the campus, from the numbers of its courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from edxtasks.course import CourseKey
from edxtasks.pages import charts
from edxtasks.pages.cells import NOT_SHOWN
from edxtasks.pages.charts import Bar
from edxtasks.pages.course import activity, enrolment
from edxtasks.pages.course.numbers import TOTALS, Numbers
from edxtasks.pages.course.page import Tile, title_of
from edxtasks.pages.figures import Figure, Key, Value, csv_of, download
from edxtasks.pages.html import render
from edxtasks.printable import quantity

QUERIES = ("totals", "course_title", "registered_days", "activity_days")
"""The queries of a course that the page takes."""
_MOST_PICTURED = 20
_COLUMNS = (*((name, text) for name, text, _ in TOTALS), ("events", "events"))


@dataclass(frozen=True)
class Health:
    """What is to be looked at in a course, in words."""

    findings: Sequence[str]


@dataclass(frozen=True)
class CourseRow:
    """A course of the page: its numbers, None where it has none, and where its own page is ("" for none)."""

    course: CourseKey
    numbers: Numbers | None
    link: str
    health: Health


@dataclass(frozen=True)
class _Shown:
    """A row of the table as the template takes it."""

    key: str
    name: str
    link: str
    values: Sequence[tuple[str, Value]]
    enrolment: Markup
    activity: Markup
    last: date | None
    findings: Sequence[str]
    absent: bool


def campus_page(name: str, rows: Sequence[CourseRow], minimum: int) -> bytes:
    """The page as one HTML file; `name` is what the campus is called."""
    shown = [_shown(row) for row in rows]
    columns = ["Course", "Title", *(text for _, text in _COLUMNS), "Last active day", "Findings"]
    table: list[list[Value]] = [
        [one.key, one.name, *(value for _, value in one.values), one.last, len(one.findings)] for one in shown
    ]
    return render(
        "campus.html",
        script_file="sort.js",
        title=f"Courses of {name}",
        over="All chosen courses side by side",
        lead=_lead(shown),
        tiles=_tiles(rows),
        columns=_COLUMNS,
        rows=shown,
        csv=download(csv_of(columns, table)),
        figures=[_side_by_side(rows)],
        minimum=minimum,
    )


def _lead(rows: Sequence[_Shown]) -> str:
    count = sum(not row.absent for row in rows)
    return (
        f"{quantity(count, 'course')} with a table person_course, of {len(rows)} chosen. "
        "Who is in several courses counts in each."
    )


def _value(numbers: Numbers | None, name: str) -> int | None:
    """A number of a course as its own page tells it."""
    if numbers is None:
        return None
    told = "active" if name == "events" else name
    return numbers.total(name) if told in numbers.exact else None


def _shown(row: CourseRow) -> _Shown:
    numbers = row.numbers
    values = [(name, _value(numbers, name)) for name, _ in _COLUMNS]
    return _Shown(
        str(row.course),
        title_of(row.course, numbers) if numbers is not None else str(row.course),
        row.link,
        values,
        _enrolment(numbers) if numbers is not None else Markup(),
        _activity(numbers) if numbers is not None else Markup(),
        numbers.last_date if numbers is not None else None,
        row.health.findings,
        numbers is None,
    )


def _enrolment(numbers: Numbers) -> Markup:
    """How the number of registered learners grew."""
    if "registered" not in numbers.exact or "registered_days" in numbers.lacking:
        return Markup()
    periods = enrolment.periods(numbers.rows["registered_days"], numbers.minimum)
    points = [(last.toordinal(), float(whole)) for _, last, _, whole in periods]
    if not points:
        return Markup()
    start = [(periods[0][0].toordinal(), 0.0)] if periods[0][0] < periods[0][1] else []
    return charts.spark([*start, *points], f"Registered learners, growing to {periods[-1][3]}")


def _activity(numbers: Numbers) -> Markup:
    """How many were active on each day."""
    figure, _ = activity.by_day(numbers)
    points = [(at.toordinal(), value) for at, value in figure.rows if isinstance(at, date)]
    told = [(at, value) for at, value in points if isinstance(value, int) or value is None]
    most = max((value for _, value in told if value is not None), default=None)
    return (
        charts.spark(told, f"Active learners on each day, at most {most}") if most is not None else Markup()
    )


def _tiles(rows: Sequence[CourseRow]) -> list[Tile]:
    """Sums over the courses whose number is shown, and over how many: no more than the table tells."""
    there = [row.numbers for row in rows if row.numbers is not None]
    tiles = []
    for name, text in _COLUMNS:
        values = [_value(numbers, name) for numbers in there]
        told = [value for value in values if value is not None]
        of = "all courses" if len(told) == len(values) else f"{len(told)} of {len(values)} courses"
        means = f"of {of} together" if told else "of each course"
        tiles.append(Tile(name, text, sum(told) if told else None, means))
    return tiles


_PARTS = (
    ("registered", "series-5", "Registered"),
    ("viewed", "shade-3", "Viewed"),
    ("explored", "series-1", "Explored"),
    ("certified", "series-2", "Certified"),
)


def _side_by_side(rows: Sequence[CourseRow]) -> Figure:
    """The largest courses: how many came how far."""
    name, title = "courses", "How far learners came, course by course"
    seen = [row for row in rows if _value(row.numbers, "registered") is not None]
    largest = sorted(seen, key=lambda row: (-(_value(row.numbers, "registered") or 0), str(row.course)))
    largest = largest[:_MOST_PICTURED]
    if not largest:
        return Figure(name, title, empty="Nothing to see: no course has enough learners.", wide=True)
    bars, table = [], list[list[Value]]()
    for row in largest:
        values = [_value(row.numbers, part) for part, _, _ in _PARTS]
        told = ", ".join(
            f"{text} {NOT_SHOWN if value is None else value}"
            for (_, _, text), value in zip(_PARTS, values, strict=True)
        )
        parts = [(mark, value) for (_, mark, _), value in zip(_PARTS, values, strict=True)]
        bars.append(Bar(row.course.number, parts, f"{row.course}: {told}"))
        table.append([str(row.course), *values])
    note = f"The {_MOST_PICTURED} largest of {len(seen)} courses." if len(seen) > len(largest) else ""
    return Figure(
        name,
        title,
        "Course by its number, the largest first; learners.",
        quantity(len(largest), "course"),
        note,
        ("Course", *(text for _, _, text in _PARTS)),
        table,
        [Key(mark, text) for _, mark, text in _PARTS],
        charts.columns(title, bars, "Learners", "Course", overlaid=True),
        wide=True,
    )
