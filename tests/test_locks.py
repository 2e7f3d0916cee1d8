"""Locks between runs: one holder at a time, who is named; a wait that ends; a killed holder leaves none."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import REPOSITORY

from edxtasks.locks import WAITING, HeldError, Lock, _token, wait_at_most
from edxtasks.workers import Job, WorkerPool


def run_token(report: object) -> str:
    """What a worker takes its run for."""
    return _token()


HOLD = """
import sys
from pathlib import Path
from edxtasks.locks import Lock
with Lock(Path(sys.argv[1]), "d.t"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def waits_without_end() -> Iterator[None]:
    yield
    wait_at_most(None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until a line comes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_who_may_not_wait_is_told_who_holds_it(path: Path, holder: subprocess.Popen[str]) -> None:
    wait_at_most(0)
    told: list[str] = []
    with pytest.raises(HeldError) as fault, Lock(path, "d.t", told.append):
        pytest.fail("it is held")
    note = json.loads(path.read_bytes())
    assert note["process"] == holder.pid
    assert note["machine"] == socket.gethostname()
    assert str(fault.value).startswith(
        f"d.t: the run of process {holder.pid} on {socket.gethostname()}, since {note['since']}, has it, "
        "and wait=0 allows no longer wait."
    )
    assert told == []


def test_who_may_wait_goes_on_afterwards(path: Path, holder: subprocess.Popen[str]) -> None:
    wait_at_most(300)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        assert holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()

    with Lock(path, "d.t", tell):
        assert json.loads(path.read_bytes())["process"] == os.getpid()
    [line] = told
    assert line.startswith(f"{WAITING}d.t, which the run of process {holder.pid} on ")
    assert path.read_bytes() == b""


def test_a_killed_holder_leaves_no_lock(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    wait_at_most(0)
    with Lock(path, "d.t"):
        assert json.loads(path.read_bytes())["process"] == os.getpid()


def test_what_the_own_run_holds_is_always_waited_for(path: Path) -> None:
    wait_at_most(0)
    first = Lock(path, "d.t")
    first.__enter__()
    entered = threading.Event()

    def enter() -> None:
        with Lock(path, "d.t", lambda told: first.__exit__()):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(300)
    assert entered.is_set()


def test_a_run_of_the_same_name_and_number_elsewhere_is_another(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    """Two containers may have one host name, and both be process 1."""
    note = {"process": os.getpid(), "machine": socket.gethostname(), "since": "2014-10-26 05:12:07 UTC"}
    path.write_text(json.dumps(note | {"run": "0123456789abcdef"}))
    wait_at_most(0)
    with pytest.raises(HeldError, match=rf"the run of process {os.getpid()} on "), Lock(path, "d.t"):
        pytest.fail("it is held")


def test_the_workers_of_a_run_are_the_run(tmp_path: Path) -> None:
    with WorkerPool(2) as pool:
        tokens = {outcome.get() for _, outcome in pool.each([Job(run_token, ())] * 2)}
    assert tokens == {_token()}


def test_a_lock_whose_file_was_removed_is_no_lock(path: Path, holder: subprocess.Popen[str]) -> None:
    path.unlink()
    wait_at_most(0)
    with Lock(path, "d.t"):
        assert path.is_file()


@pytest.mark.parametrize("note", [b"", b"[1]", b"\xff\x00", b'{"process": 1}'])
def test_an_unreadable_note_is_another_run(path: Path, holder: subprocess.Popen[str], note: bytes) -> None:
    path.write_bytes(note)
    wait_at_most(0)
    with pytest.raises(HeldError, match=r"^d\.t: another run has it"), Lock(path, "d.t"):
        pytest.fail("it is held")
