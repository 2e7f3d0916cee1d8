"""Sketches of raw logs: by which a log is known again that was moved and has grown.

A sketch is the least digests of a log's lines. Which lines they are of hangs on the lines alone, so that two
logs that share many lines share many of them, in whatever order and whatever way they were read.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import orjson
from isal import isal_zlib

from edxtasks.logs.checkpoints import Sources, read_checkpoint
from edxtasks.logs.layout import Layout, write_durably

SIZE = 64
"""Digests in a sketch; a log of fewer different lines has all of them."""

_DIGITS = 16
_LOW_BITS = 32
_NO_LINE = 0
"""CRC-32 of an empty line, which tells nothing."""


class Sketcher:
    """Keeps the least digests of the lines that it is given."""

    def __init__(self) -> None:
        self._least: list[int] = []

    def add(self, lines: Sequence[bytes]) -> tuple[int, ...]:
        """Take lines in. Gives the digests of those among them that may belong to the sketch of their log."""
        sums = [*map(isal_zlib.crc32, lines)]
        limit = self._highest_sum(sums)
        chosen = {lines[number] for number, crc in enumerate(sums) if crc <= limit and crc != _NO_LINE}
        digests = tuple(sorted(map(_digest, chosen)))[:SIZE]
        self.merge(digests)
        return digests

    def merge(self, digests: Iterable[int]) -> None:
        """Take digests of lines in."""
        self._least = sorted({*self._least, *digests})[:SIZE]

    def sketch(self) -> str:
        """The sketch, as text."""
        return "".join(f"{digest:0{_DIGITS}x}" for digest in self._least)

    def _highest_sum(self, sums: list[int]) -> int:
        """The highest CRC-32 of a line whose digest, which begins with it, can be among the least."""
        if len(self._least) == SIZE:
            return self._least[-1] >> _LOW_BITS
        return sorted({*sums, _NO_LINE})[: SIZE + 1][-1]


def _digest(line: bytes) -> int:
    """64 bits: the CRC-32, which is quickly taken of every line, and bits of a better digest."""
    rest = int.from_bytes(blake2b(line, digest_size=_LOW_BITS // 8).digest(), "big")
    return int(isal_zlib.crc32(line)) << _LOW_BITS | rest


@dataclass(frozen=True)
class Likeness:
    """Another source that has lines of a raw log: of `compared` lines, `shared` are in both."""

    key: str
    shared: int
    compared: int


class Sketches:
    """The sketches of all sources of a log directory. Kept together in a file, which is only a cache."""

    def __init__(self, layout: Layout, sources: Sources) -> None:
        self._layout = layout
        self._sources = sources
        self._path = layout.index.with_name("sketches.json")
        self._known: dict[str, tuple[str, str]] | None = None
        self._changed = False
        self._by_digest: dict[int, list[str]] | None = None

    def like(self, key: str, sketch: str) -> list[Likeness]:
        """The sources other than `key` that share half of their sketch with this one, most first.

        Of two logs only the digests up to the last one of the shorter sketch can be compared: a log that has
        become ten times as long shares a tenth of its least digests with what it was.
        """
        known = self._read()
        mine = _digests(sketch)
        shares = Counter(other for digest in mine for other in self._having(known).get(digest, ()))
        found = []
        for other in shares:
            if other != key and other in self._sources.by_key:
                shared, compared = _compare(mine, _digests(known[other][1]))
                if 2 * shared >= compared > 0:
                    found.append(Likeness(other, shared, compared))
        return sorted(found, key=lambda one: (-one.shared, one.key))

    def put(self, key: str, digest: str, sketch: str) -> None:
        """Take in the sketch of a source whose file has this digest."""
        known = self._read()
        known[key] = (digest, sketch)
        self._changed = True
        self._by_digest = None  # rebuilt when it is asked for

    def save(self) -> None:
        """Write the cache."""
        if self._known is None or not self._changed:
            return
        kept = {key: one for key, one in self._known.items() if key in self._sources.by_key}
        with contextlib.suppress(OSError):  # only a cache; a full disk has been told by then
            write_durably(self._path, orjson.dumps(kept))

    def _having(self, known: dict[str, tuple[str, str]]) -> dict[int, list[str]]:
        if self._by_digest is None:
            self._by_digest = {}
            for key, (_, sketch) in known.items():
                for digest in _digests(sketch):
                    self._by_digest.setdefault(digest, []).append(key)
        return self._by_digest

    def _read(self) -> dict[str, tuple[str, str]]:
        if self._known is None:
            cached = self._read_cache()
            self._known = {}
            for key, summary in self._sources.by_key.items():
                one = cached.get(key)
                if one is None or one[0] != summary.digest:
                    checkpoint = read_checkpoint(self._layout, key)
                    one = (summary.digest, checkpoint.sketch if checkpoint is not None else "")
                    self._changed = True
                self._known[key] = one
        return self._known

    def _read_cache(self) -> dict[str, tuple[str, str]]:
        try:
            form = orjson.loads(self._path.read_bytes())
            return {key: (str(digest), str(sketch)) for key, (digest, sketch) in form.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def _digests(sketch: str) -> list[int]:
    try:
        return [int(sketch[start : start + _DIGITS], 16) for start in range(0, len(sketch), _DIGITS)]
    except ValueError:
        return []  # a cache that somebody changed


def _compare(one: list[int], other: list[int]) -> tuple[int, int]:
    """How many of how many digests are in both, as far as both sketches reach."""
    reach = min((each[-1] for each in (one, other) if len(each) == SIZE), default=1 << 64)
    first, second = ({digest for digest in each if digest <= reach} for each in (one, other))
    return len(first & second), min(len(first), len(second))
