"""The rows of shards, one by one, and by digest: whether they are those that a list says, what is in both of
two shards, or in one alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from edxtasks.compression import BROKEN, checksum, opened
from edxtasks.digests import ContentHash
from edxtasks.logs.raw_files import RawLog

_READ = 1 << 20


def has_lines(shard: Path, digest: str, known: str) -> bool:
    """Whether a shard has lines of this digest (`ContentHash`). `known` is the checksum of the file that had
    them, "" for none. Raises `OSError`.

    That checksum spares inflating the file, which takes ten times as long. A file with another one may still
    hold what it should: somebody has compressed it anew.
    """
    if known and checksum(shard) == known:
        return True
    content = ContentHash()
    piece = memoryview(bytearray(_READ))
    try:
        with opened(shard) as text:
            while length := text.readinto(piece):  # type: ignore[attr-defined]
                content.update(piece[:length])
    except BROKEN:
        return False
    return content.hexdigest() == digest


def text_of(shard: Path) -> Iterator[bytes]:
    """The uncompressed content of a shard, as it comes. Raises `RawLogError`."""
    with RawLog(shard) as log:
        yield from log.text()


def lines_of(texts: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a text that comes in pieces."""
    rest = b""
    for text in texts:
        *lines, rest = (rest + text).split(b"\n")
        yield from lines
    if rest:
        yield rest


def digests_of(rows: Iterator[bytes], rounds: int, turn: int) -> dict[int, bytes]:
    """Row digests of one hash partition, by number of the row."""
    found: dict[int, bytes] = {}
    for number, row in enumerate(rows):
        digest = hashlib.blake2b(row, digest_size=16).digest()
        if digest[0] % rounds == turn:
            found[number] = digest
    return found


def differences(one: Path, other: Path, rounds: int, distinct: bool) -> tuple[int, int]:
    """How many rows are in `one` alone, and how many in `other` alone.

    A row that is in one of them twice and in the other once is in one alone once, unless only `distinct`
    rows count. In `rounds` rounds, each of which keeps a part of the digests in memory.
    """
    alone = [0, 0]
    for turn in range(rounds):
        first, second = (
            Counter(digests_of(lines_of(text_of(each)), rounds, turn).values()) for each in (one, other)
        )
        if distinct:
            first, second = Counter(set(first)), Counter(set(second))
        alone[0] += (first - second).total()
        alone[1] += (second - first).total()
    return alone[0], alone[1]
