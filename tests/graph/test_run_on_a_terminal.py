"""What a person sees of a run: on a terminal a live place and what matters, in a pipe plain lines."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

import pytest
from doit.exceptions import InvalidDodoFile
from project import REPOSITORY
from terminal import Screen as Terminal
from terminal import Shown, on_terminal

from edxtasks.errors import SettingsError
from edxtasks.graph.json_lines import JsonLines
from edxtasks.graph.live import LivePlace
from edxtasks.graph.load import load_namespace
from edxtasks.graph.record import Outcome, Running, RunRecord, Snapshot, TaskRecord
from edxtasks.graph.screen import Screen, counted
from edxtasks.printable import say

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
    assert "2 rows, 1 date" in text
    assert "failed: split; the page of this run: " in text


def test_nothing_is_left_of_the_live_place(shown: Shown) -> None:
    # It was there, unless the machine needs no half second for all of it.
    assert "of 2 tasks" not in shown.screen.text
    assert "reading settings" not in shown.screen.text


def test_nothing_is_left_of_it_where_the_terminal_gets_narrower(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLUMNS", "LINES", "XTERM_VERSION", "STY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    running = tuple(Running(f"person_course:Org/Number-of-{one}/2031_Spring", 0.0, one) for one in (1, 2))
    moment = Snapshot(done=3, total=9, failed=0, warned=0, seconds=4.0, running=running, looking_at="")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream, os.fdopen(ours, "rb", buffering=0) as reader:
        place = LivePlace(stream)

        def shown(columns: int, then: Callable[[], None]) -> None:
            """The terminal has so many columns from now on, and something is written."""
            screen.resize(columns)
            ioctl(theirs, TIOCSWINSZ, pack("HHHH", 24, columns, 0, 0))
            then()
            stream.write("\x1b[0m|")  # the end of what was written, which stays nowhere
            stream.flush()
            written = ""
            while not written.endswith("\x1b[0m|"):
                written += reader.read(1 << 16).decode()
            screen.feed(written.removesuffix("\x1b[0m|"))

        screen = Terminal(120)
        shown(120, lambda: place.say("warning first"))
        shown(120, lambda: place.draw(moment))
        assert screen.text.count("person_course") == 2
        shown(50, lambda: place.draw(moment))
        assert screen.text.count("0:04") == 3  # a bar and two tasks
        assert len(screen.text.splitlines()) == 4
        shown(31, lambda: place.say("warning second"))
        assert screen.text.splitlines()[:2] == ["warning first", "warning second"]
        assert len(screen.text.splitlines()) == 5
        shown(20, place.close)
        assert screen.text.splitlines() == ["warning first", "warning second"]


def test_a_command_that_looks_shows_how_far_it_is_and_then_writes_alone(
    office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace = load_namespace(fresh(office, tmp_path / "office"), ["list"], {})
    names = [task["name"] for task in namespace["task_edxtasks"]() if task.get("name")]
    assert COURSE in names  # the sub-task of many
    say("nothing stands below")  # nor is anything diverted to a screen
    with counted("looking at", names) as one_by_one:
        assert list(one_by_one) == names
    say("nothing stands here")
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if line.startswith("nothing")] == [
        "nothing stands below",
        "nothing stands here",
    ]


def test_what_is_built_scrolls_by_only_on_demand(shown: Shown) -> None:
    # Lines of the closing table have no reason in parentheses.
    assert not re.search(r"built   logs2bq.*\(", shown.screen.text.replace("\n", ""))
    assert shown.is_coloured


def written_to_a_terminal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """What the screen of a run writes of two messages on a pseudo-terminal, and that something is going on
    below them."""
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream, os.fdopen(ours, "rb", buffering=0) as reader:
        screen = Screen(stream)
        screen.say("FAILED  split: it is no log")
        screen.write(stream, "built   roles: 3 rows")
        screen.stop()
        screen.say("the end")
        written = b""
        while b"the end\r\n" not in written:
            written += reader.read(1 << 16)
        return written.decode()


def test_no_color_and_a_dumb_terminal_are_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = "FAILED  split: it is no log\r\nbuilt   roles: 3 rows\r\nthe end\r\n"
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Shown(written_to_a_terminal(monkeypatch), 0, 80).is_coloured
    assert written_to_a_terminal(monkeypatch, TERM="dumb") == plain
    without = Shown(written_to_a_terminal(monkeypatch, NO_COLOR="1"), 0, 80)
    assert not without.is_coloured
    assert without.screen.text == plain.replace("\r", "").strip()


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
        "1 new day",
    )
    assert 0 < loaded["seconds"] < lines[-1]["seconds"]
    assert {line["run"] for line in lines} == {loaded["run"]}
    ended = {name: lines[-1][name] for name in ("status", "built", "fresh", "failed", "blocked", "warned")}
    assert ended == {"status": "failed", "built": 1, "fresh": 0, "failed": 1, "blocked": 0, "warned": 0}


def test_ctrl_c_again_and_again_leaves_a_clean_terminal(office: Path, tmp_path: Path) -> None:
    folder = fresh(office, tmp_path / "office")

    def interrupt(written: str, process: subprocess.Popen[bytes]) -> None:
        if "of 2 tasks" in written and process.poll() is None:
            process.send_signal(signal.SIGINT)

    shown = on_terminal(LINE, folder, environment(), when=interrupt)
    if "of 2 tasks" not in shown.raw:
        return  # it was over before the live place was drawn
    text = shown.screen.text
    assert shown.status in {130, 1}  # 1: the work was just done
    assert "interrupted" in text or FAULT in text.replace("\n", "")
    assert "of 2 tasks" not in text
    assert "Traceback" not in text
    assert not shown.screen.cursor_hidden


def test_rich_is_imported_for_a_live_place_alone() -> None:
    code = (
        "import sys; from edxtasks.commands.run import Run; from edxtasks.graph.screen import Screen; "
        "screen = Screen(); screen.show(lambda: 'x'); screen.say('told'); screen.stop(); "
        "sys.exit('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"told\n")


def test_each_run_adds_its_lines_to_the_log(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    for minute in (1, 2):
        record = RunRecord(wall=datetime(2031, 3, 4, 5, minute, tzinfo=UTC))
        record.add(TaskRecord("roles", Outcome.FRESH, rows=3, bytes=90))
        log = JsonLines(path, record.wall)
        log.task(
            TaskRecord("roles", Outcome.FRESH, "\x1b[31mred\ntwo", rows=3, bytes=90, warnings=("w\udcff",))
        )
        log.end(record, "succeeded", {"/b", "/a"})
        assert log.fault == ""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["run"] for line in lines] == [
        f"2031-03-04T05:0{minute}:00.000000Z" for minute in (1, 1, 2, 2)
    ]
    assert lines[0] == lines[2] | {"run": lines[0]["run"]}
    assert lines[0] == {
        "run": "2031-03-04T05:01:00.000000Z",
        "task": "roles",
        "status": "fresh",
        "reason": "\\x1b[31mred\ntwo",
        "seconds": 0.0,
        "rows": 3,
        "unit": "rows",
        "dates": None,
        "bytes": 90,
        "rejects": 0,
        "warnings": ["w\\xff"],
    }
    assert (lines[1]["status"], lines[1]["fresh"], lines[1]["built"]) == ("succeeded", 1, 0)
    assert lines[1]["tables"] == ["/a", "/b"]


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    record = RunRecord()
    with pytest.raises(SettingsError, match=r"^log_json: .*/none/run\.jsonl: cannot be read or written"):
        JsonLines(tmp_path / "none" / "run.jsonl", record.wall)
    full = JsonLines(Path("/dev/full"), record.wall)
    full.task(TaskRecord("roles", Outcome.FRESH))
    assert "No space left on device" in full.fault
    full.end(record, "succeeded", set())
    # A command that runs nothing has no such lines, and says so.
    with pytest.raises(InvalidDodoFile, match="log_json: without effect on plan"):
        load_namespace(tmp_path, ["plan", "split", "log_json=run.jsonl"], {})
    assert list(tmp_path.iterdir()) == []
