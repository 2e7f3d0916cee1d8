"""Rows of a raw log that several workers share, handed to the process that collects them.

Their text goes through files of the try, two a worker, in turn, which stay in the system's page cache: a pipe
would copy it four times, in bits of 64 KB. What is said about it goes through the pipe.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from edxtasks.logs.block_rows import BlockRows

FILES = 2
"""While one is read the next one is written; `workers.AHEAD` sees to it."""


@dataclass(frozen=True)
class HandedOver:
    """The rows of a block without their texts, and the size of each, which lie one behind the other in the
    file that is next."""

    block: BlockRows
    sizes: tuple[int, ...]


class Sender:
    """Puts the texts of blocks into files; `folder` is that of the try, `worker` the number of the worker.

    A context manager. Raises `OSError`, when the disk is full for one.
    """

    def __init__(self, folder: Path, worker: int) -> None:
        self._open = ExitStack()
        self._files = [
            self._open.enter_context(path.open("wb", buffering=0)) for path in _paths(folder, worker)
        ]

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def send(self, block: BlockRows) -> HandedOver:
        """Write the texts of the rows of a block; the file that has been waiting longest is written over."""
        file = self._files.pop(0)
        self._files.append(file)
        file.seek(0)
        for rows in block.groups:
            file.write(rows.text)
        sizes = tuple(len(rows.text) for rows in block.groups)
        bare = [replace(rows, text=b"") for rows in block.groups]
        return HandedOver(replace(block, groups=bare), sizes)


class Receiver:
    """Takes from a worker what a `Sender` has put there. Its files are made, and in the end removed, here."""

    def __init__(self, folder: Path, worker: int) -> None:
        self._paths = _paths(folder, worker)
        self._open = ExitStack()
        for path in self._paths:
            path.touch()
        self._files = [self._open.enter_context(path.open("rb", buffering=0)) for path in self._paths]

    def receive(self, handed: HandedOver) -> BlockRows:
        """The block as it was sent."""
        file = self._files.pop(0)
        self._files.append(file)
        file.seek(0)
        groups = [
            replace(rows, text=file.read(size))
            for rows, size in zip(handed.block.groups, handed.sizes, strict=True)
        ]
        return replace(handed.block, groups=groups)

    def close(self) -> None:
        """Remove the files."""
        self._open.close()
        for path in self._paths:
            path.unlink(missing_ok=True)


def _paths(folder: Path, worker: int) -> list[Path]:
    return [folder / f"rows.{worker}.{number}" for number in range(FILES)]
