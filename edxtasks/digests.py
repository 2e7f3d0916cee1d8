"""Digests of content: the hash that makes them, and those of files, without reading an untouched file twice.

The digest of a file is kept with its size, modification time and inode; while these are the same the file
is not read again. What is kept is only a cache: without it every file is read once more, and the digests
are the same.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from blake3 import blake3

from edxtasks.caches import read_cache, write_cache

ContentHash = blake3
"""The hash of content, of raw files as of the lines of shards. Cryptographic: what has the same digest is
taken for the same. Feed it pieces of 16 KB and more, which it hashes several times faster than small ones."""

_READ = 1024 * 1024

Mark = tuple[int, int, int]
"""Size, modification time in nanoseconds, inode."""


class Digests:
    """Digests of files by path. `cache` is the file that keeps them between runs, None for none.

    A path stands in it as text that JSON can hold, whatever bytes the name has.
    """

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._known: dict[str, tuple[Mark, str]] = {}
        self._changed = False
        self._noted: set[str] | None = None
        if cache is not None:
            self._read(cache)

    def __call__(self, path: Path) -> str:
        """The digest of the content of a file (64 hex digits). Raises `OSError` when it cannot be read."""
        status = path.stat()
        mark = (status.st_size, status.st_mtime_ns, status.st_ino)
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        if self._noted is not None:
            self._noted.add(name)
        known = self._known.get(name)
        if known is not None and known[0] == mark:
            return known[1]
        content = ContentHash()
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_READ):
                content.update(piece)
        value = content.hexdigest()
        self._known[name] = (mark, value)
        self._changed = True
        return value

    @contextmanager
    def noting(self) -> Iterator[set[str]]:
        """A block whose value gets the names of the files that are asked for in it (for `known`)."""
        before, self._noted = self._noted, set()
        try:
            yield self._noted
        finally:
            self._noted = before

    def known(self, names: Collection[str] | None = None) -> dict[str, tuple[Mark, str]]:
        """What is known of the files of these names (None: of all), to be handed to another process."""
        if names is None:
            return self._known
        return {name: self._known[name] for name in names if name in self._known}

    def learn(self, known: dict[str, tuple[Mark, str]]) -> None:
        """Take over what another process knows."""
        self._known.update(known)

    def save(self) -> None:
        """Write the cache, where anything new was learnt."""
        if self._cache is None or not self._changed:
            return
        write_cache(self._cache, orjson.dumps(self._known))
        self._changed = False

    def _read(self, cache: Path) -> None:
        try:
            form = read_cache(cache) or {}
            self._known = {path: ((m[0], m[1], m[2]), value) for path, (m, value) in form.items()}
        except (ValueError, TypeError, LookupError, AttributeError):  # another version wrote it
            self._known = {}
