"""The report on a release: numbers worked out by hand, and none that speaks of few."""

from __future__ import annotations

import pytest
from releases import PLACES

from edxtasks.deidentification.behaviour import chosen, count, grade
from edxtasks.deidentification.comparison import Sample, Told, compare
from edxtasks.deidentification.encoded import Column
from edxtasks.deidentification.release import attributes_of
from edxtasks.errors import SettingsError

ATTRIBUTES = attributes_of(PLACES)


def sample(rows: list[dict[str, object]], courses: tuple[str, ...], columns: tuple[str, ...]) -> Sample:
    learners = Column(row["who"] for row in rows)
    return Sample(
        courses,
        learners.codes,
        [courses.index(str(row["course"])) for row in rows],
        {name: Column(row.get(name) for name in [name] for row in rows) for name in columns},
        range(len(rows)),
    )


FULL = ("gender", "LoE", "YoB", "country", "nforum_posts", "certified", "grade", "nevents")
PUBLISHED = (*FULL, "continent", "un_region")


def lines(
    full: list[dict[str, object]], published: list[dict[str, object]], minimum: int
) -> dict[tuple[str, str, str], tuple[float | None, float | None]]:
    courses = ("A", "B")
    found = compare(sample(full, courses, FULL), sample(published, courses, PUBLISHED), ATTRIBUTES, minimum)
    return {(one.part, one.of, one.measure): (one.full, one.published) for one in found}


def test_the_numbers_of_a_small_release() -> None:
    common = {"LoE": "b", "YoB": 1985, "country": "FR", "nforum_posts": 0}
    full: list[dict[str, object]] = [
        {"who": 1, "course": "A", "gender": "f", "certified": True, "grade": 0.91, "nevents": 10, **common},
        {"who": 2, "course": "A", "gender": "f", "certified": False, "grade": 0.5, "nevents": 6, **common},
        {"who": 3, "course": "A", "gender": "m", "certified": False, "grade": 0.1, "nevents": 2, **common},
        {"who": 3, "course": "B", "gender": "m", "certified": True, "grade": None, "nevents": 9, **common},
    ]
    told = {
        "LoE": "bachelor", "YoB": "1980-1989", "country": None, "continent": "Europe", "un_region": "Europe",
        "nforum_posts": "0",
    }  # fmt: skip
    published: list[dict[str, object]] = [
        {"who": "p", "course": "A", "gender": None, "certified": True, "grade": 0.9, "nevents": 10, **told},
        {"who": "q", "course": "A", "gender": None, "certified": False, "grade": 0.5, "nevents": 5, **told},
        {"who": "r", "course": "A", "gender": None, "certified": False, "grade": 0.1, "nevents": 2, **told},
    ]
    found = lines(full, published, 1)
    assert found["size", "all courses", "rows"] == (4, 3)
    assert found["size", "all courses", "learners"] == (3, 3)
    assert found["size", "all courses", "learners of one course"] == (2, 3)
    assert found["size", "all courses", "learners of two courses"] == (1, 0)
    assert found["size", "B", "rows"] == (1, 0)
    assert found["generalised", "gender", "rows that tell gender"] == (4, 0)
    assert found["generalised", "gender", "rows that tell nothing"] == (0, 3)
    assert found["generalised", "LoE", "rows that tell level of education"] == (4, 3)
    assert found["generalised", "YoB", "rows that tell five years"] == (4, 0)
    assert found["generalised", "YoB", "rows that tell ten years"] == (0, 3)
    assert found["generalised", "country", "rows that tell country"] == (4, 0)
    assert found["generalised", "country", "rows that tell continent"] == (0, 3)
    assert found["generalised", "nforum_posts", "rows that tell 0, 1-4, 5-19 or 20 and more"] == (4, 3)
    assert found["rates", "certified", "share of the rows of all courses"] == (0.5, 0.3333)
    assert found["rates", "certified", "share of the rows of B"] == (1, None)
    # (0.91 + 0.5 + 0.1) / 3 = 0.50333; (10 + 6 + 2 + 9) / 4 = 6.75; (10 + 5 + 2) / 3 = 5.6667
    assert found["means", "grade", "mean of the rows with a value"] == (0.503, 0.5)
    assert found["means", "nevents", "mean of the rows with a value"] == (6.75, 5.67)
    # Published deviations of grade 0.4, 0, -0.4 and of events 4.3333, -0.6667, -3.6667:
    # r = 3.2 / sqrt(0.32 * 32.6667) = 0.9898. Full: 0.40667, -0.00333, -0.40333 and 4, 0, -4:
    # r = 3.24 / sqrt(0.32807 * 32) = 0.99997
    name = ("correlations", "grade, nevents", "Pearson's r of the rows with both")
    assert found[name] == (1.0, 0.99)
    # The three cannot be told apart: three grades, and certified or not.
    assert found["l-diversity", "grade", "three and more values"] == (None, 3)
    assert found["l-diversity", "certified", "two values"] == (None, 3)
    single = "learners alone with both in a course"
    assert found["singled out", "certified, grade", single] == (3, 3)


def test_l_diversity_is_of_those_with_the_same_courses_and_values() -> None:
    told = dict.fromkeys(("LoE", "YoB", "country", "continent", "un_region"))
    rows: list[dict[str, object]] = [
        {"who": who, "course": "A", "gender": gender, "certified": certified, "nforum_posts": "0", **told}
        for who, gender, certified in [(1, "f", True), (2, "f", True), (3, "m", True), (4, "m", False)]
    ]
    # Both of the fifth learner's rows have values of their own: the set of courses is another.
    rows += [
        {"who": 5, "course": course, "gender": "f", "certified": False, "nforum_posts": "0", **told}
        for course in "AB"
    ]
    found = lines([], rows, 1)
    assert found["l-diversity", "certified", "rows whose group has one value"] == (None, 4)
    assert found["l-diversity", "certified", "two values"] == (None, 2)


@pytest.mark.parametrize("minimum", [3, 10])
def test_no_number_speaks_of_few(minimum: int) -> None:
    for full, published in ((200, 197), (9, 8), (2, 0)):
        rows: list[dict[str, object]] = [
            {
                "who": who, "course": "AB"[who % 7 == 0], "gender": "f", "LoE": None, "YoB": 1900 + who % 80,
                "country": "FR", "continent": "Europe", "un_region": "Europe", "nforum_posts": 0,
                "certified": who % 40 == 0, "grade": who / 200, "nevents": who,
            }
            for who in range(full)
        ]  # fmt: skip
        found = lines(rows, [{**row, "YoB": None, "nforum_posts": "0"} for row in rows[:published]], minimum)
        for (part, _, _), both in found.items():
            for number in both:
                if part in {"size", "generalised", "l-diversity", "singled out"}:
                    assert number is None or (number >= minimum and number % minimum == 0)
                if full < minimum:
                    assert number is None


def test_shares_are_made_of_numbers_that_may_be_told() -> None:
    told = Told(10)
    assert [told.number(number) for number in (0, 9, 10, 14, 15, 611)] == [None, None, 10, 10, 20, 610]
    assert told.share(14, 1003) == 0.01
    assert told.share(9, 1003) is None
    assert told.share(0, 0) is None


def test_what_grades_and_counts_are_rounded_to() -> None:
    assert [grade(value) for value in (0, 0.024, 0.025, 0.5, 1, 1.04, -0.1)] == [
        0, 0, 0.05, 0.5, 1, 1.05, -0.1,
    ]  # fmt: skip
    counted = {
        0: 0,
        1: 1,
        2: 2,
        3: 2,
        4: 5,
        7: 5,
        8: 10,
        14: 10,
        15: 20,
        34: 20,
        35: 50,
        75: 100,
        10**9: 10**9,
    }
    assert {value: count(value) for value in counted} == counted
    for odd in (None, "3", True, float("nan"), float("inf")):
        assert grade(odd) is None
        assert count(odd) is None
    assert count(-3) == 0


def test_columns_are_chosen_by_name() -> None:
    assert chosen(None)[:2] == ("viewed", "explored")
    assert chosen(("grade", "viewed")) == ("viewed", "grade")
    assert chosen(()) == ()
    with pytest.raises(SettingsError, match='"grades"; did you mean "grade"'):
        chosen(("grades",))
