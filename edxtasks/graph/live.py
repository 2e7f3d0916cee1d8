"""The live place at the bottom of a terminal. Imported only where one is shown: rich takes time to import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions, Group
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from edxtasks.graph.progress_words import amount, clock, counts
from edxtasks.graph.record import Running, Snapshot
from edxtasks.printable import number, printable

_MOST_ROWS = 8
"""Running tasks that have a row of their own."""
_WIDEST = 120
"""Columns that it takes at most: wider rows are hard to read, and break when a window gets narrower."""
_ECHOED = 5
"""Columns left free at the right: what is typed, ^C for one, shows there, and must not begin a new line."""
_SHORTEST_BAR = 10
_STYLES = {"FAILED": "bold red", "warning": "yellow"}


class LivePlace:
    """A few lines that are drawn again and again, below the messages that stay.

    The cursor is left visible, so that a process that is killed leaves nothing to be mended.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        # NO_COLOR and how many colours the terminal has are rich's to find out.
        self._console = Console(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._drawn: list[int] = []
        """Columns of each row that stands there."""
        self._now: Snapshot | str = ""
        self._breaks_rows = _breaks_rows(os.environ)

    def draw(self, now: Snapshot | str) -> None:
        """Show a moment of the run, or a line of text."""
        self._erase_broken_rows()
        if not self._live.is_started:
            self._live.start()
            self._console.show_cursor(True)
        self._now = now
        self._live.update(self._rendered(now), refresh=True)

    def say(self, message: str) -> None:
        """Write a message above the place, as it is; it stays."""
        self._erase_broken_rows()
        text = Text(message)
        word = message.partition(" ")[0]
        if word in _STYLES:
            text.stylize(_STYLES[word], 0, len(word))
        self._console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Take the place away."""
        if self._live.is_started:
            self._erase_broken_rows()
            self._live.stop()

    def _rendered(self, now: Snapshot | str) -> Group:
        """What is shown, as wide as the terminal is."""
        width = max(1, min(self._console.width - _ECHOED, _WIDEST))
        rows = min(_MOST_ROWS, max(1, self._console.height - 3))
        if isinstance(now, str):
            lines = [Text(shortened(now, width), "dim")]
        else:
            lines = [_head(now, width, self._bar), *_rows(now, width, rows)]
        self._drawn = [line.cell_len for line in lines]
        return Group(*lines)

    def _erase_broken_rows(self) -> None:
        """Be as wide as the terminal is now. Where it has got narrower and has broken rows that stand there,
        erase what each takes beyond a line: rich goes up by as many lines as it has written, and would leave
        the rest behind."""
        before = self._console.width
        with suppress(OSError):  # the terminal has gone, or does not tell: rich takes what is usual
            columns, lines = os.get_terminal_size(self._stream.fileno())
            if columns and lines:
                self._console.size = ConsoleDimensions(columns, lines)
        width = self._console.width
        if width >= before or not self._drawn:
            return
        if self._breaks_rows:
            more = sum(max(0, cells - 1) // width for cells in self._drawn)
            up = [(ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)] * more
            self._console.control(Control(*up))
        self._live.update(self._rendered(self._now), refresh=True)

    @property
    def _bar(self) -> tuple[str, str]:
        return ("#", "-") if self._console.options.ascii_only else ("━", "─")


def _breaks_rows(environment: Mapping[str, str]) -> bool:
    """Whether the terminal breaks rows that stand there when it gets narrower, as nearly all do. Of one that
    cuts them off, going further up would take away messages."""
    if "TMUX" in environment:
        return True
    return not {"XTERM_VERSION", "STY"} & environment.keys()


def shortened(text: str, width: int) -> str:
    """A text of at most `width` columns: of a longer one the middle is left out, since tasks have the name of
    their table in front and the run of their course at the end."""
    if cell_len(text) <= width:
        return text
    head = (width - 1) // 2
    start = text[:head]
    while cell_len(start) > head:
        start = start[:-1]
    end = text[-(width - 1 - cell_len(start)) :]
    while cell_len(end) > width - 1 - cell_len(start):
        end = end[1:]
    return f"{start}…{end}"


def _head(now: Snapshot, width: int, bar: tuple[str, str]) -> Text:
    """The bar over all tasks, with numbers and time."""
    done, *rest = counts(now)
    told = Text(f" {done}")
    for one in rest:
        told.append("  ")
        told.append(one, "bold red" if one.endswith("failed") else "yellow")
    told.append(f"  {clock(now.seconds)}")
    room = width - cell_len(told.plain)
    if room < _SHORTEST_BAR:
        told.truncate(width)
        return told
    filled = room * now.done // now.total if now.total else 0
    line = Text(bar[0] * filled, "green")
    line.append(bar[1] * (room - filled), "dim")
    return line + told


def _rows(now: Snapshot, width: int, most: int) -> list[Text]:
    """A row for each running task, the longest first."""
    if not now.running:
        return (
            [Text(shortened(f"  looking at {printable(now.looking_at)}", width), "dim")]
            if now.looking_at
            else []
        )
    shown = now.running if len(now.running) <= most else now.running[: most - 1]
    lines = [_row(one, now.seconds, width) for one in shown]
    if len(shown) < len(now.running):
        lines.append(Text(f"  and {number(len(now.running) - len(shown))} more", "dim"))
    return lines


def _row(running: Running, seconds: float, width: int) -> Text:
    passed = f"  {clock(seconds - running.began):>7}"
    told = amount(running, seconds)
    room = width - 2 - len(passed)
    # The name keeps half of the row; of what the task tells, the end is left out, or all.
    most = room - min(cell_len(running.name), room // 2) - 2
    if cell_len(told) > most:
        told = told.partition(", ")[0]
    if cell_len(told) > most:
        told = ""
    name = shortened(printable(running.name, None), max(1, room - cell_len(told) - (2 if told else 0)))
    line = Text("  ")
    line.append(name, "bold")
    line.append(" " * max(0, room - cell_len(name) - cell_len(told)))
    line.append(told)
    line.append(passed, "dim")
    return line
