"""What ends a command from outside: signals, and the end of whoever reads it, whatever the command is at.

Python hears of a signal between two steps of its own. A query may keep it from that for minutes, or lose what
the signal raised in a message of its own. So a thread hears of signals as well; where the command has not
ended soon after one, the thread ends the process.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from edxtasks.printable import say
from edxtasks.scratch import leave_nothing

INTERRUPTED = 130
"""Exit status of a command that was ended by Ctrl-C, SIGTERM or SIGHUP."""
OUTPUT_CLOSED = 141
"""Exit status where the reader of stdout or stderr has gone (`… | head`, a closed terminal): that of a
process that SIGPIPE ends."""

GRACE_SECONDS = 1.5
"""How long a command may take to end by itself."""

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_CLOSED = select.POLLERR | select.POLLHUP


class NobodyReads(KeyboardInterrupt):
    """The reader of stdout or stderr has gone. As Ctrl-C, it passes every `except Exception`."""


class Guard:
    """Watches over a command that runs in the main thread.

    `interrupted`: a signal, or the end of a reader, was heard; `unread`: the reader has gone; `must_end`:
    it was more than a Ctrl-C, after which a prompt may go on.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self.unread = False
        self.must_end = False
        self.interrupt: Callable[[], None] | None = None
        """Breaks off what the main thread waits for, from another thread."""
        self.survives_ctrl_c = False
        """Whether Ctrl-C only breaks off what is going on, as at a prompt."""
        self._takes_its_time = False
        self._has_begun = False
        self._lock = threading.RLock()  # a handler may run in the middle of a block that holds it
        self._is_on_its_way_out = False
        self._raised = float("-inf")
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._woken, False)
        self._before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDING)}
        self._woken_before = -1
        self._unraisable_before = sys.unraisablehook
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def begin(self) -> None:
        """Hear signals from now on; those that somebody wants to be ignored (nohup, for one) stay so. A
        signal may raise in here already. In another thread than the main one, and where it was begun before,
        this does nothing."""
        if self._has_begun or threading.current_thread() is not threading.main_thread():
            return
        self._has_begun = True
        sys.unraisablehook = self._unraisable
        for number, handler in self._before.items():
            if handler in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, self._heard)
        self._woken_before = signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        self._thread.start()

    def hear_again(self) -> None:
        """Hear signals as before, after something else has listened to them (a prompt does)."""
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)

    def take_time(self) -> None:
        """The main thread only waits for other processes from now on, and ends them when it is interrupted,
        however long that takes."""
        self._takes_its_time = True

    def let_end(self) -> None:
        """From now on the command ends by itself, and takes the time that it needs for that: nothing is
        raised any more."""
        with self._lock:
            self._is_on_its_way_out = True

    def nobody_reads(self) -> None:
        """The reader of stdout or stderr has gone: raise `NobodyReads` in the main thread, also while it
        waits. Any thread may call this."""
        with self._lock:
            if self.unread or self._is_on_its_way_out:
                return
            self.unread = self.must_end = self.interrupted = True
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGTERM)

    def end(self) -> None:
        """Leave signals as they were before. After an interruption of the command nothing comes but the end
        of Python, which one more Ctrl-C must not break into: they are ignored from then on."""
        self.let_end()
        if self._has_begun:
            signal.set_wakeup_fd(self._woken_before)
        os.close(self._woken)
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._wake)
        if not self._has_begun:
            return
        sys.unraisablehook = self._unraisable_before
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._is_broken_off() else handler)

    def _unraisable(self, lost: sys.UnraisableHookArgs) -> None:
        """What was raised where Python cannot raise, in a callback of its own: an interruption is no news,
        since the thread ends the process."""
        if isinstance(lost.exc_value, KeyboardInterrupt):
            self._raised = float("-inf")
        else:
            self._unraisable_before(lost)

    def _heard(self, number: int, frame: Any) -> None:
        if self._is_on_its_way_out:
            return
        self._note(number)
        if self._is_broken_off():
            if time.monotonic() - self._raised < GRACE_SECONDS:
                return  # what the command does about the first is not broken off by the next
            self._raised = time.monotonic()
        raise NobodyReads if self.unread else KeyboardInterrupt

    def _is_broken_off(self) -> bool:
        """Whether the command as a whole is to end before it is done."""
        return self.must_end or (self.interrupted and not self.survives_ctrl_c)

    def _note(self, number: int) -> None:
        self.interrupted = True
        self.must_end = self.must_end or number in _ENDING

    def _watch(self) -> None:
        watched = select.poll()
        watched.register(self._wake, select.POLLIN)
        for number in {number for number in map(number_of, streams()) if number is not None}:
            watched.register(number, 0)  # errors and hang-ups are always told
        deadline: float | None = None
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ends = False
            for number, _ in watched.poll(left):
                if number == self._wake:
                    said = os.read(self._wake, 64)
                    if not said:
                        return
                    ends = self._is_to_end(said) or ends
                else:
                    watched.unregister(number)
                    self.nobody_reads()
                    ends = True
            if ends and deadline is None:
                deadline = time.monotonic() + GRACE_SECONDS
            if deadline is not None and time.monotonic() >= deadline:
                deadline = None
                self._end_process()

    def _is_to_end(self, said: bytes) -> bool:
        """Break off what the main thread is at; whether signals ask for more than that."""
        numbers = [number for number in self._before if number in said]
        for number in numbers:
            self._note(number)
        if numbers and self.interrupt is not None:
            self.interrupt()
        return bool(numbers) and self._is_broken_off()

    def _end_process(self) -> None:
        if self._is_on_its_way_out or self._takes_its_time:
            return
        leave_nothing()
        if not self.unread:
            with suppress(OSError):
                say("interrupted")
        os._exit(OUTPUT_CLOSED if self.unread else INTERRUPTED)


_current: Guard | None = None


@contextmanager
def guarded() -> Iterator[Guard]:
    """A block with a guard, which hears nothing until it is begun; a block within another has its guard."""
    global _current
    if _current is not None:
        yield _current
        return
    _current = Guard()
    try:
        yield _current
    finally:
        _current.end()
        _current = None


def current() -> Guard | None:
    """The guard of the command that runs."""
    return _current


def streams() -> list[IO[str]]:
    """Those of stdout and stderr that there are."""
    return [stream for stream in (sys.__stdout__, sys.__stderr__) if stream is not None]


def number_of(stream: IO[str]) -> int | None:
    """The file descriptor of a stream."""
    try:
        return stream.fileno()
    except (OSError, ValueError):  # no file behind it, or closed
        return None


def is_unread(stream: IO[str]) -> bool:
    """Whether the reader of a stream has gone."""
    number = number_of(stream)
    if number is None:
        return False
    watched = select.poll()
    watched.register(number, 0)
    return any(events & _CLOSED for _, events in watched.poll(0))
