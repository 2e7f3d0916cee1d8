"""Folders for programs that are no run: benchmarks, the search of the fuzzer, emulators."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edxtasks.scratch import Scratch


@contextmanager
def scratch_folder(above: str | None = None) -> Iterator[Path]:
    """An empty folder for one's own eyes, in the system's folder for temporary files or in `above`.

    It goes with the block, on SIGTERM too. What a program has left that was killed goes when the next one
    comes here.
    """
    if threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    place = Path(above or tempfile.gettempdir()) / f"edxtasks-programs-{os.getuid()}"
    with Scratch((place,)) as scratch, scratch.folder() as folder:
        yield folder
