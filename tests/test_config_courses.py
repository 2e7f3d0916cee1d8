"""The choice of courses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edxtasks.config import Options, Settings, chosen_courses, known_courses
from edxtasks.course import CourseKey, InvalidCourseKeyError, base_and_course
from edxtasks.errors import SettingsError, UserError
from edxtasks.messages import Messages

A, B, C = CourseKey("X", "A", "1"), CourseKey("X", "B", "1"), CourseKey("X", "C", "1")
LISTS = {"pair": ("X/B/1", "course-v1:X+C+1"), "empty": (), "faulty": ("X/A/1", "X/A", "/A/1")}


def settings(course_id_list: tuple[str, ...] | None = ("X/A/1",), **options: Any) -> Settings:
    return Settings(
        root=Path("/data"), course_id_list=course_id_list, courses=LISTS, options=Options(**options)
    )


def without_b(courses: list[CourseKey], table: str) -> list[CourseKey]:
    assert table == "person_course"
    return [course for course in courses if course == B]


def test_precedence() -> None:
    everything: dict[str, Any] = {
        "clist": "pair", "clist_from_missing_table": "person_course", "year2": True, "courses": ("X/C/1",),
    }  # fmt: skip
    assert chosen_courses(settings(**everything), ["X/A/1"], without_table=without_b) == [B]
    everything["clist_from_missing_table"] = None
    assert chosen_courses(settings(**everything), ["X/A/1"]) == [B, C]
    everything["clist"] = None
    assert chosen_courses(settings(**everything), ["X/B/1"]) == [A]
    everything["year2"] = False
    assert chosen_courses(settings(**everything), ["course-v1:X+B+1"]) == [B, C]
    assert chosen_courses(settings(), ["X/B/1"]) == [B]
    assert chosen_courses(settings(courses=("X/B/1",))) == [B]
    assert chosen_courses(settings()) == [A]


def test_named_courses_that_a_list_overrules_are_told() -> None:
    messages = Messages()
    assert chosen_courses(settings(clist="pair", courses=("X/A/1",)), messages=messages) == [B, C]
    assert messages.lines == ["clist=pair chooses the courses; not used: X/A/1"]


def test_doubles_are_used_once_and_told() -> None:
    messages = Messages()
    found = chosen_courses(settings(), ["X/B/1", "X/A/1", "course-v1:X+B+1"], messages=messages)
    assert found == [B, A]
    assert messages.lines == ["named more than once, used once: X/B/1"]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (settings(()), "course_id_list is empty: no course to work on"),
        (settings(clist="empty"), "clist=empty is empty: no course to work on"),
        (settings(courses=()), "courses= is empty: no course to work on"),
    ],
)
def test_an_empty_list_is_no_fault(chosen: Settings, told: str) -> None:
    messages = Messages()
    assert chosen_courses(chosen, messages=messages) == []
    assert messages.lines == [told]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (
            settings(None),
            "no course is named: name courses .* or set course_id_list in the configuration, "
            r"which does not exist: expected config/edxtasks\.toml",
        ),
        (settings(None, year2=True), "course_id_list, which is not set"),
        (
            settings(clist="pairs"),
            r'no course list "pairs"; did you mean "pair"\? \(lists: pair, empty, faulty\)',
        ),
        (settings(clist_from_missing_table="x"), "needs a list to choose from: clist=NAME"),
        (settings(clist="pair", clist_from_missing_table="x"), "cannot be used with this command"),
    ],
)
def test_refused_choice(chosen: Settings, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        chosen_courses(chosen)


def test_without_any_list() -> None:
    with pytest.raises(SettingsError, match=r"lists: none; the configuration has no table \[courses\]"):
        chosen_courses(Settings(root=Path("/data"), options=Options(clist="x")))


def test_a_command_never_takes_course_id_list_by_itself() -> None:
    with pytest.raises(SettingsError, match="no course is named"):
        chosen_courses(settings(), fall_back=False)
    assert chosen_courses(settings(year2=True), fall_back=False) == [A]


def test_all_invalid_keys_are_named() -> None:
    with pytest.raises(InvalidCourseKeyError, match=r"^clist=faulty: X/A, /A/1: not course keys \("):
        chosen_courses(settings(clist="faulty"))
    with pytest.raises(InvalidCourseKeyError, match=r"^X A 1: not a course key \("):
        chosen_courses(settings(), ["X/A/1", "X A 1"])
    with pytest.raises(InvalidCourseKeyError, match=r"^course_id_list: X A 1: not a course key \("):
        chosen_courses(settings(("X A 1",)))


def test_two_courses_of_one_dataset_are_refused() -> None:
    with pytest.raises(UserError, match=r"X/6\.00/1 and X/6-00/1 have the same dataset name, X__6_00__1"):
        chosen_courses(settings(), ["X/6.00/1", "X/6-00/1"])
    with pytest.raises(UserError, match=r"X/6/1 and X/6/1_logs have the same dataset name, X__6__1_logs"):
        chosen_courses(settings(), ["X/6/1", "X/6/1_logs"])


def test_known_courses() -> None:
    messages = Messages()
    assert known_courses(settings(), messages) == [A, B, C]
    assert messages.lines == ["in the course lists, but not course keys: X/A, /A/1"]
    assert known_courses(Settings(root=Path("/data"))) == []


@pytest.mark.parametrize(
    ("name", "base", "course"),
    [
        ("person_course:MITx/2.03x/3T2013", "person_course", "MITx/2.03x/3T2013"),
        ("external:irt:MITx/2.03x/3T2013", "external:irt", "MITx/2.03x/3T2013"),
        ("logs2bq:course-v1:MITx+2.03x+3T2013", "logs2bq", "course-v1:MITx+2.03x+3T2013"),
        (
            "logs2bq:\u00c9cole/\u6570\u5b66/\u00c9t\u00e9:2",
            "logs2bq",
            "\u00c9cole/\u6570\u5b66/\u00c9t\u00e9:2",
        ),
        ("report:overall_stats", "report:overall_stats", ""),
        ("split", "split", ""),
    ],
)
def test_a_task_and_its_course_are_told_apart_with_colons_in_both(name: str, base: str, course: str) -> None:
    assert base_and_course(name) == (base, course)
