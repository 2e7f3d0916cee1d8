"""A program at a terminal of its own, typed to as a person would."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

_ROWS, _COLUMNS = 50, 120


class Terminal:
    """A program whose input and output are a terminal. `process` is the program."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environment) | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._seen = b""

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._ours, text.encode())

    def until(self, text: str) -> str:
        """Read until a text was shown, behind what was looked for before; gives what came before it."""
        while text.encode() not in self._seen:
            ready, _, _ = select.select([self._ours], [], [], 300)
            assert ready, (text, self._seen)
            self._seen += os.read(self._ours, 1 << 16)
        before, _, self._seen = self._seen.partition(text.encode())
        return before.decode(errors="replace")

    def end(self) -> int:
        """Wait for the end of the program; gives its status."""
        status = self.process.wait(timeout=300)
        os.close(self._ours)
        return status
