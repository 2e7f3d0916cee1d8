"""docs/every-week.md: its script, cron lines and units work; each message that it explains is one of ours."""

from __future__ import annotations

import ast
import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import REPOSITORY, Project

PAGE = (REPOSITORY / "docs" / "every-week.md").read_text()
OFFICE = "/srv/office"


def block(language: str, beginning: str) -> str:
    found = [
        text
        for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
        if text.startswith(beginning)
    ]
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with the script, and in place of edxtasks a program that ends as it is told."""
    script = tmp_path / "night"
    script.write_text(block("sh", "#!/bin/sh").replace(OFFICE, str(tmp_path)))
    script.chmod(0o755)
    program = tmp_path / ".venv" / "bin" / "edxtasks"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "ran $*"\necho "failed: x" >&2\nexit "${STATUS:-0}"\n')
    program.chmod(0o755)
    return tmp_path


def cron_lines() -> list[str]:
    lines = block("text", "MAILTO=").splitlines()[1:]
    assert "%" not in "".join(lines), "cron takes it for the end of the line"
    assert all(re.fullmatch(r"15 3 \* \* \S+  +\S.*", line) for line in lines)
    return [line.split(None, 5)[5] for line in lines]


def run(line: str, office: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    line = line.replace(OFFICE, str(office))
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/", **environment}  # as cron has it
    return subprocess.run(
        ["/bin/sh", "-c", line], env=environment, cwd="/", capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(shutil.which("flock") is None, reason="the system has no flock (util-linux)")
def test_cron_says_nothing_of_a_success_and_mails_a_failure(office: Path) -> None:
    daily, weekly = cron_lines()
    done = run(daily, office)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    [log] = (office / "nights").glob("*.log")
    assert log.read_text() == "ran -n 4 daily_logs nightly\nfailed: x\n"
    old = office / "nights" / "2014-01-01-031500.log"
    old.touch()
    os.utime(old, (0, 0))
    failed = run(weekly, office, STATUS="2")
    assert failed.returncode == 2
    assert failed.stdout.splitlines()[0].startswith(f"edxtasks weekly: exit status 2; {office}/nights/")
    assert failed.stdout.endswith("ran -n 4 weekly\nfailed: x\n")
    assert not old.exists()


@pytest.mark.skipif(shutil.which("flock") is None, reason="the system has no flock (util-linux)")
def test_a_second_run_does_not_begin_while_one_goes_on(office: Path) -> None:
    (office / "nights").mkdir()
    with (office / "nights" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = run(cron_lines()[1], office)
    assert (second.returncode, second.stdout) == (75, "the run before still goes on: weekly\n")
    assert [*(office / "nights").glob("*.log")] == []
    assert run(cron_lines()[1], office).returncode == 0


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="the system has no systemd-analyze")
def test_systemd_takes_the_units(office: Path) -> None:
    units = office / "units"
    units.mkdir()
    for name, beginning in (
        ("edxtasks@.service", "[Unit]\nDescription=edxtasks %i"),
        ("edxtasks@weekly.timer", "[Unit]\nDescription=edxtasks weekly"),
        ("mail-to-office@.service", "[Unit]\nDescription=Mail"),
    ):
        (units / name).write_text(block("ini", beginning).replace(OFFICE, str(office)))
        assert f"`{name}`" in PAGE
    for name in ("edxtasks@weekly.service", "edxtasks@weekly.timer", "mail-to-office@x.service"):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", name],
            env=os.environ | {"SYSTEMD_UNIT_PATH": f"{units}:"},
            cwd=units,
            capture_output=True,
            text=True,
            check=False,
        )
        told = [line for line in done.stderr.splitlines() if str(units) in line or name in line]
        assert told == [], done.stderr


def test_the_script_runs_edxtasks(built_once: Project, office: Path) -> None:
    program = office / ".venv" / "bin" / "edxtasks"
    program.write_text(f'#!/bin/sh\ncd {built_once.folder}\nexec {sys.executable} -m edxtasks "$@"\n')
    done = run(f"{OFFICE}/night wekly", office, PYTHONPATH=str(REPOSITORY))
    assert done.returncode == 3
    assert '"wekly" is not a task or command; did you mean "weekly"?' in done.stdout


def test_the_lines_of_the_second_week_are_valid(built_once: Project, tmp_path: Path) -> None:
    """The package of the example is made, and the plan of its first line says what it brings."""
    project = built_once.copy(tmp_path / "project")
    [package] = project.folder.glob("mitx-20*")
    shutil.copytree(package, project.folder / "mitx-2014-11-02")
    lines = [line.split()[1:] for line in block("sh", "doit plan").splitlines()]
    assert [words[0] for words in lines] == ["plan", "weekly", "health"]
    assert lines[0][1:] == lines[1][1:]
    planned = project.doit(*lines[0]).out
    assert f"will run  waldofy:{project.courses[0]}: " in planned
    assert "if waldofy changes" in planned or "waldofy will run" in planned


# What every message of ours may say.


def texts() -> list[str]:
    """All texts in the code of the product, with … for what is put into them."""
    found = []
    for path in (REPOSITORY / "edxtasks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.append("".join(map(put_in, node.values)))
    return found


def put_in(part: ast.expr) -> str:
    """A part of a formatted text: … for a value, `… rows` for a quantity of rows."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    value = part.value if isinstance(part, ast.FormattedValue) else part
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "quantity":
        nouns = [str(noun.value) for noun in value.args if isinstance(noun, ast.Constant)]
        return "" if not nouns else f"… {nouns[1]}" if len(nouns) > 1 else f"… {nouns[0]}s"
    return "…"


MESSAGES = [
    message
    for row in re.findall(r"^\| (`.*?) \|", PAGE.partition("## What to do when")[2], re.MULTILINE)
    for message in re.findall(r"`([^`]+)`", row)
]


def test_each_message_is_one_of_ours() -> None:
    assert len(MESSAGES) > 50
    known = [re.sub(r"\s+", " ", text) for text in texts()]
    strange = []
    for message in MESSAGES:
        parts = [re.escape(part.strip()) for part in re.split(r"…|\b[NM]\b", message) if part.strip()]
        form = re.compile(".*".join(parts))
        if not any(form.search(text) for text in known):
            strange.append(message)
    assert strange == []
