"""Locks between runs: files that one process at a time holds, and that say who does.

They are the `flock` of the system: it ends with its process, however that ends, so no lock is ever left. On
NFS Linux asks the server for it, so that machines keep each other out too, unless the share is mounted with
`nolock` or `local_lock`. What holds a lock writes into its file: process of the run, machine, since when.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import current_process, parent_process
from pathlib import Path
from typing import BinaryIO

from edxtasks.errors import UserError
from edxtasks.printable import printable

WAITING = "waiting for "
"""How what is told of a wait begins."""

_PAUSE = 0.05
"""Seconds between two tries."""
_LONGEST_NOTE = 500
_GRACE = 0.5
"""Seconds in which a lock may have no note: who has it, perhaps the own run, is about to write one."""
_EVERY = 5.0
"""Seconds after which a wait is told again: somebody else may hold the lock by then."""

_longest: float | None = None


class HeldError(UserError):
    """Another run holds what is needed, and did not give it back in time."""


def wait_at_most(seconds: float | None) -> None:
    """From now on this process waits no longer than this for a lock of another run; None: without end."""
    global _longest
    _longest = seconds


class Lock:
    """A lock. A context manager: who enters it waits until it is free.

    `name` says in messages what is locked; `waiting` is told who has it, when it has to be waited for. Of two
    locks on one file also those of one process keep each other out. Raises `HeldError` after the time of
    `wait_at_most`; what the own run holds is waited for without end.
    """

    def __init__(self, path: Path, name: str, waiting: Callable[[str], None] | None = None) -> None:
        self._path = path
        self._name = name
        self._waiting = waiting
        self._file: BinaryIO | None = None

    def __enter__(self) -> Lock:
        began = told = time.monotonic()
        first = True
        while (file := self._taken()) is None:
            now = time.monotonic()
            holder = _read(self._path)
            self._refuse(holder, now - began)
            if self._waiting is not None and (first or now - told > _EVERY):
                self._waiting(f"{WAITING}{self._name}, which {_told(holder)} has")
                first, told = False, now
            time.sleep(_PAUSE)
        self._file = file
        return self

    def __exit__(self, *exception: object) -> None:
        file, self._file = self._file, None
        if file is not None:
            with file:  # the lock ends with it
                os.ftruncate(file.fileno(), 0)

    def _taken(self) -> BinaryIO | None:
        """The file, locked; None where another has it."""
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same(file, self._path):
                _write(file)
                return file
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        file.close()  # it was removed before it was locked, and another may be there
        return None

    def _refuse(self, holder: dict[str, object], waited: float) -> None:
        own = holder.get("run") == _token()
        if _longest is None or own or waited < _longest or (not holder and waited < _GRACE):
            return
        raise HeldError(
            f"{self._name}: {_told(holder)} has it, and wait={_longest:g} allows no longer wait. Run again "
            "when that one is done, or let this one wait (wait=SECONDS, or no wait: as long as it takes)"
        )


def _run() -> int:
    """The process of the run that this one belongs to."""
    parent = parent_process()
    pid = None if parent is None else parent.pid
    return os.getpid() if pid is None else pid


def _token() -> str:
    """What tells this run from all others, the same in its workers: two machines may have one name, two
    containers the same processes."""
    return hashlib.blake2b(current_process().authkey, digest_size=8).hexdigest()


def _write(file: BinaryIO) -> None:
    note = {
        "run": _token(),
        "process": _run(),
        "machine": socket.gethostname(),
        "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
    }
    os.ftruncate(file.fileno(), 0)
    try:
        os.pwrite(file.fileno(), json.dumps(note).encode(), 0)
    except OSError:  # a full disk: the lock holds without its note too
        os.ftruncate(file.fileno(), 0)


def _read(path: Path) -> dict[str, object]:
    try:
        note = json.loads(path.read_bytes()[:_LONGEST_NOTE])
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _told(holder: dict[str, object]) -> str:
    if not {"process", "machine", "since"} <= holder.keys():
        return "another run"
    process, machine, since = (printable(str(holder[one]), 60) for one in ("process", "machine", "since"))
    return f"the run of process {process} on {machine}, since {since},"


def _is_same(file: BinaryIO, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    own = os.fstat(file.fileno())
    return (own.st_ino, own.st_dev) == (there.st_ino, there.st_dev)
