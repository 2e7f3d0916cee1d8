"""Slots: through which blocks of lines, and their rows, go from one process to another.

A pipe holds 200 kB: who sends a block through it has to wait, piece by piece, until the other process turns
from its lines and reads. What is written into a slot is there until it is read. Slots are reused, since a
file's new pages cost more than what is copied into them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from itertools import accumulate
from mmap import mmap
from pathlib import Path
from typing import Any

KEPT = 8 * 1024 * 1024
"""Most bytes that a slot keeps for the next block."""


class Slot:
    """A file without a name, in memory where the system has such files, that two processes have mapped. It is
    gone when both have ended, however they do. One process writes, and tells the other one, which reads."""

    def __init__(self, file: int) -> None:
        self.file = file
        """Its descriptor."""
        self._mapped: mmap | bytes = b""

    @classmethod
    def new(cls, folder: Path) -> Slot:
        """Make one; where it has to be on disk, in `folder`. Raises `OSError`."""
        if hasattr(os, "memfd_create"):
            return cls(os.memfd_create("edxtasks"))
        with tempfile.TemporaryFile(dir=folder) as file:
            return cls(os.dup(file.fileno()))

    def close(self) -> None:
        """Close it in this process."""
        self._mapped = b""
        os.close(self.file)

    def write(self, texts: Sequence[bytes]) -> list[int]:
        """Write texts over what it holds. Gives the size of each, by which they are read. Raises
        `OSError`."""
        sizes = [*map(len, texts)]
        memory = self._memory(sum(sizes))
        begin = 0
        for text, size in zip(texts, sizes, strict=True):
            memory[begin : begin + size] = text
            begin += size
        return sizes

    def read(self, sizes: Sequence[int]) -> list[bytes]:
        """The texts that were written last, of these sizes. Raises `OSError`."""
        memory = self._memory(sum(sizes))
        ends = [*accumulate(sizes)]
        texts = [memory[end - size : end] for size, end in zip(sizes, ends, strict=True)]
        if len(memory) > KEPT:
            os.ftruncate(self.file, 0)
        return texts

    def _memory(self, size: int) -> Any:
        """The file, of so many bytes at least, as it is mapped here. The other process may have made it
        longer or shorter, and memory behind its end must not be touched."""
        length = os.fstat(self.file).st_size
        longer = size + size // 4 if length < size else length
        while length < longer:  # written, since to touch what a full disk has no room for ends the process
            length += os.pwrite(self.file, bytes(longer - length), length)
        if len(self._mapped) != length:
            self._mapped = mmap(self.file, length) if length else b""
        return self._mapped
