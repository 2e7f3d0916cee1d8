"""`doit help`: what a table is; and what is said of a word that is no task."""

from __future__ import annotations

import pytest
from in_process import Run, runner
from project import Project


@pytest.fixture
def doit(
    built_once: Project, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Run:
    return runner(built_once.folder, monkeypatch, capfdbinary)


def test_a_table_is_explained(doit: Run) -> None:
    lines = doit("help", "person_course").lines
    assert lines[0].startswith("person_course: One row per registrant")
    told = [" ".join(line.split()) for line in lines]
    assert "what one for each course" in told
    assert "one row for user_id" in told
    assert "made by doit person_course" in told
    assert "defined in edxtasks/tables/person/person_course.sql" in told
    assert "certified BOOLEAN has a certificate to download" in told
    # The command of that name makes more than this table.
    assert told[-1].startswith("doit person_course makes also ")
    assert "person_course_base" in told[-1]


def test_a_table_over_courses_and_one_from_a_file_are_explained(doit: Run) -> None:
    told = [" ".join(line.split()) for line in doit("help", "report:person_course_latest").lines]
    assert told[0].startswith("report:person_course_latest: ")
    assert "what one over the chosen courses" in told
    assert "made from person_course" in told
    told = [" ".join(line.split()) for line in doit("help", "roles").lines]
    assert "defined in edxtasks/tables/dumps/roles.py" in told


def test_a_command_and_a_set_are_explained(built_once: Project) -> None:
    made = built_once.doit("help", "analyze_videos").out.splitlines()[-1]
    assert made.startswith("doit analyze_videos makes ")
    assert "video_axis" in made
    assert built_once.doit("help", "weekly").out.splitlines() == [
        "weekly: everything: raw logs, the chosen courses, then what is made over them"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["persn_course"], '"persn_course" is not a task or command; did you mean "person_course"?'),
        (["help", "roels"], '"roels" is not a task or command; did you mean "roles"?'),
        (["plan", "wekly"], '"wekly" is not a task or command; did you mean "weekly"?'),
        (["get_tabels"], '"get_tabels" is not a task or command; did you mean "get_tables"?'),
    ],
)
def test_a_misspelt_word_names_the_nearest(doit: Run, words: list[str], said: str) -> None:
    assert said in doit(*words, status=3).err
