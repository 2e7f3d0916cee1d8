"""Files read and written by this room: plain or gzip, read in pieces, written beside and renamed over."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from isal import igzip, isal_zlib

from edxtasks.errors import InputError
from edxtasks.notes import Notes

PIECE = 1 << 20
"""Bytes read at a time."""

_GZIP_PIECE = 1 << 18
_GZIP_LEVEL = 2


class ByteSink(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take `data`."""


class _GzipWriter:
    """Compresses what is written to it, in pieces of one fixed size.

    The compressor's output depends on how its input is cut: with a fixed piece, and a header without time
    stamp or name, equal content gives equal bytes however it was written.
    """

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._compressor = isal_zlib.compressobj(_GZIP_LEVEL, wbits=31)
        self._pending = bytearray()

    def write(self, data: bytes, /) -> None:
        self._pending += data
        if len(self._pending) < _GZIP_PIECE:
            return
        whole = len(self._pending) - len(self._pending) % _GZIP_PIECE
        with memoryview(self._pending) as view:
            for start in range(0, whole, _GZIP_PIECE):
                self._sink.write(self._compressor.compress(view[start : start + _GZIP_PIECE]))
        del self._pending[:whole]

    def finish(self) -> None:
        """Write what is left and the end of the stream."""
        self._sink.write(self._compressor.compress(bytes(self._pending)))
        self._sink.write(self._compressor.flush())


_BROKEN_GZIP = cast("tuple[type[Exception], ...]", (gzip.BadGzipFile, isal_zlib.error))


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, igzip.IGzipFile(path, "rb"))  # type: ignore[no-untyped-call]
    return path.open("rb")


@contextmanager
def replacing(path: Path, *, as_it_is: bool = False) -> Iterator[ByteSink]:
    """A sink whose content becomes the file `path` when the block ends without an error.

    Gzip when the name ends in `.gz`, with equal bytes for equal content; `as_it_is`: what is written is gzip
    already. Until then the old file stays; after an error it stays for good and nothing is left beside it.
    """
    with replacing_together([path], as_it_is=as_it_is) as (sink,):
        yield sink


@contextmanager
def replacing_together(paths: Sequence[Path], *, as_it_is: bool = False) -> Iterator[list[ByteSink]]:
    """As `replacing`, for several files: none is replaced before all are complete."""
    parts = [path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part") for path in paths]
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(part.open("xb")) for part in parts]
            sinks = [
                _GzipWriter(file) if path.suffix == ".gz" and not as_it_is else file
                for path, file in zip(paths, files, strict=True)
            ]
            yield list(sinks)
            for sink in sinks:
                if isinstance(sink, _GzipWriter):
                    sink.finish()
        for part, path in zip(parts, paths, strict=True):
            part.replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


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
