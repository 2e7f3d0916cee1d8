"""Memory that pieces of work side by side share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryBudget:
    """So many megabytes for pieces of work in several threads: one that needs more than is left waits."""

    def __init__(self, megabytes: int) -> None:
        self._whole = self._left = megabytes
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, megabytes: int) -> Iterator[None]:
        """A block that takes so much memory. What needs more than there is at all has it alone."""
        needed = min(megabytes, self._whole)
        with self._changed:
            self._changed.wait_for(lambda: self._left >= needed)
            self._left -= needed
        try:
            yield
        finally:
            with self._changed:
                self._left += needed
                self._changed.notify_all()
