"""Checksums of table files: a bit that a disk has changed is noticed.

DuckDB writes no checksums of Parquet's pages and heeds none. So the footer of a file of ours holds the CRC-32
of the whole file, taken with zeros in place of its eight digits; they are filled in where they stand, before
the file gets its name. Like the stamp it goes with the file, wherever that is copied or restored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from edxtasks.compression import crc32
from edxtasks.warehouse.parquet.footer import DamagedFileError, read_footer

if TYPE_CHECKING:
    from edxtasks.warehouse.duckdb_session import Session

_KEY = "crc"
_MARK = b'"crc":"'
_ZEROS = b"00000000"
_AT_ONCE = 1 << 20

CHANGED = "its checksum is not that of its bytes: they have changed since it was written"


def copy_sealed(
    session: Session, sql: str, path: Path, pair: Mapping[str, object], *how: int | str | None
) -> int:
    """Write the rows of a DuckDB query to a Parquet file whose footer says `pair`, and the checksum of the
    file. `how` is what `Session.copy` takes besides. Gives the number of rows."""
    text = orjson.dumps({**pair, _KEY: _ZEROS.decode()}).decode()
    rows = session.copy(sql, path, text, *how)  # type: ignore[arg-type]  # groups, codec, values
    with path.open("r+b") as file:
        place = _place(path)
        found = _checksum(file, place)
        file.seek(place)
        file.write(found)
    return rows


def broken_seal(path: Path) -> str:
    """What is wrong with the bytes of a file, "" where nothing is, or where it holds no checksum: it is
    somebody else's, or of an earlier version. Raises `OSError` where it cannot be read."""
    try:
        pair = read_footer(path).pair
        if pair is None or _KEY not in pair:
            return ""
        with path.open("rb") as file:
            return "" if _checksum(file, _place(path)) == str(pair[_KEY]).encode() else CHANGED
    except DamagedFileError as damaged:
        return str(damaged)


def is_sealed(path: Path) -> bool:
    """Whether a file of ours holds its checksum. Raises `OSError`."""
    try:
        pair = read_footer(path).pair
    except DamagedFileError:
        return True
    return pair is None or _KEY in pair


class Seals:
    """Looks at the checksum of each file once, for as long as its size and time stay as they are."""

    def __init__(self) -> None:
        self._sound: dict[Path, tuple[int, int]] = {}

    def broken(self, paths: Iterable[Path]) -> dict[Path, str]:
        """What is wrong with those files of which something is. One that is gone, or may not be read, is
        none of them: whoever reads it says so."""
        found = {}
        for path in paths:
            try:
                status = path.stat()
                mark = status.st_size, status.st_mtime_ns
                if self._sound.get(path) == mark:
                    continue
                fault = broken_seal(path)
            except OSError:
                continue
            if fault:
                found[path] = fault
            else:
                self._sound[path] = mark
        return found


def _place(path: Path) -> int:
    """Where the digits of the checksum begin. Raises `DamagedFileError`."""
    metadata = read_footer(path).metadata
    at = metadata.rfind(_MARK)
    if at < 0:
        raise DamagedFileError("its metadata cannot be read")
    return path.stat().st_size - 8 - len(metadata) + at + len(_MARK)


def _checksum(file: BinaryIO, place: int) -> bytes:
    """The checksum of a file as it stands in it."""
    file.seek(0)
    left, value = place, 0
    while left and (piece := file.read(min(left, _AT_ONCE))):
        left -= len(piece)
        value = crc32(piece, value)
    value = crc32(_ZEROS, value)
    file.seek(len(_ZEROS), 1)
    while piece := file.read(_AT_ONCE):
        value = crc32(piece, value)
    return b"%08x" % value
