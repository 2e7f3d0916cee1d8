"""A terminal for tests: a program run on a real pseudo-terminal, and the screen that a person would see."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

_PIECE = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])|\x1b.|[^\x1b]", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[\d;]*(?:3[0-7]|9[0-7]|38;[\d;]+)[\d;]*m")


class Screen:
    """The lines of a terminal of `columns`, those that scrolled out of sight among them.

    It knows what a program needs to redraw lines at the bottom: line ends, moves of the cursor up, and the
    erasing of lines. Anything else but colours is a fault of the program, or of this class: `unknown` has it.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines = [""]
        self._goes_on: set[int] = set()
        self.unknown: list[str] = []
        self.cursor_hidden = False
        self._row = self._column = 0

    def feed(self, text: str) -> Screen:
        """Take what a program wrote."""
        for piece in _PIECE.finditer(text):
            if piece[0] == "\n":
                self._down()
            elif piece[0] == "\r":
                self._column = 0
            elif piece[3] is not None:
                self._control(piece[1], piece[2], piece[3])
            elif piece[0].startswith("\x1b"):
                self.unknown.append(piece[0])
            else:
                self._put(piece[0])
        return self

    def resize(self, columns: int) -> None:
        """Make the terminal wider or narrower: its lines are broken anew, and the cursor keeps its place."""
        before = list(enumerate(self.lines))
        self.lines, goes_on, self._goes_on = [], self._goes_on, set()
        row, column, text = self._row, self._column, ""
        for number, line in before:
            if number == row:
                at = len(text) + column
                self._row, self._column = len(self.lines) + max(0, at - 1) // columns, 0
                self._column = at - columns * (self._row - len(self.lines))
            text += line
            if number in goes_on:
                continue
            pieces = [text[at : at + columns] for at in range(0, len(text), columns)] or [""]
            self._goes_on.update(range(len(self.lines), len(self.lines) + len(pieces) - 1))
            self.lines += pieces
            text = ""
        self.columns = columns

    @property
    def text(self) -> str:
        """What stands there, without blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n")

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self.lines):
            self.lines.append("")

    def _put(self, character: str) -> None:
        if self._column == self.columns:
            self._goes_on.add(self._row)
            self._down()
            self._column = 0
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + character + line[self._column + 1 :]
        self._column += 1

    def _control(self, private: str, numbers: str, letter: str) -> None:
        if letter == "m":
            return
        if private and letter in "hl" and numbers == "25":
            self.cursor_hidden = letter == "l"
        elif letter == "A":
            self._row = max(0, self._row - int(numbers or 1))
        elif letter == "K" and numbers == "2":
            self.lines[self._row] = ""
            self._goes_on.discard(self._row)
        else:
            self.unknown.append(f"{private}{numbers}{letter}")


@dataclass(frozen=True)
class Shown:
    """What a program wrote on its terminal, raw, and its exit status."""

    raw: str
    status: int
    columns: int

    @property
    def screen(self) -> Screen:
        """The screen at its end."""
        return Screen(self.columns).feed(self.raw)

    @property
    def is_coloured(self) -> bool:
        """Whether anything was written in a colour."""
        return _COLOUR.search(self.raw) is not None


def on_terminal(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    columns: int = 80,
    when: Callable[[str, subprocess.Popen[bytes]], None] = lambda written, process: None,
) -> Shown:
    """Run a program with all its streams on a pseudo-terminal. `when` is called with all that was written so
    far, whenever there is more."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**environment, "TERM": environment.get("TERM", "xterm-256color")},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    written = b""
    deadline = time.monotonic() + 300
    try:
        while time.monotonic() < deadline:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed: it has ended
                break
            if not piece:
                break
            written += piece
            when(written.decode(errors="replace"), process)
        status = process.wait(timeout=300)
    finally:
        process.kill()
        os.close(ours)
    return Shown(written.decode(), status, columns)
