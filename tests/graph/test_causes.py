"""What several tasks say alike is told once, with the tasks; the course of each counts for nothing in it."""

from __future__ import annotations

import pytest

from edxtasks.graph.causes import Causes, of_any_course


def test_reasons_that_differ_in_the_course_alone_are_one() -> None:
    causes = Causes()
    for course in ("MITx/8.01x/2T2014", "MITx/8.02x/1T2015", "A/B/C"):
        org, number, run = course.split("/")
        names = f"{org}__{number}__{run}, {org}-{number}-{run}, {number}-{run}"
        causes.add(f"{course} has no directory: looked for {names} in /S", f"roles:{course}")
    causes.add("roles does not exist", "forum:A/B/C")
    assert list(causes.grouped()) == [
        (
            "ORG/NUMBER/RUN has no directory: looked for ORG__NUMBER__RUN, ORG-NUMBER-RUN, NUMBER-RUN in /S",
            ["roles:MITx/8.01x/2T2014", "roles:MITx/8.02x/1T2015", "roles:A/B/C"],
        ),
        ("roles does not exist", ["forum:A/B/C"]),
    ]


def test_a_reason_of_one_course_names_it() -> None:
    causes = Causes()
    assert causes.add("no shards of A/B/C", "logs2bq:A/B/C") == ""
    assert causes.add("no shards of A/B/C", "logs2gs:A/B/C") == "logs2bq:A/B/C"
    assert list(causes.grouped()) == [("no shards of A/B/C", ["logs2bq:A/B/C", "logs2gs:A/B/C"])]


def test_what_is_of_other_courses_or_other_numbers_stays_apart() -> None:
    causes = Causes()
    causes.add("3 rows of A/B/C", "roles:A/B/C")
    causes.add("4 rows of A/B/D", "roles:A/B/D")
    causes.add("as in X/Y/Z", "forum:A/B/C")
    causes.add("as in X/Y/W", "forum:A/B/D")
    assert list(causes.repeated()) == []
    assert [text for text, _ in causes.grouped()] == [
        "3 rows of A/B/C",
        "4 rows of A/B/D",
        "as in X/Y/Z",
        "as in X/Y/W",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("course-v1:A+1+1 and A/1/1", "course-v1:ORG+NUMBER+RUN and ORG/NUMBER/RUN"),
        ("/w/A__1__1_logs/x and /w/A__1__1/x", "/w/ORG__NUMBER__RUN_logs/x and /w/ORG__NUMBER__RUN/x"),
        ("the dump of 2011-1-12, 1-1", "the dump of 2011-1-12, NUMBER-RUN"),
        ("A/1/10 is another", "A/1/10 is another"),
    ],
)
def test_a_course_is_found_in_all_its_spellings(text: str, told: str) -> None:
    assert of_any_course(text, "roles:A/1/1") == told
    assert of_any_course(text, "split") == text
