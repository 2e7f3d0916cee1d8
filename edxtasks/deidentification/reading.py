"""The rows of `person_course` and of a release, as the builders of tables read them."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Hashable, Sequence

from edxtasks.deidentification.behaviour import COLUMNS, as_number
from edxtasks.deidentification.comparison import Sample, Told
from edxtasks.deidentification.encoded import Column
from edxtasks.deidentification.learners import Registrations
from edxtasks.deidentification.quasi_identifiers import Attribute
from edxtasks.deidentification.release import COURSE, PSEUDONYM, Release, country_of
from edxtasks.messages import Messages
from edxtasks.printable import SHOWN_COURSES, listed
from edxtasks.table import BuildInputs

FULL = "person_course"
STAFF = "courses.staff"


def registrations(inputs: BuildInputs, behaviour: Sequence[str], *, exact: bool = False) -> Registrations:
    """`person_course` of the chosen courses; those that have none are told.

    Columns of behaviour are as coarse as they are published, or `exact` but for times, of which the day is
    kept.
    """
    courses = sorted(inputs.courses, key=lambda course: course.slash)
    found = Registrations(tuple(course.slash for course in courses), tuple(behaviour))
    office = _office(inputs)
    kept = {name: _exact(name) if exact else COLUMNS[name].coarse for name in behaviour}
    absent = []
    for number, course in enumerate(courses):
        batches = inputs.batches(FULL, found.wanted, course=course)
        if batches is None:
            absent.append(course.slash)
            continue
        found.add(number, itertools.chain.from_iterable(batches), kept, office)
    if absent:
        inputs.messages.add(f"no {FULL}, and so left out: {listed(absent, SHOWN_COURSES)}")
    if found.nameless:
        inputs.messages.add(f"{FULL}: rows without user_id are left out")
    return found


def _office(inputs: BuildInputs) -> frozenset[str]:
    """The usernames of the staff file, in lower case."""
    rows = inputs.rows(STAFF) or ()
    return frozenset(str(row["username"]).lower() for row in rows if row["username"])


def _exact(name: str) -> Callable[[object], Hashable]:
    if COLUMNS[name].is_number:
        return as_number
    return COLUMNS[name].coarse


def full_sample(made_of: Registrations) -> Sample:
    """The learners of `person_course`, with the country of each row."""
    country = Column(country_of(made_of, row) for row in range(len(made_of.accounts)))
    return Sample(
        made_of.names,
        made_of.accounts,
        made_of.courses,
        {**made_of.columns, "country": country},
        made_of.rows_of_learners(),
    )


def published_sample(
    inputs: BuildInputs,
    table: str,
    names: Sequence[str],
    attributes: Sequence[Attribute],
    behaviour: Sequence[str],
) -> Sample:
    """The rows of a release."""
    wanted = (*(column for one in attributes for column in one.columns), *behaviour)
    columns = {name: Column() for name in wanted}
    learners = Column()
    courses = array("I")
    number = {name: place for place, name in enumerate(names)}
    for batch in inputs.batches(table, (PSEUDONYM, COURSE, *wanted)) or ():
        for pseudonym, course, *values in batch:
            learners.add(pseudonym)
            courses.append(number[str(course)])
            for column, value in zip(columns.values(), values, strict=True):
                column.add(value)
    return Sample(tuple(names), learners.codes, courses, columns, range(len(courses)))


def tell(messages: Messages, release: Release, minimum: int) -> None:
    """Tell how many learners and rows there are, and how many of them are published: none that speaks of
    few."""
    told = Told(minimum)
    lost = release.row_count < release.rows_before
    numbers = []
    for what, before, after in (
        ("rows", release.rows_before, release.row_count),
        ("learners", release.learners_before, len(release.learners)),
    ):
        words = [_words(told.number(one), minimum) for one in (after, before)]
        numbers.append(f"{words[0]} of {words[1]} {what}")
    line = f"published: {', '.join(numbers)}"
    if lost:
        messages.add(f"{line}; report:deidentification has what that moved")
    else:
        messages.note(line)


def _words(number: float | None, minimum: int) -> str:
    if number is None:
        return f"fewer than {minimum}"
    return f"about {number:.0f}" if minimum > 1 else f"{number:.0f}"
