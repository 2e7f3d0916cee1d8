"""Errors made for people.

Everything that a person or the machine can cause is a `UserError`: its text says what was expected, what was
found and in which file, and what to do. Any other exception is a defect of the product.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable

from edxtasks.printable import printable, printable_path


class UserError(Exception):
    """A fault in input, settings, command line or machine that the person who runs the product can mend.

    The text is complete: it is shown as it stands, without a traceback.
    """


class SettingsError(UserError):
    """A configuration or command line that cannot be used."""


class InputError(UserError):
    """A file from outside that cannot be used; the text names the file."""


class NotDeliveredError(InputError):
    """A source is not there that a table cannot be made without: a failure for whoever asks for the table or
    needs it, an absence for who can do without."""


class NoDumpDirectory(NotDeliveredError):
    """A course has no directory of the dump that is asked for: it is not in this dump at all."""


class MachineError(UserError):
    """The machine refused: a file, a folder, memory, a connection. Made by `from_machine`."""


class MemoryRanOutError(MachineError):
    """An engine had less memory than a query needs."""


class ServiceError(UserError):
    """A service on the network cannot be used for now: what else needs it fails too."""


class QuotaError(ServiceError):
    """A quota of a service is used up, until it is renewed."""


class SourceAbsentError(Exception):
    """A source that was never delivered (no forum dump, no tarball): a normal state, no fault.

    The task that needs it is skipped with this reason, and its consumers see the table as absent: one that
    was made before is set aside. `names` are the names of the files that would have been taken, as `waldofy`
    sorts them.
    """

    def __init__(self, message: str, names: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.names = tuple(names)


class NoCourseDirectory(SourceAbsentError):
    """A course has no directory at all: nothing newer is there, and its tables stay as they are."""


_WHAT_TO_DO = {
    errno.EACCES: "check its owner and permissions",
    errno.EPERM: "check its owner and permissions",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or raise the quota",
    errno.EROFS: "the file system is mounted read-only: choose another folder",
    errno.ENAMETOOLONG: "choose a shorter folder",
    errno.EMFILE: "allow more open files (ulimit -n), or run fewer tasks at once (doit -n)",
    errno.ENFILE: "too many files are open on this machine",
    errno.EIO: "the disk or the network share failed",
    errno.ESTALE: "the network share failed, or the file was removed there",
    errno.ENOENT: "it was removed, or never there",
    errno.ENOMEM: 'set memory_limit under [engine] (for example "2GB") or run fewer tasks at once (doit -n)',
    errno.EAGAIN: "run fewer tasks at once (doit -n)",
}


def from_machine(error: BaseException) -> MachineError | None:
    """What the machine refused, as an error for people; None for any other exception.

    An `OSError` names its files (Python gives them to it), the operating system's reason and what to do; a
    `MemoryError` says which setting bounds memory.
    """
    if isinstance(error, MemoryError):
        return MachineError(f"memory ran out: {_WHAT_TO_DO[errno.ENOMEM]}")
    if not isinstance(error, OSError):
        return None
    reason = printable(error.strerror or str(error) or type(error).__name__)
    files = [one for one in (error.filename, error.filename2) if isinstance(one, str | bytes | os.PathLike)]
    hint = _WHAT_TO_DO.get(error.errno or 0)
    text = (
        f"{' and '.join(map(printable_path, files))}: cannot be read or written: {reason}"
        if files
        else reason
    )
    return MachineError(f"{text}; {hint}" if hint else text)


def nearest(word: str, known: Iterable[str]) -> str:
    """The tail of a message that names the known word nearest to `word`: `; did you mean "x"?`, or ""."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{matches[0]}"?' if matches else ""
