"""Jobs for tests of the worker processes, which find this module by its name."""

from __future__ import annotations

import errno
import os
import signal
import struct
import time
from pathlib import Path
from typing import Any


def add(progress: Any, one: int, other: int) -> int:
    """A job that is done at once."""
    return one + other


def tell(progress: Any, times: int) -> int:
    """A job that tells of its progress, and its process."""
    for number in range(times):
        progress(number, times, "steps")
    return os.getpid()


def wait(progress: Any) -> None:
    """A job that tells that it has begun, and is not done before it is ended."""
    progress(os.getpid(), 0, "process")
    time.sleep(600)


def read(progress: Any, path: Path) -> bytes:
    """A job that reads a file."""
    return path.read_bytes()


def refuse() -> None:
    """What a worker does first, where the disk is full."""
    raise OSError(errno.ENOSPC, "No space left on device", "notes")


def take_memory(progress: Any) -> None:
    """A job for which there is not memory enough."""
    raise MemoryError


def stumble(progress: Any) -> int:
    """A job with a defect."""
    return 1 // 0


def break_off(progress: Any) -> None:
    """A job that is killed in the middle of what it says."""
    os.write(progress._pipe.fileno(), struct.pack("!i", 1000) + b"cut off")
    os.kill(os.getpid(), signal.SIGKILL)


def give_what_cannot_be_sent(progress: Any) -> Any:
    """A job whose result cannot be handed over."""
    return lambda: None
