"""What a Parquet file of ours says of itself, read without an engine.

A Parquet file ends with its metadata, the length of these, and `PAR1`; the metadata hold key and value
pairs (Apache Parquet's file format, `FileMetaData.key_value_metadata`). Ours has one pair, `edxtasks`,
whose value is a JSON object with stamp and version. It is written with the rows, so that a copied,
restored or renamed file keeps its truth; everything else that knows stamps is a cache of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

KEY = "edxtasks"

_MAGIC = b"PAR1"
# Thrift's compact form of a pair: field 1, string (0x18), its length, the key; field 2, string (0x18).
_PAIR = b"\x18" + bytes([len(KEY)]) + KEY.encode() + b"\x18"


def read_footer(path: Path) -> dict[str, Any]:
    """The JSON object in the footer of a Parquet file; {} for a file of somebody else or a damaged one."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 12:
            return {}
        file.seek(size - 8)
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != _MAGIC or length > size - 12:
            return {}
        file.seek(size - 8 - length)
        metadata = file.read(length)
    start = metadata.rfind(_PAIR)
    if start < 0:
        return {}
    start += len(_PAIR)
    size, shift = 0, 0
    while True:
        byte = metadata[start]
        start += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    try:
        value = orjson.loads(metadata[start : start + size])
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
