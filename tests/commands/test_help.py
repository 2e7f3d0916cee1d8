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


def test_our_defaults_are_told_and_what_does_nothing_here_is_not(doit: Run) -> None:
    told = doit("help", "run").out
    assert "Default: on; --no-continue stops at once" in told
    assert "maximum_parallel_processes of the configuration, else one" in told
    assert "EXAMPLES\n    doit weekly" in told
    assert not [word for word in ("--backend", "--db-file", "--parallel-type", "sqlite3") if word in told]
    assert "--dry-run" in doit("help", "clean").out
    assert "never built" in doit("list", "-h").out


def test_a_setting_and_an_option_are_explained(doit: Run) -> None:
    told = doit("help", "minimum_cell").lines
    assert told[0].startswith("minimum_cell: Fewest learners behind a figure")
    assert told[2:] == [
        "  what           a setting, in the top level, above the first [section]",
        "  value          a whole number from 1 up",
        "  default        10",
    ]
    assert "an option of a run, name=value" in doit("help", "skip_geoip").out


def test_all_commands_are_named_but_for_those_that_do_nothing_here(doit: Run) -> None:
    told = doit("help").out
    assert "doit plan " in told
    assert "doit health " in told
    assert "dumpdb" not in told


@pytest.mark.parametrize("command", ["dumpdb", "ignore", "reset-dep", "strace", "tabcompletion"])
def test_commands_of_doit_that_do_nothing_here_say_what_to_type(doit: Run, command: str) -> None:
    assert f"ERROR: {command} does nothing here: " in doit(command, "weekly", status=3).err


def test_a_wrong_configuration_is_no_help(doit: Run) -> None:
    assert "nosuch.toml" in doit("help", "person_course", "config=nosuch.toml", status=3).err


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("person_course_latest", 'did you mean "report:person_course_latest"?'),
        ("global_modal_ip", 'did you mean "courses.global_modal_ip"?'),
        ("person-course", 'did you mean "person_course"?'),
        ("test_mark_processed", "it is not needed: what was done is known from the tables"),
        ("health", '"health" is a command, not a task: it comes first on the line, doit health'),
        ("status", "type doit list -s, or doit plan"),
        ("A/B/C", '"A/B/C" is a course, not a task: type TASK:A/B/C, or courses=A/B/C'),
    ],
)
def test_words_for_what_is_called_otherwise_here(doit: Run, word: str, said: str) -> None:
    assert said in doit("plan", word, status=3).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["weekly", "--contine"],
            'option --contine not recognized; did you mean "--continue"? (doit help run)',
        ),
        (["list", "--statsu"], 'option --statsu not recognized; did you mean "--status"? (doit help list)'),
        (["plan", "--skip-geop"], 'did you mean "skip_geoip=…"? Options of tasks have no dashes'),
        (["plan", "skip_geop=1"], 'did you mean "skip_geoip"?'),
    ],
)
def test_a_misspelt_option_names_the_nearest(doit: Run, words: list[str], said: str) -> None:
    assert said in doit(*words, status=3).err


def test_a_misspelt_course_names_the_nearest(doit: Run, built_once: Project) -> None:
    course = built_once.courses[0]
    for words in (["plan", f"courses={course}x"], ["list", f"{course}x"], ["plan", f"roles:{course}x"]):
        assert f'did you mean "{course}"?' in doit(*words, status=3).err


def test_options_stand_before_or_behind_the_tasks(doit: Run) -> None:
    assert doit("plan", "roles", "--summary").out == doit("plan", "--summary", "roles").out == "4 fresh\n"
