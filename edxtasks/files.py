"""Files written beside and renamed over, so that a reader sees the old content or the new."""

from __future__ import annotations

import io
from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edxtasks.compression import ByteSink, GzipWriter
from edxtasks.scratch import beside, publish

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _NamingFile(io.FileIO):
    """A file whose writes raise an `OSError` that names it: Python names a file only where it is opened."""

    def __init__(self, path: Path, shown: Path) -> None:
        super().__init__(path, "wb")
        self._shown = str(shown)

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = error.filename or self._shown
            raise


def writing(path: Path, shown: Path | None = None) -> io.BufferedWriter:
    """The file `path`, opened for writing bytes, empty.

    Where the disk is full, or fails, the `OSError` names the file (or `shown`, which it is written for), also
    where it comes as late as when the file is closed.
    """
    return io.BufferedWriter(_NamingFile(path, shown or path))


@contextmanager
def replacing(path: Path, *, as_it_is: bool = False) -> Iterator[ByteSink]:
    """A sink whose content becomes the file `path` when the block ends without an error.

    Gzip when the name ends in `.gz`, with equal bytes for equal content; `as_it_is`: what is written is gzip
    already. Until then the old file stays; after an error it stays for good and nothing is left beside it.
    """
    with replacing_together([path], as_it_is=as_it_is) as (sink,):
        yield sink


@contextmanager
def replacing_together(
    paths: Sequence[Path], *, as_it_is: bool = False, gzipped: Container[Path] = ()
) -> Iterator[list[ByteSink]]:
    """As `replacing`, for several files: none is replaced before all are complete.

    `gzipped` are files that are compressed whatever their names say.
    """
    with ExitStack() as unfinished:
        parts = [unfinished.enter_context(beside(path)) for path in paths]
        with ExitStack() as stack:
            files = [
                stack.enter_context(writing(part, path)) for part, path in zip(parts, paths, strict=True)
            ]
            sinks = [
                GzipWriter(file) if (path.suffix == ".gz" or path in gzipped) and not as_it_is else file
                for path, file in zip(paths, files, strict=True)
            ]
            yield list(sinks)
            for sink in sinks:
                if isinstance(sink, GzipWriter):
                    sink.finish()
        for part, path in zip(parts, paths, strict=True):
            publish(part, path)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a small file by `content`, as it is."""
    with replacing(path, as_it_is=True) as sink:
        sink.write(content)
