"""How a command ends before it is done: Ctrl-C, SIGTERM, SIGHUP, a closed pipe, a machine that refuses.

Whatever the command was at, it ends with a plain message or none, no traceback, and one of the statuses here.
"""

from __future__ import annotations

import itertools
import os
import re
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand

from edxtasks.caches import keeping_no_caches
from edxtasks.commands.explained import Explained
from edxtasks.commands.other_names import not_found
from edxtasks.config import VARIABLES
from edxtasks.errors import SettingsError, UserError, from_machine, nearest
from edxtasks.printable import say

FAILED = 1
WRONG_COMMAND_LINE = 3
INTERRUPTED = 130
"""Exit status of a command that was ended by Ctrl-C, SIGTERM or SIGHUP."""
OUTPUT_CLOSED = 141
"""Exit status where the reader of stdout or stderr has gone (`… | head`, a closed terminal): that of a
process that SIGPIPE ends."""

_CLOSED = select.POLLERR | select.POLLHUP


class NobodyReads(KeyboardInterrupt):
    """The reader of stdout or stderr has gone. As Ctrl-C, it passes every `except Exception`."""


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
        told, dump, _ = error.partition(" (parsing options: ")
        if not dump:
            return told
        name = self.get_name()  # type: ignore[attr-defined]
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
    try:
        with _signals_as_ctrl_c():
            status = work()
            for stream in _streams():
                stream.flush()
            return status
    except NobodyReads:
        return _unread()
    except KeyboardInterrupt:
        return _told(INTERRUPTED, "interrupted")
    except SettingsError as error:
        return _told(WRONG_COMMAND_LINE, f"ERROR: {error}")
    except UserError as error:
        return _told(FAILED, f"ERROR: {error}")
    except (OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError) and any(map(_unread_stream, _streams())):
            return _unread()
        return _told(FAILED, f"ERROR: {from_machine(error)}")


@contextmanager
def watching_readers() -> Iterator[Callable[[], None]]:
    """While the block runs, the end of whoever reads stdout or stderr raises `NobodyReads` in the main
    thread, also while nothing is written and while it waits.

    Gives the function that does the same, for whoever notices it otherwise; any thread may call it.
    """
    main = threading.main_thread().ident
    assert main is not None
    gone = threading.Event()

    def interrupt(number: int, frame: Any) -> None:
        if gone.is_set():
            raise NobodyReads
        raise KeyboardInterrupt

    def nobody_reads() -> None:
        if not gone.is_set():
            gone.set()
            signal.pthread_kill(main, signal.SIGTERM)

    previous = signal.signal(signal.SIGTERM, interrupt)
    wake, woken = os.pipe()
    watcher = threading.Thread(target=_watch, args=(wake, nobody_reads), daemon=True)
    watcher.start()
    try:
        yield nobody_reads
    finally:
        gone.set()
        os.close(woken)
        watcher.join()
        os.close(wake)
        signal.signal(signal.SIGTERM, previous)


def ignore_interrupts() -> None:
    """From now on the command only cleans up: another Ctrl-C must not break into that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def end_quietly_when_interrupted() -> None:
    """Ctrl-C while the product is still being imported, before any command of it runs: no traceback."""
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            _told(INTERRUPTED, "interrupted")
            os._exit(INTERRUPTED)
        previous(kind, error, trace)

    sys.excepthook = hook


def _watch(wake: int, nobody_reads: Callable[[], None]) -> None:
    watched = select.poll()
    watched.register(wake, select.POLLIN)
    for number in filter(None, map(_number_of, _streams())):
        watched.register(number, 0)  # errors and hang-ups are always told
    if any(number != wake and events & _CLOSED for number, events in watched.poll()):
        nobody_reads()


def _streams() -> list[IO[str]]:
    return [stream for stream in (sys.__stdout__, sys.__stderr__) if stream is not None]


def _number_of(stream: IO[str]) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # no file behind it, or closed
        return None


def _unread_stream(stream: IO[str]) -> bool:
    number = _number_of(stream)
    if number is None:
        return False
    watched = select.poll()
    watched.register(number, 0)
    return any(events & _CLOSED for _, events in watched.poll(0))


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
    for stream in _streams():
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        number = _number_of(stream)
        if number is not None:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), number)


@contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ending)}

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    for number in ending:
        if before[number] is signal.SIG_DFL:  # else somebody wants it otherwise: nohup, for one
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
