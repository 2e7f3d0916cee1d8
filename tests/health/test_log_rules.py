"""Rules over logs at their borders; expected findings are worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from edxtasks.config import Settings
from edxtasks.health.findings import NOTE, PROBLEM, Finding
from edxtasks.health.log_rules import (
    FailedLog,
    LogCounts,
    RawLog,
    doubtful_logs,
    failed_logs,
    missing_logs,
    small_days,
    unlisted_courses,
    withdrawn_logs,
)

USUAL = Settings()
COURSE = "Uni/Chem-1/2031"
MONDAY = date(2031, 3, 3)


def day(number: int) -> date:
    return date(2031, 5, number)


def of_days(server: str, *days: int) -> list[RawLog]:
    return [RawLog(server, (day(one),), f"{server}-{one}") for one in days]


def kinds(findings: list[Finding]) -> list[tuple[str, date | None, str]]:
    return [(one.kind, one.date, one.file) for one in findings]


def test_a_day_without_any_log() -> None:
    logs = of_days("a", 1, 2, 4, 5)
    assert kinds([*missing_logs(logs, (), day(5), USUAL)])[0] == ("log_missing", day(3), "")


def test_a_day_of_rows_whose_raw_logs_are_not_known_is_no_lack() -> None:
    assert [
        *missing_logs(of_days("a", 1, 2, 4, 5), {day(3)}, day(5), Settings(health_server_share=0.9))
    ] == []


@pytest.mark.parametrize(
    ("there", "lacking"),
    [
        ((1, 2, 3, 4), [5]),  # 4 of 5 days are 80 %
        ((1, 2, 3), []),  # 60 %
    ],
)
def test_a_server_that_is_there_on_most_days(there: tuple[int, ...], lacking: list[int]) -> None:
    logs = [*of_days("all", 1, 2, 3, 4, 5), *of_days("other", *there)]
    found = [*missing_logs(logs, (), day(5), USUAL)]
    assert kinds(found) == [("server_log_missing", day(one), "other") for one in lacking]


def test_days_up_to_today_are_missed_and_none_after_it() -> None:
    logs = of_days("a", 1, 2, 9)
    assert kinds([*missing_logs(logs, (), day(2), USUAL)]) == []
    late = Settings(health_server_share=1)
    assert [one.date for one in missing_logs(of_days("a", 1, 2), (), day(4), late)] == [day(3), day(4)]


def test_no_logs_are_no_finding() -> None:
    assert [*missing_logs([], (), day(5), USUAL)] == []


def weeks(*events: int) -> dict[date, int]:
    """Events of Mondays, the first one first."""
    return {MONDAY + timedelta(days=7 * number): found for number, found in enumerate(events)}


@pytest.mark.parametrize(("found", "told"), [(75, False), (74, True), (0, True)])
def test_a_day_below_a_share_of_its_weekday(found: int, told: bool) -> None:
    # The median of 100, 200, 300, 400 is 250, and 30 % of it are 75.
    events = weeks(400, 100, 300, 200, found)
    [*findings] = small_days(COURSE, events, (), max(events), USUAL)
    assert [(one.date, one.number, one.expected) for one in findings] == (
        [(max(events), found, 75.0)] if told else []
    )


def test_a_day_with_too_few_weeks_before_it_is_not_compared() -> None:
    assert [*small_days(COURSE, events := weeks(100, 100, 100, 0), (), max(events), USUAL)] == []


def test_only_the_last_eight_weeks_are_the_measure() -> None:
    events = weeks(*[10_000] * 9, *[20] * 8, 5)
    found = [*small_days(COURSE, events, (), max(events), USUAL)]
    # Looked at are the last eight. Of the eight before each, seven, six, five are of 10 000; then four of
    # them (median 5 010, 30 % of it 1 503), then three (median 20); before the last one all are 20.
    assert [one.expected for one in found] == [3000.0, 3000.0, 3000.0, 1503.0, 6.0]
    assert found[-1].number == 5


def test_days_without_raw_logs_neither_count_nor_are_told_twice() -> None:
    events = weeks(100, 100, 0, 100, 100, 29)
    missing = {MONDAY + timedelta(days=14)}
    [finding] = small_days(COURSE, events, missing, max(events), USUAL)
    assert (finding.number, finding.expected) == (29, 30.0)
    assert [*small_days(COURSE, events, {*missing, max(events)}, max(events), USUAL)] == []


def test_events_before_the_first_raw_log_begin_no_course() -> None:
    events = {date(2010, 1, 1): 1} | weeks(100, 100, 100, 29)
    assert [*small_days(COURSE, events, (), max(events), USUAL, first_log=MONDAY)] == []


def test_a_course_that_is_hardly_used_is_not_compared() -> None:
    # The median is 9, below health_day_events.
    assert [*small_days(COURSE, events := weeks(9, 9, 9, 9, 0), (), max(events), USUAL)] == []
    [finding] = small_days(COURSE, events := weeks(10, 10, 10, 10, 2), (), max(events), USUAL)
    assert finding.expected == 3.0


@pytest.mark.parametrize(
    ("lines", "rejects", "told"),
    [
        (10_000, 100, False),  # 1 %, not more
        (10_000, 101, True),
        (9_000, 99, False),  # 1.1 %, but fewer than 100
        (9_000, 100, True),
        (500, 49, False),  # a small one: 10 % are 50
        (500, 50, True),
        (1_000_000, 9_999, False),
        (0, 0, False),
    ],
)
def test_rejected_lines(lines: int, rejects: int, told: bool) -> None:
    log = RawLog("s", (day(1),), "s.log.gz", lines, rejects)
    assert [one.kind for one in doubtful_logs([log], USUAL)] == ["log_rejects"] * told


def test_a_log_that_was_cut_is_a_problem_whatever_its_rejects() -> None:
    [finding] = doubtful_logs([RawLog("s", (day(1),), "s.log.gz", 10, 0, "ends\x1b[2J early")], USUAL)
    assert (finding.kind, finding.level, finding.file) == ("log_truncated", PROBLEM, "s.log.gz")
    assert "\x1b" not in finding.text


def test_a_failed_log_is_a_problem_while_it_is_there() -> None:
    found = failed_logs([FailedLog("a", "why"), FailedLog("b", "why", is_there=False)])
    assert [(one.file, one.level) for one in found] == [("a", PROBLEM), ("b", NOTE)]


def test_a_failed_log_is_named_once() -> None:
    [finding] = failed_logs([FailedLog("../DAILY/e.log.gz", "/data/DAILY/e.log.gz is no gzip")])
    assert finding.text == "not split: /data/DAILY/e.log.gz is no gzip"
    [finding] = failed_logs([FailedLog("../DAILY/e.log.gz", "all of its 9 lines were rejected")])
    assert finding.text == "not split: ../DAILY/e.log.gz: all of its 9 lines were rejected"


def test_withdrawn_logs_are_notes() -> None:
    found = [*withdrawn_logs(LogCounts(logs=9, gone=2, outstanding=3, lost=4))]
    assert [(one.kind, one.level, one.number) for one in found] == [
        ("log_withdrawn", NOTE, 3),
        ("log_lost", NOTE, 4),
        ("log_file_gone", NOTE, 2),
    ]
    assert [*withdrawn_logs(LogCounts(logs=9))] == []


def test_courses_that_no_list_names() -> None:
    events = {"Uni/A/1": 20, "Uni/B/1": 19, "Uni/C/1": 500, "Other/D/1": 500}
    ignoring = Settings(health_ignore=("course-v1:Uni+C+1", "Other/*"))
    found = unlisted_courses(
        events, {"Uni/E/1": 20}, {"ccx-v1:Uni+A+1+ccx@7": 20, "library-v1:U+L": 19}, ignoring
    )
    assert [(one.kind, one.level, one.course, one.number) for one in found] == [
        ("course_unlisted", PROBLEM, "Uni/A/1", 20),
        ("edge_course", NOTE, "Uni/E/1", 20),
        ("other_key", NOTE, "ccx-v1:Uni+A+1+ccx@7", 20),
    ]
