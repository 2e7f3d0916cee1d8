"""The rows of a release: of learners with rows of `person_course`, in groups of at least k."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from edxtasks.deidentification.course_sets import published_sets
from edxtasks.deidentification.key import ReleaseKey
from edxtasks.deidentification.learners import POSTS, Registrations, usual
from edxtasks.deidentification.quasi_identifiers import (
    EDUCATION,
    GENDER,
    POSTS_TOLD,
    YEAR,
    Attribute,
    Cells,
    Place,
    country,
)
from edxtasks.deidentification.recoding import recode

PSEUDONYM = "pseudonym"
COURSE = "course_id"


@dataclass
class _Learner:
    """A learner of a release with their rows, one for each course."""

    pseudonym: str
    rows: tuple[int, ...]
    courses: int


@dataclass(frozen=True)
class Release:
    """What is published: learners in the order of their pseudonyms, those rows of each that are, and what is
    told of each by attribute."""

    registrations: Registrations
    attributes: Sequence[Attribute]
    learners: Sequence[tuple[str, tuple[int, ...]]]
    told: Sequence[tuple[Cells, ...]]
    learners_before: int
    rows_before: int

    @property
    def row_count(self) -> int:
        """Rows that are published."""
        return sum(len(rows) for _, rows in self.learners)

    def rows(self) -> Iterator[dict[str, object]]:
        """The rows, in the order of pseudonym and course."""
        made_of = self.registrations
        for (pseudonym, rows), told in zip(self.learners, self.told, strict=True):
            own: dict[str, object] = {PSEUDONYM: pseudonym}
            posts: Cells = ()
            for attribute, cells in zip(self.attributes, told, strict=True):
                if attribute is POSTS_TOLD:
                    posts = cells
                else:
                    own.update(zip(attribute.columns, cells, strict=True))
            for row, posts_of_course in zip(rows, posts, strict=True):
                behaviour = {name: made_of.columns[name][row] for name in made_of.behaviour}
                course = made_of.names[made_of.courses[row]]
                yield {**own, COURSE: course, POSTS: posts_of_course, **behaviour}


def attributes_of(places: Mapping[str, Place]) -> tuple[Attribute, ...]:
    """The attributes of a learner; the last one is that of the posts."""
    return GENDER, EDUCATION, YEAR, country(places), POSTS_TOLD


def country_of(registrations: Registrations, row: int) -> Hashable:
    """The country of a row: that of the address, else the one that the learner gave."""
    columns = registrations.columns
    found = columns["cc_by_ip"][row] or columns["profile_country"][row]
    return found.upper() if isinstance(found, str) else None


def make_release(
    registrations: Registrations, key: ReleaseKey, attributes: Sequence[Attribute], k: int
) -> Release:
    """Choose what is published, so that at least k learners have the same in all that may be known of them:
    their courses, and the attributes."""
    rows = registrations.rows_of_learners()
    learners = _learners(registrations, rows, key)
    before = len(learners)
    parts = published_sets(Counter(one.courses for one in learners), k)
    learners = [one for one in learners if parts[one.courses]]
    published = []
    for one in learners:
        courses = parts[one.courses]
        kept = tuple(row for row in one.rows if courses >> registrations.courses[row] & 1)
        published.append((one.pseudonym, kept))
    told = recode(
        [parts[one.courses] for one in learners],
        [_values(registrations, one.rows, kept) for one, (_, kept) in zip(learners, published, strict=True)],
        attributes,
        k,
    )
    _refuse_small_groups([parts[one.courses] for one in learners], told, k)
    return Release(registrations, attributes, published, told, before, len(rows))


def _refuse_small_groups(courses: Sequence[int], told: Sequence[tuple[Cells, ...]], k: int) -> None:
    """Looks over what was made, by what is published alone: what is given away cannot be taken back."""
    groups = Counter(zip(courses, told, strict=True))
    if groups and min(groups.values()) < k:
        raise AssertionError(
            "a group of a release has fewer learners than it must have: nothing is published"
        )


def _learners(registrations: Registrations, rows: list[int], key: ReleaseKey) -> list[_Learner]:
    """The learners in the order of their pseudonyms, each with the first row of each course."""
    accounts, courses = registrations.accounts, registrations.courses
    pseudonyms = {account: key.pseudonym(account) for account in {accounts[row] for row in rows}}
    rows.sort(key=lambda row: (pseudonyms[accounts[row]], courses[row], row))
    learners = []
    for account, own in groupby(rows, key=lambda row: accounts[row]):
        first: dict[int, int] = {}
        for row in own:
            first.setdefault(courses[row], row)
        taken = sum(1 << course for course in first)
        learners.append(_Learner(pseudonyms[account], tuple(first.values()), taken))
    return learners


def _values(
    registrations: Registrations, rows: Sequence[int], published: Sequence[int]
) -> tuple[Hashable, ...]:
    """The values of a learner, in the order of `attributes_of`: those that most of the rows have."""
    columns = registrations.columns
    return (
        usual(columns["gender"][row] for row in rows),
        usual(columns["LoE"][row] for row in rows),
        usual(columns["YoB"][row] for row in rows),
        usual(country_of(registrations, row) for row in rows),
        tuple(columns[POSTS][row] for row in published),
    )
