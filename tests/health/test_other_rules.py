"""Rules over dumps, learners, tables and disks at their borders; expected findings are worked out by hand."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.health.course_ends import is_archived, read_ends
from edxtasks.health.disk_rules import Disk, full_disks
from edxtasks.health.dump_rules import Dump, old_dump, smaller_dump, unreadable_files
from edxtasks.health.findings import NOTE, PROBLEM, Finding, in_order
from edxtasks.health.learner_rules import Learners, strangers
from edxtasks.health.table_rules import TableFacts, damaged_table, empty_table, failed_checks

USUAL = Settings()
COURSE = "Uni/Chem-1/2031"
TODAY = date(2031, 5, 21)


@pytest.mark.parametrize(
    ("dump", "told"),
    [
        (date(2031, 5, 11), []),  # ten days
        (date(2031, 5, 10), [(11, 10)]),
        (date(2031, 6, 1), []),
    ],
)
def test_an_old_dump(dump: date, told: list[tuple[int, int]]) -> None:
    assert [(one.number, one.expected) for one in old_dump(COURSE, dump, TODAY, USUAL)] == told


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (date(2031, 2, 20), False),  # ten days before the dump: it has all of the course
        (date(2031, 2, 21), True),
        (date(2031, 6, 30), True),
        (None, True),
    ],
)
def test_the_last_dump_of_a_course_that_is_over(end: date | None, told: bool) -> None:
    assert bool([*old_dump(COURSE, date(2031, 3, 2), TODAY, USUAL, end)]) is told


def test_courses_that_are_over(tmp_path: Path) -> None:
    archived = Settings(health_archived=("Uni/*/2031", "course-v1:Other+B+1"))
    assert is_archived(COURSE, archived)
    assert is_archived("Other/B/1", archived)
    assert not is_archived("Uni/Chem-1/2032", archived)
    assert not is_archived(COURSE, USUAL)
    (tmp_path / "l.csv").write_text(f"course_id,Course Wrap\n{COURSE},2/20/2031\nUni/B/1,soon\nUni/C/1,\n")
    keys = [CourseKey.parse(text) for text in (COURSE, "Uni/B/1", "Uni/C/1", "Uni/D/1")]
    settings = Settings(root=tmp_path, paths=Paths(listings=Path("l.csv")))
    assert read_ends(settings, keys) == {keys[0]: date(2031, 2, 20)}
    assert read_ends(USUAL, keys) == {}


def test_a_course_without_dump_is_a_note() -> None:
    assert [one.level for one in old_dump(COURSE, None, TODAY, USUAL)] == [NOTE]


@pytest.mark.parametrize(
    ("source", "before", "now", "told"),
    [
        ("users", 100, 99, False),
        ("users", 100, 98, True),  # 2 % fewer
        ("users", 1000, 981, False),
        ("users", 50, 49, True),
        ("users", 100, 200, False),
        ("forum", 10, 9, False),
        ("forum", 10, 8, True),  # 20 % fewer
        ("forum", 0, 0, False),
        ("forum", 3, None, True),  # not delivered any more
    ],
)
def test_a_smaller_dump(source: str, before: int, now: int | None, told: bool) -> None:
    new = Dump(date(2031, 5, 18), {} if now is None else {source: now})
    found = [*smaller_dump(COURSE, new, Dump(date(2031, 5, 11), {source: before}), USUAL)]
    kind = "dump_users" if source == "users" else "dump_rows"
    assert [(one.kind, one.level, one.table, one.number) for one in found] == (
        [(kind, PROBLEM, source, now or 0)] if told else []
    )


def test_a_file_that_cannot_be_read_is_told_once() -> None:
    new = Dump(date(2031, 5, 18), {"users": 10}, {"forum": "forum.mongo.gz is cut off"})
    assert [(one.kind, one.table) for one in unreadable_files(COURSE, new)] == [("dump_unreadable", "forum")]
    assert [*smaller_dump(COURSE, new, Dump(date(2031, 5, 11), {"users": 10, "forum": 9}), USUAL)] == []


def test_a_source_that_is_new_is_no_finding() -> None:
    new, old = Dump(date(2031, 5, 18), {"forum": 1}), Dump(date(2031, 5, 11))
    assert [*smaller_dump(COURSE, new, old, USUAL)] == []


@pytest.mark.parametrize(("active", "unknown", "told"), [(100, 1, []), (100, 2, [(2, 1.0)]), (0, 0, [])])
def test_learners_whom_the_dump_does_not_know(
    active: int, unknown: int, told: list[tuple[int, float]]
) -> None:
    found = [*strangers(COURSE, Learners(TODAY, active, unknown, 100, 0), USUAL)]
    assert [(one.number, one.expected) for one in found if one.level == PROBLEM] == told
    assert len(found) == len(told)


def test_registrants_who_never_came_are_a_note() -> None:
    [finding] = strangers(COURSE, Learners(TODAY, 10, 0, 60, 50), USUAL)
    assert (finding.kind, finding.level, finding.number) == ("learners_never_came", NOTE, 50)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        (TableFacts("t", COURSE, 0, {"a": 1, "b": 2}), True),
        (TableFacts("t", COURSE, 0, {"a": 1, "b": 0}), False),
        (TableFacts("t", COURSE, 0, {"a": 1, "b": None}), False),  # not known
        (TableFacts("t", COURSE, 0, {}), False),  # it needs none
        (TableFacts("t", COURSE, 1, {"a": 1}), False),
        (TableFacts("t", COURSE, 0, {"a": 1}, may_be_empty=True), False),
        (TableFacts("t", COURSE, 0, {"a": 200, "b": 100}, empty_up_to=100), False),
        (TableFacts("t", COURSE, 0, {"a": 200, "b": 101}, empty_up_to=100), True),
        (TableFacts("t", COURSE, 0, {"a": 1}, fault="damaged"), False),
    ],
)
def test_an_empty_table(facts: TableFacts, told: bool) -> None:
    assert [one.table for one in empty_table(facts)] == ["t"] * told


def test_a_damaged_table() -> None:
    assert [one.level for one in damaged_table(TableFacts("t", COURSE, 0, fault="cut off"))] == [PROBLEM]


def test_checks_that_failed() -> None:
    result = {"name": "n", "condition": "x > 0", "share": 0.9, "rows": 50, "broken": 7}
    checks = [
        {**result, "level": "warning", "fails": True},
        {**result, "level": "error", "fails": True},
        {**result, "level": "error", "fails": False},
    ]
    found = [*failed_checks(TableFacts("t", "", 50, checks=checks))]
    # 10 % of 50 rows may break it.
    assert [(one.level, one.number, one.expected) for one in found] == [(NOTE, 7, 5.0), (PROBLEM, 7, 5.0)]


def test_a_disk_without_room_for_a_week() -> None:
    disks = [Disk("/a", 999, 1000), Disk("/b", 1000, 1000)]
    assert [(one.file, one.number, one.expected) for one in full_disks(disks, USUAL)] == [("/a", 999, 1000.0)]
    assert len([*full_disks(disks, Settings(health_disk_weeks=2))]) == 2
    assert [*full_disks(disks, Settings(health_disk_weeks=0))] == []


def test_problems_come_first() -> None:
    note, late, early = (
        Finding("a", NOTE, "n"),
        Finding("b", PROBLEM, "p", date=date(2031, 5, 2)),
        Finding("b", PROBLEM, "p", date=date(2031, 5, 1)),
    )
    assert in_order([note, late, early]) == [early, late, note]


def test_a_finding_as_json() -> None:
    line = Finding("k", NOTE, "t", course="Uni/A/1", date=date(2031, 5, 2), number=3).json_line()
    assert json.loads(line) == {
        "kind": "k",
        "level": "note",
        "course": "Uni/A/1",
        "date": "2031-05-02",
        "file": None,
        "table": None,
        "number": 3,
        "expected": None,
        "text": "t",
    }
