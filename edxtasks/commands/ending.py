"""How a command ends before it is done: Ctrl-C, SIGTERM, SIGHUP, a closed pipe, a machine that refuses.

Whatever the command was at, it ends with a plain message or none, no traceback, and one of the statuses here.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType

from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand

from edxtasks.caches import keeping_no_caches
from edxtasks.commands.explained import Explained
from edxtasks.commands.guard import (
    INTERRUPTED,
    OUTPUT_CLOSED,
    Guard,
    NobodyReads,
    current,
    guarded,
    is_unread,
    number_of,
    streams,
)
from edxtasks.commands.other_names import not_found
from edxtasks.config import VARIABLES
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, UserError, from_machine, nearest
from edxtasks.printable import say

FAILED = 1
WRONG_COMMAND_LINE = 3

_NO_NUMBER = re.compile(r"Error parsing parameter '(\w+)' <class 'int'>\.\n.*: ('.*')\s*$", re.DOTALL)
"""What doit says of an option that is to be a whole number."""


class EndsWell(Explained):
    """Mixed into a doit command: however the command ends, it ends as this module says.

    `only_looks`: it writes no file, not even a cache.
    """

    only_looks = False

    def parse_execute(self, in_args: Sequence[str]) -> int | None:
        """Parse the words of the command line, run the command, give the exit status."""
        return ended(lambda: self._help() if self._is_help_wanted(in_args) else self._parsed(in_args))

    def _parsed(self, in_args: Sequence[str]) -> int | None:
        with keeping_no_caches() if self.only_looks else nullcontext():
            try:
                status: int | None = super().parse_execute(in_args)  # type: ignore[misc]
            except CmdParseError as error:
                raise CmdParseError(self._not_parsed(str(error))) from None
            except InvalidCommand as error:
                if error.not_found is None:
                    raise
                raise InvalidCommand(self._not_found(error.not_found)) from None
            return status

    def _not_parsed(self, error: str) -> str:
        """What doit says of options that it cannot read, without the objects that it shows, and with the
        option that may be meant."""
        name = self.get_name()  # type: ignore[attr-defined]
        if (number := _NO_NUMBER.match(error)) is not None:
            (option,) = (one for one in self.get_options() if one.name == number[1])  # type: ignore[attr-defined]
            written = f"-{option.short}" if option.short else f"--{option.long}"
            return f"{written}: expected a whole number, found {shorten(number[2])} (doit help {name})"
        told, dump, _ = error.partition(" (parsing options: ")
        if not dump:
            return told
        given = re.search(r"option --(\S+) not recognized", told)
        hint = ""
        if given is not None:
            hint = nearest(given[1], [one.long for one in self.get_options() if one.long])  # type: ignore[attr-defined]
            hint = hint.replace('"', '"--', 1)
            plain = given[1].replace("-", "_")
            if not hint and (known := nearest(plain, VARIABLES)):
                hint = known.replace('"?', '=…"?') + " Options of tasks have no dashes"
        return f"{told}{hint} (doit help {name})"

    def _not_found(self, word: str) -> str:
        """What to say of a word that is no task and no command, with the one that is meant."""
        tasks = [task.name for task in getattr(self, "task_list", ())]
        commands = [point.name for point in entry_points(group="doit.COMMAND")]
        return not_found(word, tasks, commands)

    def _is_help_wanted(self, words: Sequence[str]) -> bool:
        """Whether `-h` or `--help` stands there: doit's commands know neither. One that has such an option
        of its own sees to it itself."""
        options = self.get_options()  # type: ignore[attr-defined]
        before = list(itertools.takewhile(lambda word: word != "--", words))
        return bool({"-h", "--help"} & set(before)) and all(option.short != "h" for option in options)

    def _help(self) -> int:
        print(self.help())
        return 0


def ended(work: Callable[[], int | None]) -> int | None:
    """What `work` gives as exit status, or that of how it ended. Errors for people that doit itself knows how
    to show go through."""
    with guarded() as guard:
        try:
            return _ended(work, guard)
        except KeyboardInterrupt as error:  # it came while another end was seen to
            guard.let_end()
            return _status(error, guard)


def _ended(work: Callable[[], int | None], guard: Guard) -> int | None:
    try:
        guard.begin()
        status = work()
        for stream in streams():
            stream.flush()
        guard.let_end()
        return status
    except BaseException as error:
        guard.let_end()
        told = _status(error, guard)
        if told is None:
            raise
        return told


def _status(error: BaseException, guard: Guard) -> int | None:
    """The exit status of a command that ended with an error, which is told; None for one that is none of
    ours to tell. What comes after an interruption comes from it: a query makes an error of its own of it."""
    broken = isinstance(error, BrokenPipeError) and any(map(is_unread, streams()))
    if guard.unread or broken or isinstance(error, NobodyReads):
        return _unread()
    if isinstance(error, KeyboardInterrupt) or (guard.interrupted and isinstance(error, Exception)):
        return _told(INTERRUPTED, "interrupted")
    if isinstance(error, SettingsError):
        return _told(WRONG_COMMAND_LINE, f"ERROR: {error}")
    if isinstance(error, UserError):
        return _told(FAILED, f"ERROR: {error}")
    if isinstance(error, (OSError, MemoryError)):
        return _told(FAILED, f"ERROR: {from_machine(error)}")
    return None


def ignore_interrupts() -> None:
    """From now on the command only cleans up: another Ctrl-C must not break into that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    guard = current()
    if guard is not None:
        guard.let_end()


def end_quietly_when_interrupted() -> None:
    """Ctrl-C while the product is still being imported, before any command of it runs: no traceback."""
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            _told(INTERRUPTED, "interrupted")
            os._exit(INTERRUPTED)
        previous(kind, error, trace)

    sys.excepthook = hook


def _unread() -> int:
    _give_up()
    return OUTPUT_CLOSED


def _told(status: int, message: str) -> int:
    with suppress(OSError):  # nobody may read that either
        say(message)
    _give_up()
    return status


def _give_up() -> None:
    """Let what is still to be written go nowhere: the interpreter would try again at its end, and fail."""
    for stream in streams():
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        number = number_of(stream)
        if number is not None:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), number)
