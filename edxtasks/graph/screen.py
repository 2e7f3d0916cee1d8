"""Where a run writes: messages that stay, and how far it is while it runs.

On a terminal the latter is a live place at its bottom; elsewhere, and on a terminal that cannot move its
cursor, it is a line every now and then.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from edxtasks.errors import from_machine
from edxtasks.graph.progress_words import clock, line
from edxtasks.graph.record import Snapshot
from edxtasks.printable import divert_messages, number, printable_message, quantity

if TYPE_CHECKING:
    from edxtasks.graph.live import LivePlace

Source = Callable[[], Snapshot | str]
"""Gives what is shown: a moment of the run, or before there is one what is being prepared."""

_TICK = 0.25
_QUICK = 0.5
"""Seconds that a run may take and show nothing live: it is soon over, and rich takes time to import."""
_SILENCE = 1.8
"""Seconds without a line, at the start; later a tenth of the time that has passed, and `_LONGEST_SILENCE`."""
_LONGEST_SILENCE = 300.0
_NO_CURSOR = {"", "dumb", "unknown"}
"""What TERM says of a terminal that only prints."""


class Screen:
    """Standard error as a run uses it. Called from any thread; nothing here raises where it is called."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        # Kept here: while a task runs, doit puts something else in the place of sys.stderr.
        self.stream = stream or sys.stderr
        self.nobody_reads: Callable[[], None] = lambda: None
        """Called when what is written here goes nowhere any more."""
        self._lock = threading.RLock()
        self._lost: set[int] = set()
        self._started = self._written = time.monotonic()
        self._source: Source | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._place: LivePlace | None = None
        self._live = _is_live(self.stream)

    def show(self, source: Source) -> None:
        """From now on show how far the run is, as `source` says."""
        self._source = source
        if self._thread is None and not self._stopped.is_set():
            divert_messages(self.say)
            self._thread = threading.Thread(target=self._keep_showing, name="edxtasks-screen", daemon=True)
            self._thread.start()

    def say(self, message: str) -> None:
        """Write a message to standard error. It stays."""
        self.write(self.stream, message)

    def write(self, stream: IO[str], message: str) -> None:
        """Write a message. What cannot be written ends the run, or is told on the other stream."""
        if id(stream) in self._lost:
            return
        text = printable_message(message)
        try:
            with self._lock:
                self._written = time.monotonic()
                if stream is self.stream and self._live and not self._stopped.is_set():
                    self._opened().say(text)
                else:
                    print(text, file=stream, flush=True)
        except OSError as error:
            self._lose(stream, error)

    def stop(self) -> None:
        """Show nothing any more, and take the live place away. Messages are written as before."""
        self._stopped.set()
        divert_messages(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._close()

    def _keep_showing(self) -> None:
        while not self._stopped.wait(_TICK):
            try:
                with self._lock:
                    if not self._stopped.is_set():
                        self._tick()
            except (OSError, ValueError) as error:  # ValueError: the stream was closed
                self._lose(self.stream, error)
                return

    def _tick(self) -> None:
        now = time.monotonic()
        if self._live:
            if now - self._started >= _QUICK:
                self._opened().draw(self._now(now))
        elif now - self._written >= min(max(_SILENCE, (now - self._started) / 10), _LONGEST_SILENCE):
            found = self._now(now)
            told = found if isinstance(found, str) else line(found)
            print(printable_message(told), file=self.stream, flush=True)
            self._written = now

    def _now(self, now: float) -> Snapshot | str:
        assert self._source is not None
        found = self._source()
        return f"{clock(now - self._started)}  {found}" if isinstance(found, str) else found

    def _opened(self) -> LivePlace:
        if self._place is None:
            from edxtasks.graph.live import LivePlace

            self._place = LivePlace(self.stream)
        return self._place

    def _close(self) -> None:
        with self._lock:
            place, self._place = self._place, None
            if place is not None and id(self.stream) not in self._lost:
                try:
                    place.close()
                except OSError as error:
                    self._lose(self.stream, error)

    def _lose(self, stream: IO[str], error: OSError | ValueError) -> None:
        self._lost.add(id(stream))
        if isinstance(error, BrokenPipeError):
            self.nobody_reads()
        elif stream is not self.stream:  # a file on a full disk, say
            self.say(f"what the run came to could not be written: {from_machine(error)}")


@contextmanager
def counted(words: str, names: Sequence[str]) -> Iterator[Iterator[str]]:
    """The names again, while how many of them were taken is shown: `looking at 812 of 43 000 tasks`.

    For a command that looks at many tasks before it says anything; until then it is to write nothing.
    """
    taken = 0

    def one_by_one() -> Iterator[str]:
        nonlocal taken
        for name in names:
            yield name
            taken += 1

    screen = Screen()
    screen.show(lambda: f"{words} {number(taken)} of {quantity(len(names), 'task')}")
    try:
        yield one_by_one()
    finally:
        screen.stop()


def _is_live(stream: Any) -> bool:
    try:
        return bool(stream.isatty()) and os.environ.get("TERM", "").lower() not in _NO_CURSOR
    except ValueError:  # closed
        return False
