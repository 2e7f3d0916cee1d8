"""Which courses and values are given up: those that cost least, by cases that can be worked out by hand."""

from __future__ import annotations

from typing import Any

from releases import PLACES, Person, released

from edxtasks.deidentification.course_sets import courses_in, published_sets
from edxtasks.deidentification.quasi_identifiers import (
    EDUCATION,
    GENDER,
    POSTS_TOLD,
    YEAR,
    Attribute,
    country,
)

A, B, C, D = 1, 2, 4, 8


def test_a_set_that_k_have_stays() -> None:
    assert published_sets({A | B: 5, A: 7}, 5) == {A | B: A | B, A: A}
    assert published_sets({}, 5) == {}
    assert list(courses_in(A | C)) == [0, 2]


def test_a_rare_set_loses_the_course_without_which_most_have_it() -> None:
    learners = {A | B: 10, A | C: 20, A | B | C: 2}
    assert published_sets(learners, 5)[A | B | C] == A | C
    # Four and one are five together.
    assert published_sets({A | B: 4, A | B | C: 1}, 5) == {A | B: A | B, A | B | C: A | B}


def test_where_no_smaller_set_is_frequent_the_course_goes_that_fewest_take() -> None:
    # A has 11 takers, B 8 and C 1. Without C it is A and B, which nobody has; of these A has more.
    assert published_sets({A: 10, B: 7, A | B | C: 1}, 5)[A | B | C] == A


def test_what_nobody_shares_is_not_published() -> None:
    assert published_sets({A: 4, B: 9}, 5) == {A: 0, B: B}
    assert published_sets({A | B: 4}, 5) == {A | B: 0}


def test_values_are_given_up_in_the_order_of_what_is_lost() -> None:
    """Gender is worth 1 bit. Education is worth 1.5 (one half, two quarters); told as degree or none 0.81
    (three quarters and one), so that 0.69 are lost. So first the two women become "degree", and then the men,
    who differ in that too, lose education (1.5) since gender alone (1.0) would not make them alike."""
    people = [
        Person(account, {0: 0}, gender, education, 1985, "FR")
        for account, (gender, education) in enumerate([("f", "b"), ("f", "m"), ("m", "b"), ("m", "hs")])
    ]
    rows = released(people, 1, 2)
    told = sorted((row["gender"], row["LoE"], row["YoB"], row["country"]) for row in rows)
    assert told == [("f", "degree", "1985-1989", "FR")] * 2 + [("m", None, "1985-1989", "FR")] * 2


def test_the_levels_of_each_attribute() -> None:
    place = country(PLACES)
    levels: dict[Attribute, dict[Any, list[tuple[str | None, ...]]]] = {
        GENDER: {"f": [("f",), (None,)], "": [(None,), (None,)], "x": [(None,), (None,)]},
        EDUCATION: {
            "p_oth": [("doctorate",), ("degree",), (None,)],
            "a": [("associate",), ("degree",), (None,)],
            "el": [("less than secondary",), ("no degree",), (None,)],
            "other": [("other",), (None,), (None,)],
            "a text of somebody": [(None,), (None,), (None,)],
        },
        YEAR: {
            1984: [("1980-1984",), ("1980-1989",), (None,)],
            1990: [("1990-1994",), ("1990-1999",), (None,)],
            None: [(None,), (None,), (None,)],
        },
        place: {
            "CY": [("CY", "Europe", "Asia"), (None, "Europe", "Asia"), (None, None, "Asia"), (None,) * 3],
            "XX": [("XX", None, None), (None,) * 3, (None,) * 3, (None,) * 3],
            None: [(None,) * 3] * 4,
        },
        POSTS_TOLD: {
            (0, 1, 4, 5, 19, 20): [
                ("0", "1-4", "1-4", "5-19", "5-19", "20 or more"),
                ("0", *["1 or more"] * 5),
                (None,) * 6,
            ],
        },
    }
    for attribute, values in levels.items():
        for value, told in values.items():
            found = [attribute.tell(value, level) for level in range(len(attribute.levels))]
            assert found == told
