"""The file of a shard, written from parts and rows: one gzip member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from edxtasks.compression import HEADER, TRAILER_SIZE, MemberWriter, crc32, inflate
from edxtasks.digests import ContentHash
from edxtasks.logs.supplies import Supply, damaged


class _Summing:
    """A file that is written, and the checksum of its bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.checksum = 0

    def write(self, data: bytes, /) -> None:
        self.checksum = crc32(data, self.checksum)
        self._file.write(data)


class ShardWriter:
    """Joins parts and rows to one gzip member of this level."""

    def __init__(self, file: BinaryIO, level: int) -> None:
        self._file = _Summing(file)
        self._content = ContentHash()
        self._member = MemberWriter(self._file, level)

    def add_part(self, supply: Supply) -> None:
        """Append the rows of a part: its deflated pieces, as they are. Raises `DamagedError`."""
        of_part = ContentHash()
        held = b""
        begin = True
        try:
            for compressed, content in inflate(supply.path):
                held += compressed
                of_part.update(content)
                self._content.update(content)
                self._member.count(content)
                if begin and len(held) >= len(HEADER):
                    if not held.startswith(HEADER):
                        raise ValueError("another header")
                    held = held[len(HEADER) :]
                    begin = False
                if not begin and len(held) > TRAILER_SIZE:
                    self._file.write(held[:-TRAILER_SIZE])
                    held = held[-TRAILER_SIZE:]
        except (FileNotFoundError, ValueError) as error:
            raise damaged(supply, str(error)) from None
        if of_part.hexdigest() != supply.part.digest:
            raise damaged(supply, "other content than its checkpoint says")

    def add_rows(self, rows: Iterator[bytes]) -> None:
        """Append rows, deflated here."""
        for row in rows:
            line = row + b"\n"
            self._content.update(line)
            self._member.write(line)
        self._member.end_piece()

    def finish(self) -> tuple[str, str]:
        """Complete the member; the digest of its content, and the checksum of the file."""
        self._member.finish()
        return self._content.hexdigest(), f"{self._file.checksum:08x}"
