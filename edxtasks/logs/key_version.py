"""Which form of keys the events of a course use: of old (`standard`) or opaque (`v1`)."""

from __future__ import annotations

from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.logs.layout import bucket_of
from edxtasks.logs.raw_files import RawLog

STANDARD = "standard"
V1 = "v1"

_LARGE = 65_536
"""A shard of more bytes holds enough lines to tell."""
_ENOUGH = 32
_MARK = b"block-v1:"


def key_version(directory: Path, course: CourseKey) -> str:
    """`v1` when more than 32 lines of one shard of the course hold `block-v1:`, else `standard`.

    The shard is the first one of more than 65 536 bytes, else the largest. Raises `InputError` when the log
    directory holds none, or it cannot be read.
    """
    folder = directory / bucket_of(course)
    shards = sorted(path for path in folder.glob("*.json.gz") if path.is_file())
    if not shards:
        raise InputError(f"{course}: there is no split log in {folder}")
    sizes = {path: path.stat().st_size for path in shards}
    chosen = next(
        (path for path in shards if sizes[path] > _LARGE), max(shards, key=lambda path: sizes[path])
    )
    marked = 0
    with RawLog(chosen) as log:
        for block in log.blocks():
            marked += sum(_MARK in line for line in block.data.split(b"\n"))
            if marked > _ENOUGH:
                return V1
    return STANDARD
