"""The page of a course, from its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edxtasks.course import CourseKey
from edxtasks.pages.course import activity, content, discussion, enrolment, people
from edxtasks.pages.course.numbers import TOTALS, Numbers
from edxtasks.pages.figures import Figure, Value, day
from edxtasks.pages.html import render


@dataclass(frozen=True)
class Section:
    """Figures about one thing."""

    name: str
    title: str
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Tile:
    """A number at the top of a page; `measure` names it for programs that read the page."""

    measure: str
    name: str
    value: Value
    means: str


def title_of(course: CourseKey, numbers: Numbers) -> str:
    """What a course is called: its display name, else its key."""
    rows = numbers.rows.get("course_title", ())
    return (rows[0]["name"] if rows else None) or str(course)


def sections(numbers: Numbers) -> list[Section]:
    """All figures of a course."""
    return [
        Section(
            "section-enrolment",
            "Enrolment and results",
            [enrolment.over_time(numbers), enrolment.funnel(numbers), enrolment.grades(numbers)],
        ),
        Section(
            "section-activity",
            "Activity",
            [*activity.by_day(numbers), activity.by_hour(numbers), activity.time_by_kind(numbers)],
        ),
        Section(
            "section-people",
            "Learners",
            [
                *people.countries(numbers),
                people.ages(numbers),
                people.genders(numbers),
                people.education(numbers),
            ],
        ),
        Section(
            "section-content",
            "Videos and problems",
            [
                content.videos(numbers),
                *content.problems(numbers),
                content.characteristic_curves(numbers),
                content.show_answers(numbers),
            ],
        ),
        Section(
            "section-discussion",
            "Forum and open response",
            [discussion.posts(numbers), discussion.forum_people(numbers), discussion.open_response(numbers)],
        ),
    ]


def tiles(numbers: Numbers) -> list[Tile]:
    """The numbers at the top."""
    found = [
        Tile(name, text, numbers.total(name) if name in numbers.exact else None, means)
        for name, text, means in TOTALS
    ]
    events = numbers.total("events") if "active" in numbers.exact else None
    return [*found, Tile("events", "events", events, "in the tracking log, of registered learners")]


def _few(numbers: Numbers) -> str:
    """What is said of a course whose page is empty since nearly nobody is in it."""
    if "registered" in numbers.exact or numbers.minimum <= 1:
        return ""
    return f"Fewer than {numbers.minimum} learners registered: numbers of so few are not shown."


def course_page(course: CourseKey, numbers: Numbers, tables: Sequence[str]) -> bytes:
    """The page as one HTML file. `tables` are those that it is made from."""
    last = numbers.last_date
    return render(
        "course.html",
        title=title_of(course, numbers),
        over=course.slash,
        lead=f"Activity up to {day(last)} (UTC)." if last is not None else _few(numbers),
        sections=sections(numbers),
        tiles=tiles(numbers),
        minimum=numbers.minimum,
        tables=tables,
    )
