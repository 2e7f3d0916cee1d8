"""The prompt of the shell: line editing, history, names to complete. Loaded at a terminal only."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output

from edxtasks.errors import from_machine
from edxtasks.printable import say
from edxtasks.shell.statements import is_blank, split

PROMPT = "edxtasks> "
MORE = "     ...> "
HISTORY = "shell_history"
"""File below `state`. Statements may hold names of people: only its owner may read it."""


class Prompt:
    """Statements and dot commands, as they are typed."""

    def __init__(self, dialect: str, history: Path | None, names: Iterable[str]) -> None:
        """`history`: the file that keeps what was typed, None for none. `names` are offered with Tab."""
        self._dialect = dialect
        self._session: PromptSession[str] = PromptSession(
            history=_history(history),
            multiline=True,
            prompt_continuation=MORE,
            key_bindings=self._keys(),
            completer=WordCompleter(list(names), ignore_case=True, WORD=True, match_middle=True),
            complete_while_typing=False,
            output=create_output(stdout=sys.stderr),  # stdout is for results
        )

    def read(self) -> str:
        """The next statements, or a dot command. Raises `EOFError` for Ctrl-D, `KeyboardInterrupt`."""
        return self._session.prompt(PROMPT)

    def is_complete(self, text: str) -> bool:
        """Whether Enter ends the input: it is a dot command, or a semicolon ends its last statement."""
        if text.lstrip().startswith(".") or not text.strip():
            return True
        statements, rest = split(text, self._dialect)
        return bool(statements) and is_blank(rest, self._dialect)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if self.is_complete(buffer.text):
                buffer.validate_and_handle()
            else:
                buffer.insert_text("\n")

        return keys


class _Kept(FileHistory):
    """Statements in a file; one that begins with a blank is not kept, as shells do it."""

    def store_string(self, string: str) -> None:
        if not string.startswith(" "):
            super().store_string(string)


def _history(file: Path | None) -> History:
    if file is None:
        return InMemoryHistory()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(file, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        try:
            if stat.S_ISREG(os.fstat(number).st_mode):
                os.fchmod(number, 0o600)
        finally:
            os.close(number)
    except OSError as error:
        say(f"note: {from_machine(error)}. What is typed is not kept for the next time")
        return InMemoryHistory()
    return _Kept(str(file))
