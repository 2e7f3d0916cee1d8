"""Parts: what one raw log gives to the shards, a file for each bucket and day.

A part is a single gzip member (`compression.py`), so that the only part of a shard can be the shard. Rows are
buffered by part; memory and open files are bounded whatever the number of courses and days: beyond a
budget, rows that do not yet make a piece wait in one spool file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from edxtasks.compression import (
    END_OF_PIECE,
    HEADER,
    LAST_BLOCK,
    PIECE,
    TRAILER_SIZE,
    crc32,
    deflate,
    trailer,
)
from edxtasks.digests import ContentHash
from edxtasks.logs.flushing import flush
from edxtasks.logs.layout import naming

ROWS_BUDGET = 64 * 1024 * 1024
"""Most bytes of rows kept in memory before they go to the spool."""
COMPRESSED_BUDGET = 24 * 1024 * 1024
"""Most compressed bytes kept in memory before they are appended to their files."""

FOREIGN_HEADER = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xffmongo2gs\x00"
"""Gzip header with a name, for a shard made of something else than raw logs (see `is_of_raw_logs`)."""


_NAME = re.compile(r"\d+\.([0-9a-f]{8})\.json\.gz")


def checksum_in(name: str) -> str:
    """The checksum (`compression.checksum`) of the file of a part, which its name tells; "" where a version
    wrote it that did not put it there."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def is_of_raw_logs(path: Path) -> bool:
    """Whether a file has the form that only a split gives to shards: this very header, and at its end a piece
    that was ended at a byte border. Tells our shards from others where nothing else is known of them."""
    with path.open("rb") as file:
        begin = file.read(len(HEADER))
        end = len(END_OF_PIECE) + TRAILER_SIZE
        if begin != HEADER or path.stat().st_size < len(HEADER) + end:
            return False
        file.seek(-end, os.SEEK_END)
        return file.read(end).startswith(END_OF_PIECE + LAST_BLOCK)


@dataclass(frozen=True)
class Part:
    """The rows that a source gives to one bucket and day.

    `file` is its name in the folder of the source's parts (`checksum_in`), `size` its bytes on disk, `digest`
    that of its uncompressed lines (`ContentHash`); least and greatest event time in microseconds since 1970
    (UTC).
    """

    bucket: str
    day: str
    file: str
    rows: int
    min_time_us: int
    max_time_us: int
    digest: str
    size: int


@dataclass
class _Growing:
    number: int
    rows: int
    min_time_us: int
    max_time_us: int
    content: ContentHash = field(default_factory=ContentHash)
    crc: int = 0
    length: int = 0
    waiting: list[bytes] = field(default_factory=list)
    waiting_size: int = 0
    spooled: list[tuple[int, int]] = field(default_factory=list)
    spooled_size: int = 0
    compressed: list[bytes] = field(default_factory=list)
    written: int = 0
    checksum: int = 0


class PartsWriter:
    """Collects the rows of one source and writes its parts into `folder`, which it makes."""

    def __init__(
        self,
        folder: Path,
        level: int,
        rows_budget: int = ROWS_BUDGET,
        compressed_budget: int = COMPRESSED_BUDGET,
        *,
        header: bytes = HEADER,
    ) -> None:
        self._folder = folder
        self._level = level
        self._header = header
        self._rows_budget = rows_budget
        self._compressed_budget = compressed_budget
        self._parts: dict[tuple[str, str], _Growing] = {}
        self._waiting_size = 0
        self._compressed_size = 0
        self._spool: BinaryIO | None = None
        folder.mkdir(parents=True)

    def add(self, bucket: str, day: str, rows: int, min_time_us: int, max_time_us: int, text: bytes) -> None:
        """Append `rows` rows, which are lines of `text`, to the part of a bucket and day."""
        part = self._parts.get((bucket, day))
        if part is None:
            part = self._parts[bucket, day] = _Growing(len(self._parts), 0, min_time_us, max_time_us)
        part.rows += rows
        part.min_time_us = min(part.min_time_us, min_time_us)
        part.max_time_us = max(part.max_time_us, max_time_us)
        part.waiting.append(text)
        part.waiting_size += len(text)
        self._waiting_size += len(text)
        if part.waiting_size + part.spooled_size >= PIECE:
            self._compress_pieces(part)
        if self._waiting_size > self._rows_budget:
            self._spool_all()
        if self._compressed_size > self._compressed_budget:
            for each in self._parts.values():
                self._append(each)

    def seen(self) -> dict[str, list[str]]:
        """The days that have rows, by bucket."""
        found: dict[str, list[str]] = {}
        for bucket, day in sorted(self._parts):
            found.setdefault(bucket, []).append(day)
        return found

    def finish(self) -> list[Part]:
        """Complete every part on disk and tell of them, ordered by bucket and day."""
        done: list[Part] = []
        paths: list[Path] = []
        for (bucket, day), part in sorted(self._parts.items()):
            rest = self._take_waiting(part)
            if rest:
                self._compress(part, rest)
            part.compressed.append(trailer(part.crc, part.length))
            self._append(part)
            path = self._path(part)
            with naming(path):
                paths.append(path.rename(path.with_name(f"{part.number}.{part.checksum:08x}.json.gz")))
            done.append(
                Part(
                    bucket=bucket,
                    day=day,
                    file=paths[-1].name,
                    rows=part.rows,
                    min_time_us=part.min_time_us,
                    max_time_us=part.max_time_us,
                    digest=part.content.hexdigest(),
                    size=part.written,
                )
            )
        self.close()
        flush(paths)
        return done

    def close(self) -> None:
        """Give up the spool file; the parts written so far stay where they are."""
        if self._spool is not None:
            spool, self._spool = self._spool, None
            try:
                spool.close()
            finally:
                Path(spool.name).unlink()

    def _path(self, part: _Growing) -> Path:
        return self._folder / f"{part.number}.json.gz"

    def _take_waiting(self, part: _Growing) -> bytes:
        text = b"".join([*self._spooled(part), *part.waiting])
        self._waiting_size -= part.waiting_size
        part.waiting, part.waiting_size = [], 0
        part.spooled, part.spooled_size = [], 0
        return text

    def _compress_pieces(self, part: _Growing) -> None:
        text = memoryview(self._take_waiting(part))
        whole = len(text) - len(text) % PIECE
        for start in range(0, whole, PIECE):
            self._compress(part, text[start : start + PIECE])
        if whole < len(text):
            part.waiting = [bytes(text[whole:])]
            part.waiting_size = len(text) - whole
            self._waiting_size += part.waiting_size

    def _compress(self, part: _Growing, piece: bytes | memoryview) -> None:
        """Deflate the next piece of a part; its sums are taken here, where its bytes are in the cache."""
        part.content.update(piece)
        part.crc = crc32(piece, part.crc)
        part.length += len(piece)
        compressed = deflate(piece, self._level)
        part.compressed.append(compressed)
        self._compressed_size += len(compressed)

    def _append(self, part: _Growing) -> None:
        if not part.compressed:
            return
        if part.written == 0:
            part.compressed.insert(0, self._header)
            self._compressed_size += len(self._header)
        text = b"".join(part.compressed)
        path = self._path(part)
        with naming(path), path.open("ab") as file:
            file.write(text)
        self._compressed_size -= len(text)
        part.written += len(text)
        part.checksum = crc32(text, part.checksum)
        part.compressed = []

    def _spool_all(self) -> None:
        if self._spool is None:
            self._spool = (self._folder / "spool").open("w+b")
        with naming(Path(self._spool.name)):
            offset = self._spool.seek(0, os.SEEK_END)
        for part in self._parts.values():
            if not part.waiting:
                continue
            text = b"".join(part.waiting)
            with naming(Path(self._spool.name)):
                self._spool.write(text)
            part.spooled.append((offset, len(text)))
            part.spooled_size += len(text)
            offset += len(text)
            part.waiting, part.waiting_size = [], 0
        self._waiting_size = 0

    def _spooled(self, part: _Growing) -> Iterator[bytes]:
        for offset, length in part.spooled:
            assert self._spool is not None
            with naming(Path(self._spool.name)):  # moving on writes what is still buffered
                self._spool.seek(offset)
                text = self._spool.read(length)
            yield text
