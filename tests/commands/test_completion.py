"""`edxtasks completion`, in the shells that are at hand: keys are pressed where the shell lets one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from in_process import Run, runner
from keyboard import Terminal
from project import REPOSITORY

from edxtasks import complete
from edxtasks.complete import Names
from edxtasks.config import load_settings

PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: its completion is not tried")
    return found


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with dodo.py and a configuration; which tasks there are is known from before."""
    folder = tmp_path_factory.mktemp("completion")
    shutil.copy(REPOSITORY / "dodo.py", folder)
    (folder / "config").mkdir()
    keys = '["MITx/2.03x/3T2013", "Uni/Chem:1/2031"]'
    file = folder / "config" / "edxtasks.toml"
    file.write_text(f"course_id_list = {keys}\n[courses]\nfirst = {keys}\n")
    names = Names(
        ["person_course", "weekly"],
        ["person_course"],
        {"plan": "tasks", "get_course_data": "courses"},
        {"": [], "plan": [], "get_course_data": ["--table="]},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(complete, "_all_names", lambda settings: names)
        complete.known_names(load_settings(folder, {}, {}))
    return folder


@pytest.fixture
def doit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    return runner(tmp_path, monkeypatch, capfdbinary)


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """That of a person without any settings of a shell."""
    return {"PATH": PATH, "HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def script(doit: Run, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The script of the shell that the test is of."""
    file = tmp_path / "completion"
    file.write_text(doit("completion", request.param).out)
    return file


def test_other_shells_are_refused(doit: Run) -> None:
    assert 'found "zhs"; did you mean "zsh"?' in doit("completion", "zhs", status=3).err
    assert "expected one of bash, zsh, fish, found none" in doit("completion", status=3).err


@pytest.mark.parametrize("script", ["bash"], indirect=True)
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        # What stands before the last : or = stays on the line: bash takes it for words of their own.
        ("doit person_course:MITx/2", ["MITx/2.03x/3T2013"]),
        ("doit person_course:course-v1:MITx+2", ["MITx+2.03x+3T2013"]),
        ("edxtasks weekly courses=MITx/2", ["MITx/2.03x/3T2013"]),
        ("doit get_course_data --table=x MITx/2", ["MITx/2.03x/3T2013"]),
        ("doit pla", ["plan"]),
        ("/some/bin/doit plan force_rec", ["force_recompute="]),
        ("doit no_such_th", []),
    ],
)
def test_bash(
    script: Path, environment: Mapping[str, str], project: Path, line: str, offered: list[str]
) -> None:
    program = f'source {script}; COMP_LINE="{line}"; COMP_POINT=${{#COMP_LINE}}; _edxtasks_complete; '
    done = subprocess.run(
        [shell("bash"), "--norc", "-c", program + 'printf "%s\\n" "${COMPREPLY[@]}"'],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == offered


@pytest.mark.parametrize(
    ("name", "words", "program"), [("bash", ["--norc", "-i"], "doit"), ("zsh", ["-f", "-i"], "edxtasks")]
)
def test_tab(
    doit: Run,
    tmp_path: Path,
    environment: Mapping[str, str],
    project: Path,
    name: str,
    words: list[str],
    program: str,
) -> None:
    path = shell(name)
    file = tmp_path / "completion"
    file.write_text(doit("completion", name).out)
    terminal = Terminal([path, *words], project, environment)
    terminal.type(f"PS1='ready''> '; source {file}; echo loa''ded\r")
    terminal.until("loaded")
    terminal.until("ready> ")
    # Only where Tab puts the rest of the key there does echo repeat all of it.
    for typed, whole in [
        ("person_course:MITx/2", "person_course:MITx/2.03x/3T2013"),
        ("person_course:course-v1:MITx+2", "person_course:course-v1:MITx+2.03x+3T2013"),
        ("weekly clist=fir", "weekly clist=first"),
    ]:
        terminal.type(f"{program} {typed}\t")
        terminal.until(whole[-4:])
        terminal.type("\x01echo = \r")  # to the beginning of the line
        assert f"= {program} {whole}" in terminal.until("ready> ").replace("\r\n", "\n")
    terminal.type("exit\r")
    terminal.end()


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish(script: Path, environment: Mapping[str, str], project: Path) -> None:
    lines = [
        "doit person_course:MITx/2",
        "edxtasks weekly courses=MITx/2",
        "doit pla",
        "doit weekly force_rec",
    ]
    program = "; ".join([f"source {script}", *(f"complete -C '{line}'" for line in lines)])
    done = subprocess.run(
        [shell("fish"), "--no-config", "-c", program],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "person_course:MITx/2.03x/3T2013",
        "courses=MITx/2.03x/3T2013",
        "plan",
        "force_recompute=",
    ]
