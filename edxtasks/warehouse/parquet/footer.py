"""What a Parquet file says of itself, read without an engine.

A Parquet file ends with its metadata, the length of these, and `PAR1`; the metadata hold the number of rows,
and key and value pairs (Apache Parquet's file format, `FileMetaData`, in Thrift's compact form). A file of
ours has one pair, `edxtasks`, whose value is a JSON object with stamp and version. It is written with the
rows, so that a copied, restored or renamed file keeps its truth; everything else that knows stamps is a cache
of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

KEY = "edxtasks"

_MAGIC = b"PAR1"
# Thrift's compact form of a pair: field 1, string (0x18), its length, the key; field 2, string (0x18).
_PAIR = b"\x18" + bytes([len(KEY)]) + KEY.encode() + b"\x18"
_NUMBER_OF_ROWS = 3
"""Field of `FileMetaData`."""


class DamagedFileError(Exception):
    """A file that is not a Parquet file, or has been one."""


@dataclass(frozen=True)
class Footer:
    """`pair` is the JSON object of a file of ours, None for one of somebody else."""

    pair: dict[str, Any] | None
    metadata: bytes

    def rows(self) -> int:
        """The number of rows. Raises `DamagedFileError`."""
        try:
            return _Compact(self.metadata).integer(_NUMBER_OF_ROWS)
        except (IndexError, RecursionError, KeyError):
            raise DamagedFileError("its metadata cannot be read") from None


def read_footer(path: Path) -> Footer:
    """The footer of a Parquet file. Raises `DamagedFileError`, and `OSError` where the file cannot be
    read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 12:
            raise DamagedFileError("it is not a Parquet file, or was cut")
        file.seek(size - 8)
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != _MAGIC or length > size - 12:
            raise DamagedFileError("it is not a Parquet file, or was cut")
        file.seek(size - 8 - length)
        metadata = file.read(length)
    start = metadata.rfind(_PAIR)
    if start < 0:
        return Footer(None, metadata)
    try:
        text = _Compact(metadata, start + len(_PAIR)).binary()
        value = orjson.loads(text)
    except (IndexError, orjson.JSONDecodeError):
        raise DamagedFileError("its metadata cannot be read") from None
    if not isinstance(value, dict):
        raise DamagedFileError("its metadata cannot be read")
    return Footer(value, metadata)


class _Compact:
    """A reader of Thrift's compact form, as far as it takes to find a number in a struct."""

    _TRUE, _FALSE, _BYTE, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 6, 7, 8, 9, 10, 11, 12

    def __init__(self, data: bytes, start: int = 0) -> None:
        self._data = data
        self._at = start

    def integer(self, wanted: int) -> int:
        """The integer in the field `wanted` of the struct that begins here."""
        field = 0
        while True:
            kind, field = self._field(field)
            if not kind:
                raise KeyError(wanted)
            if field == wanted:
                return self._zigzag()
            self._skip(kind)

    def binary(self) -> bytes:
        """The bytes whose length stands here."""
        size = self._varint()
        self._at += size
        if self._at > len(self._data):
            raise IndexError
        return self._data[self._at - size : self._at]

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _varint(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _field(self, before: int) -> tuple[int, int]:
        """Kind (0: the struct ends) and number of the next field."""
        head = self._byte()
        if not head & 0x0F:
            return 0, 0
        step = head >> 4
        return head & 0x0F, before + step if step else self._zigzag()

    def _skip(self, kind: int) -> None:
        if kind == self._STRUCT:
            while inner := self._field(0)[0]:
                self._skip(inner)
        elif kind in {self._LIST, self._SET}:
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            for _ in range(size):
                self._skip_item(head & 0x0F)
        elif kind == self._MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            for _ in range(size):
                self._skip_item(kinds >> 4)
                self._skip_item(kinds & 0x0F)
        elif kind == self._BINARY:
            self.binary()
        elif kind == self._DOUBLE:
            self._at += 8
        elif kind == self._BYTE:
            self._at += 1
        elif kind not in {self._TRUE, self._FALSE}:  # as fields, booleans stand in the head
            self._varint()

    def _skip_item(self, kind: int) -> None:
        if kind in {self._TRUE, self._FALSE}:
            self._at += 1
        else:
            self._skip(kind)
