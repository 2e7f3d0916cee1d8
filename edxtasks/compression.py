"""Compressed files: gzip whose bytes depend on the content alone, and one way to open what is compressed.

The output of a compressor depends on how its input is cut, so the content is cut into pieces of one fixed
size. The header has neither time stamp nor name. A file for readers is one stream (`GzipWriter`). The members
of shards are made of pieces that are each deflated by themselves and ended at a byte border (`MemberWriter`):
members of that form can be joined without compressing again; it costs about one percent of size.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

import zstandard
from isal import igzip, isal_zlib

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 256 * 1024
"""Bytes of content that are compressed at once."""

HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Gzip header without time stamp and name."""
END_OF_PIECE = b"\x00\x00\xff\xff"
LAST_BLOCK = b"\x03\x00"
TRAILER_SIZE = len(LAST_BLOCK) + 8
HIGHEST_FAST_LEVEL = 1
_QUICK = 2
_READ = 1 << 20
_HIGHEST_LEVEL_OF_ISAL = 3

DeflateError: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]  # its stub is wrong
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, DeflateError, zstandard.ZstdError)
"""What reading from `opened` raises where the compressed data are cut off or corrupt."""


class ByteSink(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take `data`."""


class GzipWriter:
    """Compresses what is written to it as one gzip stream; equal content gives equal bytes however it was
    written. As a context manager it ends the stream when its block ends without an error.

    `level` 0 to 3 is ISA-L's, 4 to 9 zlib's: of logs, level 6 makes files smaller by a quarter in ten times
    the time of level 2.
    """

    def __init__(self, sink: ByteSink, level: int = _QUICK) -> None:
        self._sink = sink
        library = isal_zlib if level <= _HIGHEST_LEVEL_OF_ISAL else zlib
        self._compressor = library.compressobj(level, wbits=31)
        self._pending = bytearray()

    def __enter__(self) -> GzipWriter:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is None:
            self.finish()

    def write(self, data: ReadableBuffer, /) -> None:
        """Take `data`."""
        self._pending += data
        for piece in _taken(self._pending):
            self._sink.write(self._compressor.compress(piece))

    def finish(self) -> None:
        """Write what is left and the end of the stream."""
        self._sink.write(self._compressor.compress(bytes(self._pending)))
        self._sink.write(self._compressor.flush())


class MemberWriter:
    """Writes one gzip member of pieces that are each deflated by themselves. `level`: as `deflate` has it."""

    def __init__(self, sink: ByteSink, level: int) -> None:
        self._sink = sink
        self._level = level
        self._pending = bytearray()
        self._crc = 0
        self._length = 0
        sink.write(HEADER)

    def write(self, data: ReadableBuffer, /) -> None:
        """Take `data`."""
        self._pending += data
        for piece in _taken(self._pending):
            self._deflate(piece)

    def end_piece(self) -> None:
        """Let what is written from now on begin another piece."""
        if self._pending:
            self._deflate(bytes(self._pending))
            self._pending.clear()

    def count(self, content: bytes) -> None:
        """Count content whose pieces, deflated elsewhere, are written to the sink directly."""
        self._crc = crc32(content, self._crc)
        self._length += len(content)

    def finish(self) -> None:
        """Write what is left and the end of the member."""
        self.end_piece()
        self._sink.write(trailer(self._crc, self._length))

    def _deflate(self, piece: bytes) -> None:
        self.count(piece)
        self._sink.write(deflate(piece, self._level))


def _taken(pending: bytearray) -> Iterator[bytes]:
    """Take whole pieces from the beginning of `pending`."""
    while len(pending) >= PIECE:
        yield bytes(memoryview(pending)[:PIECE])
        del pending[:PIECE]


def deflate(piece: bytes | memoryview, level: int) -> bytes:
    """One piece, deflated, ended at a byte border and not the end of the stream.

    `level` 0 and 1: ISA-L's fastest; 2 to 9: zlib, slower and smaller. The higher levels of ISA-L are not
    used: they gain little, and their bytes depend on how the input is cut. Equal pieces give equal bytes
    at every level, as measured over 300 000 pieces, with ISA-L 1.9.1 as with zlib.
    """
    if level <= HIGHEST_FAST_LEVEL:
        fast = isal_zlib.compressobj(0, isal_zlib.DEFLATED, -15)
        return bytes(fast.compress(piece) + fast.flush(isal_zlib.Z_FULL_FLUSH))
    slow = zlib.compressobj(level, zlib.DEFLATED, -15)
    return slow.compress(piece) + slow.flush(zlib.Z_FULL_FLUSH)


def trailer(crc: int, size: int) -> bytes:
    """The end of a member whose content has this CRC-32 and this number of bytes."""
    return LAST_BLOCK + crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def crc32(data: bytes | memoryview, value: int = 0) -> int:
    """CRC-32 of `data`, continued from `value`."""
    return int(isal_zlib.crc32(data, value))


def inflate(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The content of a file that is one member: pairs (compressed bytes as read, what they hold).

    Raises `ValueError` when it is not a complete, sound member.
    """
    opened = isal_zlib.decompressobj(31)
    with path.open("rb") as file:
        while compressed := file.read(32 * 1024):
            if opened.eof:
                raise ValueError("there are bytes after the end of the member")
            try:
                content = opened.decompress(compressed)
            except DeflateError as error:
                raise ValueError(f"corrupt ({error})") from None
            yield compressed, content
    if not opened.eof:
        raise ValueError("truncated")
    if opened.unused_data:
        raise ValueError("there are bytes after the end of the member")


@contextmanager
def opened(path: Path, kind: str | None = None) -> Iterator[IO[bytes]]:
    """The content of a file, which is gzip (`.gz`), zstd (`.zst`) or plain as the end of its name says, or
    `kind` in its place. Reading raises `OSError`, and one of `BROKEN`; that zstd is cut off is not noticed
    (only scratch files of the product are zstd, and their writer fails where they are not complete)."""
    kind = path.suffix if kind is None else kind
    with path.open("rb") as file:
        if kind == ".gz":
            with igzip.open(file, "rb") as content:  # type: ignore[no-untyped-call]
                yield cast("IO[bytes]", content)
        elif kind == ".zst":
            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader:
                yield io.BufferedReader(reader)
        else:
            yield file


def checksum(path: Path) -> str:
    """The CRC-32 of a file as it is stored, eight hexadecimal digits. Raises `OSError`."""
    value = 0
    with path.open("rb") as file:
        while piece := file.read(_READ):
            value = crc32(piece, value)
    return f"{value:08x}"
