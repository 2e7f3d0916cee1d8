"""Starting the emulators of BigQuery and Cloud Storage as processes, and ending them."""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import environment
from scratch_folder import scratch_folder

BUCKET = "campus-bucket"
PROJECT = "campus"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Emulators:
    """Addresses of the running emulators; the bucket `BUCKET` exists."""

    bigquery: str
    storage: str


@functools.cache
def running() -> Emulators:
    """Both emulators, started once in a process and ended with it.

    They share a folder, so that a load job finds what was uploaded.
    """
    python = environment.make()
    stack = ExitStack()
    folder = stack.enter_context(scratch_folder())
    atexit.register(stack.close)
    storage = _start(python, "serve_storage.py", str(folder), BUCKET)
    bigquery = _start(python, "serve_bigquery.py", str(folder / ".cloudstorage"))
    return Emulators(_address(bigquery), _address(storage))


def _start(python: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [str(python), str(_HERE / script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TZ": "UTC"},
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()  # what the server waits for
    try:
        process.wait(timeout=300)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http://"):
            return line.strip()
    raise RuntimeError(f"{process.args!r}: ended with status {process.wait()} before it listened")
