"""Files of this room: plain or gzip, read in pieces."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from isal import igzip, isal_zlib

from edxtasks.errors import InputError
from edxtasks.notes import Notes

PIECE = 1 << 20
"""Bytes read at a time."""

_BROKEN_GZIP = cast("tuple[type[Exception], ...]", (gzip.BadGzipFile, isal_zlib.error))


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, igzip.IGzipFile(path, "rb"))  # type: ignore[no-untyped-call]
    return path.open("rb")


def pieces(path: Path) -> Iterator[bytes]:
    """The content of `path` in pieces of about a mebibyte, inflated when its name ends in `.gz`.

    Raises `InputError` naming the file when it cannot be opened, or its gzip is cut off or corrupt.
    """
    try:
        with _opened(path) as file:
            while piece := file.read(PIECE):
                yield piece
    except EOFError as error:
        raise InputError(f"{path} is cut off: its gzip stream has no end. Fetch the file again.") from error
    except _BROKEN_GZIP as error:
        raise InputError(f"{path} is no whole gzip file ({error}). Fetch the file again.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def writable_directory(directory: Path, scratch: Path, notes: Notes) -> Path:
    """`directory` when files can be written there, else `scratch`, with a note that says so."""
    if os.access(directory, os.W_OK | os.X_OK):
        return directory
    notes.say(f"{directory} is not writable: the files that belong there were not kept")
    return scratch
