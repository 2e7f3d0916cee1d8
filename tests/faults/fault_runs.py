"""Runs of doit whose output is read while they run, and whose processes are counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fault_points import Point
from project import Project, told_all

LONGEST = 300.0
"""Seconds after which a run hangs."""


@dataclass(frozen=True)
class Length:
    """How long an undisturbed run is: tasks that it builds, seconds that it takes, bytes that it adds to the
    project."""

    built: int
    seconds: float
    added: int


@dataclass
class Started:
    """A run on its way; what it writes goes to a file, which is read while it runs."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """What it has written."""
        return self.log.read_text(errors="replace")

    def end(self) -> int | None:
        """Its exit status; None where it hung and was killed."""
        try:
            return self.process.wait(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return None

    def await_moment(self, one: Point, length: Length) -> bool:
        """Wait for the moment of a point in a run of that length; False where it was over before."""
        after = int(one.after * length.built)
        while self.process.poll() is None and self.text.count("\nbuilt   ") < after:
            time.sleep(0.01)
        left = length.seconds * (1 - after / length.built)
        end = time.monotonic() + one.delay * left / 2
        while self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        return self.process.poll() is None


def started(
    project: Project,
    words: tuple[str, ...],
    log: Path,
    before: tuple[str, ...] = (),
    more: Mapping[str, str] | None = None,
) -> Started:
    """Start doit in a session of its own; `more` goes to its environment."""
    with log.open("wb") as file:
        file.write(b"\n")
        file.flush()
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "doit", *told_all(words)],
            cwd=project.folder,
            env=os.environ | {"PYTHONPATH": str(project.package)} | dict(more or {}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    return Started(process, log)


def of_session(session: int) -> list[int]:
    """The processes of a session that live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, _, _, of_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue  # it has just ended
            if int(of_session) == session and state != "Z":
                found.append(int(entry.name))
    return found
