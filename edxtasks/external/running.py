"""Running the program of an external command, here or by HTCondor. No shell runs."""

from __future__ import annotations

import csv
import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, UserError
from edxtasks.external import guard
from edxtasks.printable import printable, printable_path

FOLDER = "EDXTASKS_EXTERNAL_FOLDER"
ROOT = "EDXTASKS_EXTERNAL_ROOT"
"""Environment of a program: where the configuration is looked for, and `root`, as the run has them."""

JOBS_FILE = "condor_jobs.csv"
_JOBS_COLUMNS = ("course_id", "datetime", "jobid", "log_file")
_SUBMITTED = re.compile(r"submitted to cluster (\d+)")


def environment(settings: Settings) -> dict[str, str]:
    """What a program finds in its environment besides ours: the bridge programs read it."""
    own = {FOLDER: str(Path.cwd()), ROOT: str(settings.root.absolute())}
    if settings.config_file is not None:
        own["EDXTASKS_CONFIG"] = str(settings.config_file.absolute())
    return own


def program_of(words: Sequence[str], run_dir: Path) -> str:
    """The program that the first word names, as seen from `run_dir`.

    Raises `InputError` where there is none.
    """
    name = words[0] if words else ""
    place = run_dir / name if "/" in name else None
    found = shutil.which(str(place) if place is not None else name) if name else None
    if found is None:
        where = "is not on PATH" if place is None else "does not exist, or cannot be executed"
        raise InputError(f'the program "{printable(name)}" {where} (script_cmd)')
    return found


def run(words: Sequence[str], run_dir: Path, log_file: Path, own: Mapping[str, str]) -> None:
    """Run a program to its end, its output in `log_file`.

    Raises `UserError` where it cannot be run or ends with another status than 0. It is ended, with all its
    processes, when this process ends.
    """
    program = program_of(words, run_dir)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, str(log_file.absolute()), program, *words[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=run_dir,
        env=os.environ | own,
    )
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace")
    status = process.wait()
    assert process.stdin is not None
    process.stdin.close()
    if said:
        raise InputError(f"{printable_path(program)}: {printable(said.strip())}")
    if status:
        how = f"was ended by signal {status - 128}" if status > 128 else f"ended with status {status}"
        raise UserError(f"{printable_path(program)} {how}; its output is in {printable_path(log_file)}")


def submit(submit_file: Path, text: str, root: Path, own: Mapping[str, str]) -> str:
    """Write a submit file and hand it to HTCondor; gives the number of the cluster.

    Raises `UserError` where `condor_submit` is not there, fails, or gives no number.
    """
    for folder in (submit_file.parent, root / "JOBS"):
        folder.mkdir(parents=True, exist_ok=True)
    submit_file.write_text(text, encoding="utf-8")
    program = shutil.which("condor_submit")
    if program is None:
        raise InputError("the program condor_submit is not on PATH: submit_condor needs HTCondor")
    done = subprocess.run(
        [program, str(submit_file)],
        cwd=root,
        env=os.environ | own,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    shown = printable(" ".join((done.stderr or done.stdout).split()), 300)
    if done.returncode:
        raise UserError(f"condor_submit ended with status {done.returncode}: {shown}")
    found = _SUBMITTED.search(done.stdout)
    if found is None:
        raise UserError(f'condor_submit gave no number (expected "submitted to cluster N"): {shown}')
    return found[1]


def note_job(root: Path, course: CourseKey, cluster: str, log_file: Path) -> None:
    """Add a line to `condor_jobs.csv`."""
    with (root / JOBS_FILE).open("a", newline="", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # other tasks, and other runs, add lines too
        file.seek(0, os.SEEK_END)
        writer = csv.writer(file, lineterminator="\n")
        if not file.tell():
            writer.writerow(_JOBS_COLUMNS)
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        writer.writerow((course.slash, now, cluster, str(log_file)))
