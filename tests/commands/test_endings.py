"""How commands end before they are done: nobody reads, Ctrl-C, SIGTERM, a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from project import REPOSITORY, Project, messages_of

from edxtasks.commands.ending import ended
from edxtasks.errors import SettingsError, UserError

LAUNCH = (sys.executable, "-m", "doit")


def start(folder: Path, *words: str, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        words,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


def processes_of_session(session: int) -> list[str]:
    """Command lines of all processes of a session (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session and fields[0] != "Z":
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it has just ended
    return found


def test_a_run_whose_messages_nobody_reads_ends(tiny_campus: Path, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", tiny_campus)
    run = start(
        project.folder, *LAUNCH, "-n", "2", "weekly", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert run.stdout is not None
    assert run.stdout.readline()
    run.stdout.close()
    assert run.wait(timeout=300) == 141
    # A worker of a worker ends by itself, as soon as it has started far enough to see that it is alone.
    deadline = time.monotonic() + 300
    while (left := [one for one in processes_of_session(run.pid) if "spawn_main" in one]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert left == []
    assert project.doit("grading_policy").failed == set()


WAITING = """
import sys, time
from edxtasks.commands.ending import ended

def work():
    print("begun", file=sys.stderr, flush=True)
    time.sleep(600)

sys.exit(ended(work))
"""


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_run_that_writes_nothing_ends_too_when_its_reader_has_gone(closed: str, tmp_path: Path) -> None:
    run = start(tmp_path, sys.executable, "-c", WAITING, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stderr is not None
    assert run.stderr.readline() == b"begun\n"
    getattr(run, closed).close()
    assert run.wait(timeout=300) == 141
    rest = run.stdout if closed == "stderr" else run.stderr
    assert rest.read() == b""
    rest.close()


DEAF = """
import pathlib, sys
import duckdb
from edxtasks.commands.ending import ended
from edxtasks.files import replacing
from edxtasks.scratch import Scratch, use

def work():
    scratch = use(Scratch([pathlib.Path("scratch")]))
    with replacing(pathlib.Path("unfinished")), scratch.folder():
        print("begun", file=sys.stderr, flush=True)
        # no row comes for hours, and DuckDB does not let Python hear of signals while it looks for one
        rows = "range(10000000) AS a (x), range(10000000) AS b (y)"
        duckdb.execute(f"SELECT x FROM {rows} WHERE hash(x * y) = 3").fetchmany(1)

sys.exit(ended(work))
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, "stdout"])
def test_a_query_that_hears_of_no_signal_is_ended(end: signal.Signals | str, tmp_path: Path) -> None:
    query = start(tmp_path, sys.executable, "-c", DEAF, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert query.stdout is not None
    assert query.stderr is not None
    assert query.stderr.readline() == b"begun\n"
    if isinstance(end, signal.Signals):
        query.send_signal(end)
    else:
        query.stdout.close()
    assert query.wait(timeout=300) == (130 if isinstance(end, signal.Signals) else 141)
    assert query.stderr.read() == (b"interrupted\n" if isinstance(end, signal.Signals) else b"")
    assert [path.name for path in tmp_path.rglob("*") if path.name != ".lock"] == ["scratch"]


def test_an_error_that_a_query_makes_of_a_signal_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None  # as DuckDB does
        return 0

    assert ended(work) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("words", [("list", "--all"), ("plan",), ("help",), ("why", "-h")])
def test_a_closed_pipe_is_no_error(words: tuple[str, ...], built_once: Project) -> None:
    read, write = os.pipe()
    os.close(read)
    command = start(built_once.folder, *LAUNCH, *words, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, messages = command.communicate(timeout=300)
    assert (command.returncode, messages_of(messages.decode())) == (141, [])


def test_what_is_listed_onto_a_full_disk_is_an_error(built_once: Project) -> None:
    with Path("/dev/full").open("wb") as full:
        command = start(built_once.folder, *LAUNCH, "list", stdout=full.fileno(), stderr=subprocess.PIPE)
    _, messages = command.communicate(timeout=300)
    told = messages_of(messages.decode())
    assert (command.returncode, told) == (1, ["ERROR: No space left on device; free some space"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_interrupted_while_it_reads_its_settings(
    number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "dodo.py").write_text(
        f"import os, time\nos.kill(os.getpid(), {number.value})\ntime.sleep(60)\n"
    )  # the signal may come a moment later, by way of another thread
    command = start(tmp_path, *LAUNCH, "weekly", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, messages = command.communicate(timeout=300)
    assert (out, messages_of(messages.decode())) == (b"", ["interrupted"])
    assert command.returncode == 130


def test_a_command_that_is_interrupted_while_it_is_imported(tmp_path: Path) -> None:
    program = "import edxtasks.commands, os, signal; os.kill(os.getpid(), signal.SIGINT)"
    command = start(tmp_path, sys.executable, "-c", program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert command.communicate(timeout=300) == (b"", b"interrupted\n")
    assert command.returncode == 130


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (UserError("no\x1b"), 1, "ERROR: no\\x1b\n"),
        (SettingsError("what?"), 3, "ERROR: what?\n"),
        (
            PermissionError(13, "Permission denied", "/a"),
            1,
            "ERROR: /a: cannot be read or written: Permission d",
        ),
        (BrokenPipeError(32, "Broken pipe"), 1, "ERROR: Broken pipe\n"),  # of a connection: all is read here
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_what_a_command_raises_becomes_a_message_and_a_status(
    error: BaseException, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        raise error

    assert ended(work) == status
    assert capsys.readouterr().err.startswith(told)


def everything_below(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of all files and folders."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in [folder, *folder.rglob("*")]
    }


def test_what_only_looks_writes_nothing(built: Project) -> None:
    for cache in (*built.folder.glob("state/*.json"), *built.warehouse.glob("*/_edxtasks/states.json")):
        cache.unlink()
    course = built.courses[0]
    before = everything_below(built.folder)
    for words in (("plan",), ("why", f"person_course:{course}"), ("list",), ("estimate",), ("info", "split")):
        built.doit(*words, status=None)
    built.doit("plan", "root=elsewhere", status=None)
    after = everything_below(built.folder)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == set()
