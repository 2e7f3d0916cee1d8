"""The page of the campus, from numbers that were written down."""

from __future__ import annotations

import re

from numbers_by_hand import numbers, totals

from edxtasks.course import CourseKey
from edxtasks.pages.campus.page import CourseRow, Health, campus_page


def test_sums_are_those_of_the_courses_whose_number_is_shown() -> None:
    """A course of few learners does not take the sum of all others away, nor is it part of it."""
    made = {
        "large": totals(1000, viewed=400, active=300, events=9000),
        "small": totals(9, viewed=8, active=7, events=100),
        "other": totals(500, viewed=300, active=5, events=50),
    }
    rows = [
        CourseRow(CourseKey("UnivX", name, "1T2014"), numbers(totals=row), "", Health(()))
        for name, row in made.items()
    ]
    text = campus_page("UnivX", rows, 10).decode().partition("<dl")[2].partition("</dl>")[0]
    tile = r'data-measure="(\w+)">(.*?)</dd><dd class="means">(.*?)</dd>'
    found = {name: (re.sub("<.*?>", "", value), means) for name, value, means in re.findall(tile, text)}
    assert found["registered"] == ("1500", "of 2 of 3 courses together")
    assert found["viewed"] == ("700", "of 2 of 3 courses together")
    assert found["events"] == ("9000", "of 1 of 3 courses together")
    assert found["certified"] == ("not shown", "of each course")
