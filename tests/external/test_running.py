"""The guard of a program: it ends with whoever asked for it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import is_running

from edxtasks.errors import InputError, UserError
from edxtasks.external import guard
from edxtasks.external.running import program_of, run


def number_in(file: Path) -> int:
    while not file.exists() or not file.read_text().endswith("\n"):
        time.sleep(0.01)
    return int(file.read_text())


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_a_program_ends_with_all_its_processes_when_nobody_waits(tmp_path: Path) -> None:
    child = tmp_path / "child"
    words = ["sh", "-c", f"sleep 600 & echo $! > {child}; wait"]
    asking = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, str(tmp_path / "log"), *words], stdin=subprocess.PIPE
    )
    process = number_in(child)
    assert is_running(process)
    assert asking.stdin is not None
    asking.stdin.close()  # as when the worker is killed
    while is_running(process):
        time.sleep(0.01)
    asking.wait()


def test_output_of_both_kinds_goes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "LOGS" / "x.log"
    run(["sh", "-c", "echo out; echo err >&2; cat"], tmp_path, log, {})
    assert log.read_text() == "out\nerr\n"


def test_a_program_sees_its_environment_and_runs_in_its_folder(tmp_path: Path) -> None:
    run(["sh", "-c", "echo $X; pwd"], tmp_path, tmp_path / "log", {"X": "a b"})
    assert (tmp_path / "log").read_text() == f"a b\n{tmp_path}\n"


def test_programs_by_name_and_by_place(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(InputError, match=r'the program "./mine" does not exist, or cannot be executed'):
        program_of(["./mine"], tmp_path)
    (tmp_path / "mine").chmod(0o755)
    with pytest.raises(UserError, match="mine ended with status 3"):
        run(["./mine"], tmp_path, tmp_path / "log", {})
    (tmp_path / "mine").write_bytes(b"\x7fELF and no more")
    with pytest.raises(InputError, match=r"mine: cannot run: Exec format error"):
        run(["./mine"], tmp_path, tmp_path / "log", {})
    with pytest.raises(InputError, match='the program "" is not on PATH'):
        program_of([], tmp_path)
