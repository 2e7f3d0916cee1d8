"""Slots: through which blocks of lines, and their rows, go from one process to another.

A pipe holds 200 kB: who sends a block through it has to wait, piece by piece, until the other process turns
from its lines and reads. What is written into a slot is there until it is read. Slots are reused, since a
file's new pages cost more than what is copied into them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

KEPT = 8 * 1024 * 1024
"""Most bytes that a slot keeps for the next block."""


class Slot:
    """A file without a name, in memory where the system has such files, that two processes have open. It is
    gone when both have ended, however they do."""

    def __init__(self, file: int) -> None:
        self.file = file
        """Its descriptor."""

    @classmethod
    def new(cls, folder: Path) -> Slot:
        """Make one; where it has to be on disk, in `folder`. Raises `OSError`."""
        if hasattr(os, "memfd_create"):
            return cls(os.memfd_create("edxtasks"))
        with tempfile.TemporaryFile(dir=folder) as file:
            return cls(os.dup(file.fileno()))

    def close(self) -> None:
        """Close it in this process."""
        os.close(self.file)

    def write(self, texts: Iterable[bytes]) -> list[int]:
        """Write texts over what it holds. Gives the size of each, by which they are read. Raises
        `OSError`."""
        sizes = []
        begin = 0
        for text in texts:
            sizes.append(len(text))
            rest = memoryview(text)
            while rest:
                written = os.pwrite(self.file, rest, begin)
                rest = rest[written:]
                begin += written
        return sizes

    def read(self, sizes: Iterable[int]) -> list[bytes]:
        """The texts that were written last, of these sizes. Raises `OSError`."""
        texts = []
        begin = 0
        for size in sizes:
            text = os.pread(self.file, size, begin)
            assert len(text) == size
            texts.append(text)
            begin += size
        if begin > KEPT:
            os.ftruncate(self.file, 0)
        return texts
