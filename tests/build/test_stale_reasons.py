"""Why a table is stale, in words: settings, files, tables, courses and dates by their names."""

from __future__ import annotations

from datetime import date

import pytest

from edxtasks.build.stale_reasons import changes, pending_dates


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"recipe": "1"}, {"recipe": "2"}, "its recipe changed"),
        ({"@minimum_cell": "10"}, {"@minimum_cell": "5"}, "the setting minimum_cell changed"),
        ({"@course_id": "a"}, {"@course_id": "b"}, "the parameter course_id changed"),
        ({"file users": "1"}, {"file users": "2"}, "the file users changed"),
        ({"file roles": "absent"}, {"file roles": "2"}, "the file roles is new"),
        ({"file roles": "2"}, {"file roles": "absent"}, "the file roles is gone"),
        (
            {"directory": "2014-10-26"},
            {"directory": "2014-11-02"},
            "it is made from the dump 2014-11-02 now, before from 2014-10-26",
        ),
        ({"courses": "1"}, {"courses": "2"}, "the list of courses changed"),
        ({"tracklog": "1"}, {"tracklog": "2"}, "the log days changed"),
        ({}, {"course_axis": "2"}, "course_axis is new"),
        ({"course_axis": "2"}, {}, "course_axis is gone"),
        ({"recipe": "1", "roles": "1"}, {"recipe": "2", "roles": "2"}, "its recipe changed; roles changed"),
        ({"recipe": "1"}, {"recipe": "1"}, ""),
    ],
)
def test_what_changed_is_named(before: dict[str, str], now: dict[str, str], said: str) -> None:
    assert changes(before, now) == said


def test_settings_that_are_part_of_the_recipe_are_named() -> None:
    told = changes({"recipe": "1"}, {"recipe": "2"}, ("axis_include_hidden",))
    assert told == "its recipe or a setting of it changed (axis_include_hidden)"


def test_of_a_table_over_courses_the_courses_are_named_and_many_are_counted() -> None:
    courses = [f"Uni/C{number}/2014" for number in range(6)]
    before = {f"person_course of {course}": "1" for course in courses[:5]} | {"roles of Uni/C0/2014": "1"}
    now = {f"person_course of {course}": "2" for course in courses} | {"roles of Uni/C0/2014": "1"}
    assert changes(before, now) == (
        "person_course changed for Uni/C0/2014, Uni/C1/2014, Uni/C2/2014 and 2 more; "
        "person_course is new for Uni/C5/2014"
    )


def test_dates_are_told_in_words() -> None:
    days = [date(2014, 10, day) for day in range(1, 8)]
    assert pending_dates(days[:1], (), ()) == "1 date is new: 2014-10-01"
    assert pending_dates(days[:2], days[2:3], days[1:3]) == (
        "1 date is new: 2014-10-01; 1 date changed: 2014-10-02; 1 date will be removed: 2014-10-03"
    )
    assert pending_dates(days, (), ()) == (
        "7 dates are new: 2014-10-01, 2014-10-02, 2014-10-03, … 2014-10-07"
    )
