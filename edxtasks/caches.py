"""Files that only spare work: digests of files, parsed models, listings of datasets.

Nothing in them decides anything, so a folder that is full or read-only is worth a warning, never a failure.
A command that only looks keeps none: it leaves every folder as it was. A cache holds the digest of what it
says: one that was cut, edited, or written by something else says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import orjson
from blake3 import blake3

from edxtasks.errors import from_machine
from edxtasks.files import write_atomically
from edxtasks.printable import say

_keeping = True
_warned: set[Path] = set()
_folder: Path | None = None


@contextmanager
def keeping_no_caches() -> Iterator[None]:
    """A block in which this process writes no cache: its command only looks."""
    global _keeping
    before, _keeping = _keeping, False
    try:
        yield
    finally:
        _keeping = before


def keeps_caches() -> bool:
    """Whether the command of this process may write files: not one that only looks."""
    return _keeping


def keep_in(folder: Path) -> None:
    """From now on, caches of what belongs to no project's settings are in this folder (`state`)."""
    global _folder
    _folder = folder


def cache_file(name: str) -> Path | None:
    """Where the cache of this name is; None as long as there is no folder for it."""
    return None if _folder is None else _folder / name


_BEGINNING = b'{"digest":"'
_BETWEEN = b'","content":'
_DIGITS = 64


def read_cache(path: Path) -> Any:
    """What `write_cache` wrote to `path`, parsed; None where there is nothing, or it is not that any more."""
    try:
        written = path.read_bytes()
    except OSError:
        return None
    content = written[len(_BEGINNING) + _DIGITS + len(_BETWEEN) : -1]
    return orjson.loads(content) if written == _written(content) else None


def _written(content: bytes) -> bytes:
    return _BEGINNING + blake3(content).hexdigest().encode() + _BETWEEN + content + b"}"


class Memo:
    """Results, as JSON has them, by a digest of all that they come from; kept in the cache `path` (None:
    nowhere). What is not asked for any more is dropped when it is saved."""

    def __init__(self, path: Path | None) -> None:
        known = read_cache(path) if path is not None else None
        self._path = path
        self._known: dict[str, Any] = known if isinstance(known, dict) else {}
        self._used: dict[str, Any] = {}

    def get(self, key: str, compute: Callable[[], Any]) -> Any:
        """The result for `key`: the one that is kept, else what `compute` gives."""
        if key not in self._used:
            self._used[key] = self._known[key] if key in self._known else compute()
        return self._used[key]

    def save(self) -> None:
        """Keep what was asked for."""
        if self._path is not None and self._used.keys() != self._known.keys():
            write_cache(self._path, orjson.dumps(self._used))


_MOST_KEPT = 1_000
"""Most results of one kind that are kept: of more, those of texts that somebody edits again and again, all
go, and what is still needed is computed once more."""


def kept_result(kind: str, version: str, key: str, compute: Callable[[], Any]) -> Any:
    """The result for `key`, as JSON has it: the one that is kept, else what `compute` gives, which is kept.

    Each is a file of its own in the folder `kind` of the folder for caches, so that processes which work at
    the same time all add to them. `version` changes whenever a key could have another result: the results of
    another version go.
    """
    folder = cache_file(kind)
    if folder is None:
        return compute()
    path = folder / f"{version}-{key}.json"
    found = read_cache(path)
    if found is None:
        found = compute()
        if _keeping:
            _make_room(folder, version)
        write_cache(path, orjson.dumps(found))
    return found


def _make_room(folder: Path, version: str) -> None:
    """Remove the results of other versions, and all where there are too many."""
    kept = list(folder.glob("*.json"))
    too_many = len(kept) >= _MOST_KEPT
    for path in kept:
        if too_many or not path.name.startswith(f"{version}-"):
            with suppress(OSError):  # it only takes room
                path.unlink()


def write_cache(path: Path, content: bytes) -> None:
    """Replace the cache `path` by `content` (JSON), its folder made where it is missing. Where that cannot
    be, the person is warned, once for each folder, by the main process of a run."""
    if not _keeping:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _written(content))
    except OSError as error:
        if path.parent not in _warned and parent_process() is None:
            _warned.add(path.parent)
            say(f"warning: {from_machine(error)}. No table depends on it; the next run may take longer")
