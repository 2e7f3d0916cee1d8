"""Raw tracking logs as they are delivered: opened by content, handed out in blocks of whole lines.

A log is plain text or compressed with gzip (any number of members), zstd or bzip2. What decides is the
content; only an empty file that is named `.gz`, `.zst` or `.bz2` counts as broken. Memory is bounded
whatever the file and the length of its lines.
"""

from __future__ import annotations

import bz2
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import zstandard
from isal import isal_zlib

from edxtasks.compression import DeflateError
from edxtasks.digests import ContentHash
from edxtasks.errors import InputError
from edxtasks.printable import printable_path

COMPRESSION_SUFFIXES = (".gz", ".zst", ".bz2")
LONGEST_LINE = 16 * 1024 * 1024
"""Most bytes of a line; of a longer one only the beginning is kept."""
KEPT_OF_LONG_LINE = 64 * 1024
BLOCK_SIZE = 1024 * 1024
"""Smaller blocks hold fewer lines of a kind, which are quicker one after another; larger ones take memory."""
LONGEST_TRAILER = 1024 * 1024
"""Most bytes after the end of the compressed data that are taken for harmless."""

_READ = 64 * 1024
_READ_PLAIN = 1024 * 1024
_INFLATED = 4 * 1024 * 1024
_ZSTD_WINDOW = 1 << 27
_ZSTD_SLICE = 512

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BZIP2 = b"BZh"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"\xfd7zXZ\x00": "compressed with xz",
    b"7z\xbc\xaf": "a 7z archive",
    b"-----BEGIN PGP": "an encrypted file (PGP)",
    b"\x04\x22\x4d\x18": "compressed with lz4",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF file",
}


class RawLogError(InputError):
    """A raw log that is truncated, corrupt or no log; what could be read has been handed out before.

    `usable`: whether that is part of a log.
    """

    def __init__(self, message: str, usable: bool = True) -> None:
        super().__init__(message)
        self.usable = usable


@dataclass(frozen=True)
class Block:
    """Whole lines of a log. `too_long`: `data` is the beginning of one line that is too long."""

    data: bytes
    too_long: bool = False


class RawLog:
    """One raw log, read once from begin to end; what is appended after it was opened is not seen.

    `position` is the number of bytes of the file read so far. `trailer` is the number of bytes after the
    compressed data that are no such data (padding with zeros is not counted).
    """

    def __init__(self, path: Path, size: int | None = None) -> None:
        self.path = path
        self.position = 0
        self.trailer = 0
        self._file = path.open("rb", buffering=0)
        self.size = os.fstat(self._file.fileno()).st_size if size is None else size
        self._digest = ContentHash()
        self._text_digest: ContentHash | None = None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> RawLog:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def digest(self) -> str:
        """The digest of the whole file as delivered (that of `edxtasks.digests`); reads what is unread."""
        for _ in self._chunks(_READ_PLAIN):
            pass
        return self._digest.hexdigest()

    def text_digest(self) -> str:
        """The digest of the uncompressed content, once all of it was read."""
        return self.digest() if self._text_digest is None else str(self._text_digest.hexdigest())

    def blocks(self, size: int = BLOCK_SIZE, tee: Callable[[bytes], object] | None = None) -> Iterator[Block]:
        """The lines of the log in blocks of about `size` bytes; lines end with `\\n`, the last one may not.

        The lines of all blocks together are the lines of the file, whatever `size` is. `tee` gets all of
        the uncompressed text as it comes. Raises `RawLogError`, after all that could be read, when the
        file is truncated, corrupt or binary.
        """
        held: list[bytes] = []
        length = 0
        enough = size
        skipping = False
        broken: RawLogError | None = None
        chunks = self.text()
        while True:
            try:
                chunk = next(chunks, None)
            except RawLogError as error:
                broken = error
                chunk = None
            if chunk is None:
                break
            if tee is not None:
                tee(chunk)
            if skipping:
                end = chunk.find(b"\n")
                if end < 0:
                    continue
                chunk = chunk[end + 1 :]
                skipping = False
            held.append(chunk)
            length += len(chunk)
            if length < enough:
                continue
            rest = b"".join(held)
            start = 0
            while len(rest) - start >= size:
                end = rest.rfind(b"\n", start, start + size)
                if end < 0:
                    end = rest.find(b"\n", start + size)
                line_too_long = (len(rest) if end < 0 else end) - start > LONGEST_LINE
                if line_too_long and (end < 0 or rest.find(b"\n", start) == end):
                    yield Block(rest[start : start + KEPT_OF_LONG_LINE], too_long=True)
                    skipping = end < 0
                    start = len(rest) if end < 0 else end + 1
                elif end < 0:
                    break
                else:
                    yield Block(rest[start : end + 1])
                    start = end + 1
            held = [rest[start:]]
            length = len(held[0])
            # A line longer than a block is not looked through again for each chunk.
            enough = size if length < size else min(2 * length, LONGEST_LINE + 1)
        if length:
            yield Block(b"".join(held))
        if broken is not None:
            raise broken

    def text(self) -> Iterator[bytes]:
        """The uncompressed content as it comes. Raises `RawLogError` as `blocks` does."""
        kind, chunks = self._open()
        content = self._text_digest = None if kind == "plain" else ContentHash()
        first = True
        for chunk in chunks:
            if content is not None:
                content.update(chunk)
            if first and chunk:
                self._refuse_binary(chunk, kind)
                first = False
            yield chunk

    def _open(self) -> tuple[str, Iterator[bytes]]:
        begin = self._file.read(16)
        self._file.seek(0)
        if begin[:2] == _GZIP[:2]:
            return "gzip", self._members("gzip", _GZIP, _Gzip)
        if begin[:4] == _ZSTD or _is_skippable(begin):
            return "zstd", self._members("zstd", _ZSTD, _Zstd)
        if begin[:3] == _BZIP2:
            return "bzip2", self._members("bzip2", _BZIP2, _Bzip2)
        if 0 < self.size < 4 and any(magic.startswith(begin) for magic in (_GZIP, _ZSTD, _BZIP2)):
            raise self._broken("is truncated: it ends within a header")
        if self.size == 0 and self.path.name.lower().endswith(COMPRESSION_SUFFIXES):
            raise RawLogError(
                f"{printable_path(self.path)}: the file is empty, no compressed data at all; "
                "deliver it again",
                usable=False,
            )
        return "plain", self._chunks(_READ_PLAIN)

    def _chunks(self, size: int) -> Iterator[bytes]:
        while self.position < self.size:
            chunk = self._file.read(min(size, self.size - self.position))
            if not chunk:
                return
            self.position += len(chunk)
            self._digest.update(chunk)
            yield chunk

    def _members(self, kind: str, magic: bytes, opened: Callable[[], _Member]) -> Iterator[bytes]:
        """The uncompressed content of all members (gzip), frames (zstd) or streams (bzip2), in order."""
        member: _Member | None = None
        complete = 0
        rest = b""
        for chunk in self._chunks(_READ):
            rest += chunk
            while rest:
                if member is None:
                    if complete:
                        rest = rest.lstrip(b"\0")  # padding
                        if len(rest) < len(magic):
                            break
                        if not rest.startswith(magic) and not (kind == "zstd" and _is_skippable(rest)):
                            self._end_with_trailer(kind, rest)
                            return
                    member = opened()
                try:
                    yield from member.feed(rest)
                except _CORRUPT as error:
                    raise self._broken(f"is corrupt ({kind}: {error})") from None
                rest = member.rest()
                if member.eof():
                    member = None
                    complete += 1
        if member is not None:
            raise self._broken(f"is truncated: its {kind} data have no end")
        if rest:
            if magic.startswith(rest):
                raise self._broken(f"is truncated: its {kind} data end within a header")
            self._end_with_trailer(kind, rest)

    def _end_with_trailer(self, kind: str, rest: bytes) -> None:
        self.trailer = len(rest) + self.size - self.position
        if self.trailer > LONGEST_TRAILER:
            raise self._broken(f"is corrupt: {self.trailer} bytes after its {kind} data are no {kind} data")

    def _broken(self, what: str) -> RawLogError:
        return RawLogError(
            f"{printable_path(self.path)} {what} (near byte {self.position} of {self.size}); deliver it "
            "again, or set allow_truncated to publish what can be read"
        )

    def _refuse_binary(self, text: bytes, kind: str) -> None:
        for begin, name in _FOREIGN.items():
            if text.startswith(begin):
                raise self._no_log(f"it is {name}", kind)
        if text[:4] == _ZSTD or text[:3] == _GZIP:
            raise self._no_log("it is compressed twice", kind)
        if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise self._no_log("it is text in UTF-16, expected UTF-8", kind)
        # A log that was cut while it was written, or on a machine that lost power, may have runs of zeros.
        sample = re.sub(rb"\0+", b"\0", text[: 64 * 1024])[:4096]
        odd = sum(byte < 9 or 13 < byte < 27 for byte in sample)
        if odd > 8 and odd > len(sample) / 20:
            raise self._no_log("it is binary", kind)

    def _no_log(self, what: str, kind: str) -> RawLogError:
        inside = "" if kind == "plain" else f" (inside its {kind} compression)"
        return RawLogError(
            f"{printable_path(self.path)} is not a tracking log: {what}{inside}; expected lines of JSON, "
            "plain or compressed with gzip, zstd or bzip2",
            usable=False,
        )


def _is_skippable(begin: bytes) -> bool:
    return len(begin) >= 4 and 0x50 <= begin[0] <= 0x5F and begin[1:4] == b"\x2a\x4d\x18"


class _Member(Protocol):
    """One member of compressed data: fed with bytes, it hands out what they hold."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def rest(self) -> bytes:
        """The bytes after the end of the member."""

    def eof(self) -> bool:
        """Whether the member is complete."""


class _Gzip:
    def __init__(self) -> None:
        self._inflate = isal_zlib.decompressobj(31)

    def feed(self, data: bytes) -> Iterator[bytes]:
        inflate = self._inflate
        while True:
            text = inflate.decompress(data, _INFLATED)
            if text:
                yield text
            data = inflate.unconsumed_tail
            # A full answer may mean that more waits inside.
            if inflate.eof or (not data and len(text) < _INFLATED):
                return

    def rest(self) -> bytes:
        return bytes(self._inflate.unused_data) if self._inflate.eof else b""

    def eof(self) -> bool:
        return bool(self._inflate.eof)


class _Zstd:
    def __init__(self) -> None:
        self._inflate = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        texts: list[bytes] = []
        length = 0
        # A few bytes at a time: four of them may hold 128 KB.
        for start in range(0, len(data), _ZSTD_SLICE):
            texts.append(self._inflate.decompress(data[start : start + _ZSTD_SLICE]))
            length += len(texts[-1])
            if length >= _INFLATED:
                yield b"".join(texts)
                texts, length = [], 0
            if self._inflate.eof:
                self._rest = self._inflate.unused_data + data[start + _ZSTD_SLICE :]
                break
        if length:
            yield b"".join(texts)

    def rest(self) -> bytes:
        return self._rest

    def eof(self) -> bool:
        return self._inflate.eof


class _Bzip2:
    def __init__(self) -> None:
        self._inflate = bz2.BZ2Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            text = self._inflate.decompress(data, _INFLATED)
            if text:
                yield text
            data = b""
            if self._inflate.eof or self._inflate.needs_input:
                return

    def rest(self) -> bytes:
        return self._inflate.unused_data if self._inflate.eof else b""

    def eof(self) -> bool:
        return self._inflate.eof


_CORRUPT: tuple[type[Exception], ...] = (
    DeflateError,
    zlib.error,
    zstandard.ZstdError,
    OSError,
    EOFError,
    ValueError,
)
