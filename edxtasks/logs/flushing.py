"""Files that were written are on disk: what a checkpoint says of them holds after a crash of the machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from edxtasks.logs.layout import naming

FEW_FILES = 16


def flush(paths: Collection[Path]) -> None:
    """Return when the content of these files is on disk. Raises `OSError`, which names a file, where it could
    not be written."""
    if len(paths) > FEW_FILES and (flush_file_system := _flush_of_file_system()) is not None:
        # Many small files one by one take a disk access each: a thousand 5 s, all at once 0.1 s. What others
        # have written to the same file system comes along, and is waited for.
        for path in {path.stat().st_dev: path for path in paths}.values():
            _flush(path, flush_file_system)
    else:
        for path in paths:
            _flush(path, os.fsync)


def _flush(path: Path, flush: Any) -> None:
    with naming(path), path.open("rb") as file:
        flush(file.fileno())


@cache
def _flush_of_file_system() -> Any:
    """What writes all that waits for the file system of an open file, and raises `OSError` where that fails;
    None where the system has no such call. `os.sync` waits for the disks of everybody, and tells no error."""
    try:
        import ctypes  # here, since a process that splits nothing does not need it
    except ImportError:  # a Python that was built without it
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:  # Linux has it
        return None

    def flush_file_system(descriptor: int) -> None:
        if call(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return flush_file_system


def flush_names(folder: Path) -> None:
    """Return when the names in a folder stand on disk for the files that they stand for now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot be asked
            raise
    finally:
        os.close(descriptor)
