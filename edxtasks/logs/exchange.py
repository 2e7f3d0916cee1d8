"""Texts handed from one process to another: blocks of a raw log that several workers share, and their rows.

They go through files of the try, which stay in the system's page cache: a pipe would copy them four times, in
bits of 64 KB. What is said about them goes through the pipe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import TypeVar

from edxtasks.files import writing

File = TypeVar("File", BufferedWriter, FileIO)

AHEAD = 3
"""How many hand-overs may be under way: there are as many files, taken in turn."""


class Sender:
    """Puts texts into the files `name.0`, `name.1`, …. A context manager.

    Raises `OSError`, when the disk is full for one.
    """

    def __init__(self, name: Path) -> None:
        self._open = ExitStack()
        self._files = [self._open.enter_context(writing(path)) for path in _paths(name)]

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def send(self, texts: Iterable[bytes]) -> tuple[int, ...]:
        """Write texts over those of `AHEAD` hand-overs ago; their sizes, which the receiver needs."""
        file = _next(self._files)
        sizes = tuple(file.write(text) for text in texts)
        file.flush()
        return sizes


class Receiver:
    """Takes what a `Sender` of the same name put there, in the same order. A context manager."""

    def __init__(self, name: Path) -> None:
        self._open = ExitStack()
        for path in _paths(name):
            path.touch()  # the sender may still be on its way
        # Without a buffer: one would show what the file held before.
        self._files = [self._open.enter_context(path.open("rb", buffering=0)) for path in _paths(name)]

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def receive(self, sizes: Sequence[int]) -> list[bytes]:
        """The texts of the next hand-over, of these sizes in bytes. Raises `OSError` when one is cut."""
        file = _next(self._files)
        texts = [file.read(size) for size in sizes]
        if [*map(len, texts)] != [*sizes]:
            raise OSError(f"{file.name}: texts handed over are cut short")
        return texts


def remove(name: Path) -> None:
    """Remove the files of that name."""
    for path in _paths(name):
        path.unlink(missing_ok=True)


def _paths(name: Path) -> list[Path]:
    return [name.with_name(f"{name.name}.{number}") for number in range(AHEAD)]


def _next(files: list[File]) -> File:
    """The file whose turn it is, at its begin."""
    file = files.pop(0)
    files.append(file)
    file.seek(0)
    return file
