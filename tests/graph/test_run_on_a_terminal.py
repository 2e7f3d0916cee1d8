"""What a person sees of a run: on a terminal a live place and what matters, in a pipe plain lines."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from project import REPOSITORY
from terminal import Shown, on_terminal

COURSE = "OrgZ/Chem-1x.Advanced_Laboratory_Methods_and_Safety/2031_Spring_Second_Half_Of_Term"
BAD = "aaa.log.gz"
FAULT = f"{BAD} is not a tracking log: it is a zip archive"


def events(course: str, day: str) -> bytes:
    key = f"course-v1:{course.replace('/', '+')}"
    lines = [
        {
            "username": name,
            "event_type": "page_close",
            "time": f"{day}T10:00:0{second}+00:00",
            "event_source": "browser",
            "event": "{}",
            "context": {"course_id": key, "user_id": second},
            "agent": "",
            "ip": "",
            "host": "h",
            "page": None,
            "session": "",
        }
        for second, name in enumerate(("ann", "bea"))
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which nothing is built: a log of one course with a long name, and a file that is none."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copy(REPOSITORY / "dodo.py", folder)
    (folder / "config").mkdir()
    (folder / "config" / "edxtasks.toml").write_text(
        f'course_id_list = ["{COURSE}"]\n[paths]\ntracking_logs_directory = "L"\ntlfn = "*.log.gz"\n'
    )
    (folder / "tracking.log.gz").write_bytes(gzip.compress(events(COURSE, "2031-03-04")))
    (folder / BAD).write_bytes(b"PK\x03\x04")
    return folder


def environment(**more: str) -> Mapping[str, str]:
    taken = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM"}
    clean = {name: value for name, value in os.environ.items() if name not in taken}
    return {**clean, "PYTHONPATH": str(REPOSITORY), **more}


LINE = [sys.executable, "-m", "doit", "-n", "2", "logs2bq"]


def fresh(office: Path, folder: Path) -> Path:
    shutil.copytree(office, folder)
    return folder


@pytest.fixture(scope="module")
def shown(office: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = fresh(office, tmp_path_factory.mktemp("terminal") / "office")
    return on_terminal([*LINE, "log_json=run.jsonl"], folder, environment())


def test_a_terminal_shows_what_failed_once_and_the_totals(shown: Shown) -> None:
    assert shown.status == 1
    screen = shown.screen
    assert (screen.unknown, screen.cursor_hidden) == ([], False)
    text = screen.text.replace("\n", "")  # the terminal breaks long lines anywhere
    assert text.count(FAULT) == 1
    assert "1 built, 1 failed in " in text
    assert f"built   logs2bq:{COURSE}" in text
    assert "2 rows, 1 dates" in text
    assert "failed: split; the page of this run: " in text


def test_nothing_is_left_of_the_live_place(shown: Shown) -> None:
    assert "2 tasks" in shown.raw  # it was there
    assert "of 2 tasks" not in shown.screen.text
    assert "reading settings" not in shown.screen.text


def test_what_is_built_scrolls_by_only_on_demand(shown: Shown) -> None:
    # Lines of the closing table have no reason in parentheses.
    assert not re.search(r"built   logs2bq.*\(", shown.screen.text.replace("\n", ""))
    assert shown.is_coloured


def test_no_color_and_a_dumb_terminal_are_heeded(office: Path, tmp_path: Path) -> None:
    folder = fresh(office, tmp_path / "office")
    plain = on_terminal(LINE, folder, environment(NO_COLOR="1"))
    assert (plain.status, plain.is_coloured) == (1, False)
    assert plain.screen.text.replace("\n", "").count(FAULT) == 1
    dumb = on_terminal(LINE, folder, environment(TERM="dumb"))
    assert (dumb.status, "\x1b" in dumb.raw) == (1, False)
    assert dumb.screen.text.replace("\n", "").count(FAULT) == 1


def test_a_pipe_gets_plain_lines_and_programs_get_json(office: Path, tmp_path: Path) -> None:
    folder = fresh(office, tmp_path / "office")
    done = subprocess.run(
        [*LINE, "log_json=run.jsonl"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "\x1b" not in out + err
    assert "\r" not in out + err
    assert err.count(FAULT) == 1
    assert out.startswith("1 built, 1 failed in ")
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    by_task = {line["task"]: line for line in lines[:-1]}
    assert set(by_task) == {"split", f"logs2bq:{COURSE}"}
    assert by_task["split"]["status"] == "failed"
    assert FAULT in by_task["split"]["reason"]
    assert by_task["split"]["rows"] is None
    loaded = by_task[f"logs2bq:{COURSE}"]
    assert (loaded["status"], loaded["rows"], loaded["dates"], loaded["reason"]) == (
        "built",
        2,
        1,
        "1 new days",
    )
    assert 0 < loaded["seconds"] < lines[-1]["seconds"]
    assert {line["run"] for line in lines} == {loaded["run"]}
    ended = {name: lines[-1][name] for name in ("status", "built", "fresh", "failed", "blocked", "warned")}
    assert ended == {"status": "failed", "built": 1, "fresh": 0, "failed": 1, "blocked": 0, "warned": 0}
    # Another run adds its lines.
    (folder / BAD).unlink()
    again = subprocess.run(
        [*LINE, "log_json=run.jsonl"], cwd=folder, env=environment(), capture_output=True, check=False
    )
    assert again.returncode == 0
    more = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()][len(lines) :]
    assert {line.get("task"): line["status"] for line in more} == {
        "split": "fresh",
        f"logs2bq:{COURSE}": "fresh",
        None: "succeeded",
    }
    assert more[0]["run"] != lines[0]["run"]


def test_ctrl_c_leaves_a_clean_terminal(office: Path, tmp_path: Path) -> None:
    folder = fresh(office, tmp_path / "office")

    def interrupt(written: str, process: subprocess.Popen[bytes]) -> None:
        if "of 2 tasks" in written and process.poll() is None:
            process.send_signal(signal.SIGINT)

    shown = on_terminal(LINE, folder, environment(), when=interrupt)
    if shown.status != 130:  # it was over before the live place was drawn
        assert "of 2 tasks" not in shown.raw
        return
    text = shown.screen.text
    assert "interrupted: what was finished is kept" in text.replace("\n", "")
    assert "of 2 tasks" not in text
    assert "Traceback" not in text
    assert not shown.screen.cursor_hidden


def test_a_log_that_cannot_be_written_is_told_before_anything_runs(office: Path, tmp_path: Path) -> None:
    folder = fresh(office, tmp_path / "office")
    for words, told in (
        (["split", "log_json=none/run.jsonl"], "ERROR: log_json: none/run.jsonl"),
        (["plan", "split", "log_json=run.jsonl"], "log_json: without effect on plan"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "doit", *words],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3, done.stderr
        assert told in done.stderr.replace(f"{folder}/", "")
    assert not (folder / "L").exists()
