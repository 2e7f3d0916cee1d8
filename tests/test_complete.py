"""What is offered at the cursor of a command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edxtasks import complete
from edxtasks.complete import Names, candidates
from edxtasks.config import Settings

KEYS = ("Uni/Chem:1/2031", "Uni/Chem.2/2031", "Other/C/R")
SETTINGS = Settings(course_id_list=KEYS[:2], courses={"spring": KEYS[2:], "summer": ()})
NAMES = Names(
    tasks=["person_course", "person_day", "report:x", "weekly"],
    of_courses=["person_course", "person_day", "weekly"],
    commands={"plan": "tasks", "get_course_data": "courses", "shell": "", "help": "any"},
    options={"": ["--continue"], "shell": ["--explain", "--format="], "plan": [], "get_course_data": []},
)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pers", ["person_course", "person_day"]),
        ("pla", ["plan"]),
        ("weekly pl", []),  # a command comes first
        ("plan we", ["weekly"]),
        ("-n 8 we", ["weekly"]),
        ("help pl", ["plan"]),
        ("person_course:", [f"person_course:{key}" for key in sorted(KEYS)]),
        ("person_course:Uni/Chem:", ["person_course:Uni/Chem:1/2031"]),
        ("person_course:course-v1:Uni+Chem:", ["person_course:course-v1:Uni+Chem:1+2031"]),
        ("report:", ["report:x"]),
        ("weekly:O", ["weekly:Other/C/R"]),
        ("get_course_data O", ["Other/C/R"]),
        ("weekly courses=U", ["courses=Uni/Chem.2/2031", "courses=Uni/Chem:1/2031"]),
        (
            "weekly courses=Other/C/R,U",
            ["courses=Other/C/R,Uni/Chem.2/2031", "courses=Other/C/R,Uni/Chem:1/2031"],
        ),
        ("weekly courses=Other/C/R,O", []),  # it is there
        ("weekly clist=s", ["clist=spring", "clist=summer"]),
        ("weekly force_recompute=", ["force_recompute=1"]),
        ("weekly force_r", ["force_recompute="]),
        ("weekly api_k", []),  # a secret
        ("weekly tlfn=", []),  # a file
        ("shell ", []),
        ("shell --f", ["--format="]),
        ("--c", ["--continue"]),
    ],
)
def test_what_is_offered(line: str, offered: list[str]) -> None:
    *words, current = line.split(" ")
    assert candidates(words, current, NAMES, SETTINGS) == sorted(offered)


def test_a_dodo_of_others_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert complete.is_ours("/x/bin/edxtasks")
    assert not complete.is_ours("doit")  # there is no dodo.py
    (tmp_path / "dodo.py").write_text("def task_x(): ...\n")
    assert not complete.is_ours("doit") and not complete.is_ours("edxtasks")
    (tmp_path / "dodo.py").write_text("from edxtasks.graph import load\n")
    assert complete.is_ours("./doit") and complete.is_ours("edxtasks")


def test_names_are_kept_until_something_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time no table is read."""
    calls: list[Settings] = []

    def found(settings: Settings) -> Names:
        calls.append(settings)
        return NAMES

    monkeypatch.setattr(complete, "_all_names", found)
    file = tmp_path / "edxtasks.toml"
    file.write_text("")
    settings = Settings(root=tmp_path, config_file=file)
    assert complete.known_names(settings) == complete.known_names(settings) == NAMES
    assert len(calls) == 1
    courses = replace(settings, course_id_list=("Uni/C/1",), config_file=None)
    assert complete.known_names(courses) == NAMES
    assert len(calls) == 1  # courses are no part of it
    complete.known_names(replace(settings, extra_external_commands={"fit": {}}))
    assert len(calls) == 2
    (tmp_path / "state" / "completion.json").write_text("cut")
    assert complete.known_names(settings) == NAMES
    assert len(calls) == 3


def test_five_hundred_courses_are_offered_without_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = [f"Uni/C{number}/R" for number in range(500)]
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text(f"course_id_list = {keys}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(complete, "_all_names", lambda settings: NAMES)
    assert complete.main(["edxtasks", "weekly:Uni/"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 500


def test_commands_take_what_they_say() -> None:
    commands = dict(complete._commands())
    takes = {name: complete._taken(command) for name, command in commands.items()}
    assert takes["get_course_data"] == "courses"
    assert (takes["plan"], takes["shell"], takes["help"]) == ("tasks", "", "any")
    assert {"--dialect=", "--explain"} <= set(complete._options(commands["shell"]))
    assert "--continue" in complete._options(commands["run"])
