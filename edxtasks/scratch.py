"""The scratch place: where a process keeps files that nobody needs once it has ended.

Below `state`, readable by its owner alone, each process has a folder of its own, named after the run that it
belongs to, and holds a lock in it for as long as it lives. A process removes its folder when it ends; that of
a process that was killed is told by its free lock, and goes when the run ends or the next one begins. A file
that has to be written beside its target, since only then can it be renamed over it, has a name that begins
as those of its writer do; the folder of the writer notes where such files are, and they go with it. Nothing
is kept in the system's folder for temporary files.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edxtasks.errors import UserError
from edxtasks.printable import printable_path

if TYPE_CHECKING:
    from edxtasks.config import Settings

PLACE = "scratch"
"""Folder below `state`."""

BESIDE = ".edxtasks-"
"""How the names of files begin that are written beside their target, to be renamed over it."""

PRIVATE = "_edxtasks"
"""Folder of a warehouse, and of each of its datasets, for what is not a table."""

_LOCK = ".lock"
_OF_RUN = "run-"
_NOTE = "beside-"
_MODE = 0o700


class NoScratchError(UserError):
    """No folder for scratch can be made anywhere."""


class Scratch:
    """Scratch folders of this process, made when they are first needed. A context manager.

    `places` are the folders that they may be in, the usual one first; each belongs to one user.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self.places = tuple(places)
        self.notice = ""
        self._folder: Path | None = None
        self._noted: dict[Path, str] = {}
        self._remove: weakref.finalize[Any, Scratch] | None = None

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The folder of this process. Raises `NoScratchError` when none can be made.

        Where it is not in the usual place, `notice` says why, in a line for people.
        """
        if self._folder is None or not self._folder.is_dir():
            self._folder = self._made()
        return self._folder

    def warning(self) -> str:
        """What a person should know of the place, in a line: that it is not the usual one, or that there is
        none; "" when all is well."""
        try:
            _ = self.path
        except NoScratchError as fault:
            return str(fault)
        return self.notice

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """A new folder, which goes with the block."""
        path = self.path / secrets.token_hex(4)
        try:
            path.mkdir(_MODE)
        except OSError as error:
            raise NoScratchError(f"{path} cannot be made: {error.strerror}") from None
        try:
            yield path
        finally:
            _remove_tree(path)

    def beginning_in(self, folder: Path) -> str:
        """How the names of files in `folder` begin that go when this process is killed: no other process has
        the same. One note for each folder, and not for each file, since a run writes thousands.

        Without a scratch folder nothing is noted, and such a file would stay.
        """
        folder = folder.absolute()
        if self._folder is None or folder not in self._noted or not self._folder.is_dir():
            beginning = f"{BESIDE}{os.getpid()}-{secrets.token_hex(4)}-"
            try:
                note = self.path / f"{_NOTE}{secrets.token_hex(4)}"
                note.symlink_to(folder / beginning)
            except (NoScratchError, OSError):
                return beginning
            self._noted[folder] = beginning
        return self._noted[folder]

    def sweep(self) -> None:
        """Remove what processes have left that are no more."""
        for place in self.places:
            if place.is_dir():
                with suppress(OSError), _locked(place):
                    _sweep(place)

    def close(self) -> None:
        """Remove the folder of this process with all that is in it."""
        self._folder = None
        if self._remove is not None:
            self._remove()

    def _made(self) -> Path:
        faults = []
        for place in self.places:
            try:
                place.mkdir(_MODE, parents=True, exist_ok=True)
                with _locked(place):
                    _sweep(place)
                    folder, lock = _own_folder(place)
            except OSError as error:
                faults.append(f"{error.filename or place}: {error.strerror or error}")
                continue
            _open.add(self)
            self._noted = {}
            self._remove = weakref.finalize(self, _give_up, folder, lock, os.getpid())
            if faults:
                self.notice = f"scratch files are kept in {place}, since {'; '.join(faults)}"
            return folder
        raise NoScratchError(
            f"scratch files can be kept nowhere ({'; '.join(faults)}): make the folder of the setting state "
            "writable, or name another one"
        )


def leave_nothing() -> None:
    """Remove all scratch of this process and its unfinished files: it ends in the next moment, whatever it
    is at."""
    for scratch in list(_open):
        folder = scratch._folder
        if folder is not None:
            _clear(folder)


def scratch_of(settings: Settings) -> Scratch:
    """The scratch of a process: below `state`; where that cannot be written, in the warehouse's folder."""
    there = f"{PLACE}-{os.getuid()}"  # a warehouse may belong to several people
    return Scratch((settings.engine.state / PLACE, settings.warehouse.path / PRIVATE / there))


_open: weakref.WeakSet[Scratch] = weakref.WeakSet()
_current: Scratch | None = None


def use(scratch: Scratch) -> Scratch:
    """Note in `scratch`, from now on, the files that this process writes beside their targets."""
    global _current
    _current = scratch
    return scratch


@contextmanager
def beside(target: Path, folder: Path | None = None) -> Iterator[Path]:
    """A new empty file beside `target` (or in `folder`, of the same file system), to be renamed over it.

    Nobody else may read it before it is `published`. It goes with the block unless it was renamed, and with
    the run when the process is killed. Raises `UserError` where a device, a pipe or a folder stands in the
    target's place: renaming over it would take it away.
    """
    if target.exists() and not target.is_file():
        raise UserError(f"{printable_path(target)}: expected the name of a file, found another thing there")
    folder = folder or target.parent
    beginning = _current.beginning_in(folder) if _current is not None else f"{BESIDE}{os.getpid()}-"
    path = folder / f"{beginning}{secrets.token_hex(4)}"
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield path
    except OSError as error:
        _name_target(error, path, target)
        raise
    finally:
        path.unlink(missing_ok=True)


def _name_target(error: OSError, path: Path, target: Path) -> None:
    """Let an error name the file that people know, and not the one beside it."""
    if isinstance(error.filename, str | os.PathLike) and Path(error.filename) == path:
        error.filename, error.filename2 = str(target), None


def publish(path: Path, target: Path) -> None:
    """Rename a finished file over its target, readable by whom new files are readable."""
    path.chmod(0o666 & ~_mask)
    path.replace(target)


def keep_to(mode: str) -> None:
    """Let this process, and those that it starts, make files of no more than `mode` ("0600"), and folders
    that the same people may enter.

    It is the umask of the process that does so: files that DuckDB and other libraries make follow it too.
    """
    global _mask
    bits = int(mode, 8)
    _mask = 0o777 & ~(bits | (bits & 0o444) >> 2)
    os.umask(_mask)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_mask = _umask()  # asked for once: asking changes it for a moment, for all threads


def _own_folder(place: Path) -> tuple[Path, int]:
    """A new folder in `place`, and its lock, which is held as long as the process lives."""
    parent = parent_process()
    run = os.getpid() if parent is None else parent.pid
    folder = place / f"{_OF_RUN}{run}-{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir(_MODE)
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder, lock


def _give_up(folder: Path, lock: int, process: int) -> None:
    if os.getpid() != process:
        return  # a forked child has a copy of this, and its parent goes on
    _remove_tree(folder)
    os.close(lock)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the lock under which folders in `place` are made and swept."""
    file = os.open(place / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _sweep(place: Path) -> None:
    for folder in place.glob(f"{_OF_RUN}*"):
        if _is_left(folder):
            _clear(folder)


def _clear(folder: Path) -> None:
    """Remove the folder of a process, and the unfinished files that are noted in it."""
    for note in folder.glob(f"{_NOTE}*"):
        with suppress(OSError):  # a folder that is no longer writable, or not there
            path = note.readlink()
            if path.name.startswith(BESIDE):
                for left in path.parent.glob(f"{escape(path.name)}*"):
                    left.unlink(missing_ok=True)
    _remove_tree(folder)


def _is_left(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return True  # killed while it was made: folders are made under the lock that is held here
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise
        return False
    finally:
        os.close(lock)
    return True


def _remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
