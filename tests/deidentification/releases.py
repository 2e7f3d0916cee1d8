"""Learners of made-up courses, releases of them, and what somebody sees who has only the released rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edxtasks.deidentification.behaviour import COLUMNS
from edxtasks.deidentification.key import ReleaseKey
from edxtasks.deidentification.learners import READ, Registrations
from edxtasks.deidentification.quasi_identifiers import Place
from edxtasks.deidentification.release import attributes_of, make_release

KEY = b"a key of more than thirty-two bytes, for tests"
PLACES = {
    "FR": Place("Europe", "Europe"),
    "DE": Place("Europe", "Europe"),
    "CY": Place("Europe", "Asia"),
    "IN": Place("Asia", "Asia"),
    "CN": Place("Asia", "Asia"),
    "US": Place("North America", "Americas"),
    "BR": Place("South America", "Americas"),
}
QUASI = ("gender", "LoE", "YoB", "country", "continent", "un_region", "nforum_posts")
"""The published columns that may be known from elsewhere, beside the course."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Person:
    """A learner: what is known of them, and their number of posts in each course."""

    account: int
    posts: Mapping[int, int | None]
    gender: str | None = None
    LoE: str | None = None
    YoB: int | None = None
    cc_by_ip: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def row(self, course: int, behaviour: Sequence[str]) -> tuple[Any, ...]:
        """The row of `person_course` in a course."""
        values = {
            "user_id": self.account,
            "username": f"learner{self.account}",
            "gender": self.gender,
            "LoE": self.LoE,
            "YoB": self.YoB,
            "cc_by_ip": self.cc_by_ip,
            "nforum_posts": self.posts[course],
            **self.more,
        }
        return tuple(values.get(name) for name in (*READ, *behaviour))


def registrations(people: Iterable[Person], courses: int, *behaviour: str) -> Registrations:
    """The rows of people in so many courses."""
    found = Registrations(tuple(f"Org/C{number:03}/Run" for number in range(courses)), behaviour)
    coarse = {name: COLUMNS[name].coarse for name in behaviour}
    known = list(people)
    for course in range(courses):
        rows = [one.row(course, behaviour) for one in known if course in one.posts]
        found.add(course, rows, coarse, frozenset({"teacher"}))
    return found


def released(
    people: Iterable[Person], courses: int, k: int, *behaviour: str, name: str = "spring", key: bytes = KEY
) -> list[Row]:
    """The rows that are published of people."""
    made_of = registrations(people, courses, *behaviour)
    return list(make_release(made_of, ReleaseKey(key, name), attributes_of(PLACES), k).rows())


Seen = tuple[tuple[Hashable, ...], ...]


def seen(rows: Iterable[Row], columns: Sequence[str] = QUASI) -> dict[str, Seen]:
    """By pseudonym, all that the rows tell of a learner: the courses, and these columns in each."""
    found: dict[str, list[tuple[Hashable, ...]]] = defaultdict(list)
    for row in rows:
        found[row["pseudonym"]].append((row["course_id"], *(row[name] for name in columns)))
    return {pseudonym: tuple(sorted(one, key=repr)) for pseudonym, one in found.items()}


def smallest_group(rows: Iterable[Row], columns: Sequence[str] = QUASI) -> int:
    """The fewest learners who look the same in these columns; 0 where there are none."""
    return min(Counter(seen(rows, columns).values()).values(), default=0)


def without(person: Person, **values: Any) -> Person:
    """A person with other values."""
    return replace(person, **values)
