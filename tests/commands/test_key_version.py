"""Which form of keys the events of a course use: the file that is looked at, and how many lines decide."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.logs.key_version import key_version

COURSE = CourseKey("MITx", "6.00x", "1T2014")


def shard(directory: Path, day: str, marked: int, size: int) -> int:
    """A shard with `marked` lines that hold a block key, of about `size` bytes on disk; gives its size."""
    path = directory / COURSE.directory / f"tracklog-{day}.json.gz"
    path.parent.mkdir(exist_ok=True)
    noise = random.Random(day).randbytes(size).hex().encode()
    # Hex digits are packed to half their number; several keys in a line count once.
    lines = [b"block-v1:a block-v1:b"] * marked + [noise[at : at + 500] for at in range(0, len(noise), 500)]
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    return path.stat().st_size


def test_more_than_32_lines_decide(tmp_path: Path) -> None:
    shard(tmp_path, "2014-01-01", 32, 100)
    assert key_version(tmp_path, COURSE) == "standard"
    shard(tmp_path, "2014-01-01", 33, 100)
    assert key_version(tmp_path, COURSE) == "v1"


def test_the_first_large_shard_is_looked_at(tmp_path: Path) -> None:
    assert shard(tmp_path, "2014-01-01", 40, 1_000) < 65_536
    assert shard(tmp_path, "2014-01-02", 0, 70_000) > 65_536
    assert shard(tmp_path, "2014-01-03", 40, 90_000) > 65_536
    assert key_version(tmp_path, COURSE) == "standard"


def test_else_the_largest(tmp_path: Path) -> None:
    shard(tmp_path, "2014-01-01", 0, 100)
    shard(tmp_path, "2014-01-02", 40, 2_000)
    shard(tmp_path, "2014-01-03", 0, 200)
    assert key_version(tmp_path, COURSE) == "v1"


def test_a_shard_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"MITx/6\.00x/1T2014: there is no split log in"):
        key_version(tmp_path, COURSE)
    shard(tmp_path, "2014-01-01", 5, 1_000)
    path = tmp_path / COURSE.directory / "tracklog-2014-01-01.json.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="tracklog-2014-01-01"):
        key_version(tmp_path, COURSE)
