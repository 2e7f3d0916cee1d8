"""Files that cannot be written to their end: whoever runs it learns which."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from edxtasks.errors import UserError, from_machine
from edxtasks.files import replacing, writing


@pytest.fixture
def small_files() -> Iterator[None]:
    """Every file of more than 20 000 bytes is refused, as by a full disk."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [19_000, 200_000], ids=["as it is closed", "at once"])
def test_a_file_that_cannot_be_written_is_named(small_files: None, tmp_path: Path, size: int) -> None:
    path = tmp_path / "rows.json"
    with pytest.raises(OSError, match="File too large") as refused, writing(path) as file:
        file.write(b"x" * 2_000)
        file.flush()
        for _ in range(3):
            file.write(b"x" * size)
    assert f"{path}: cannot be read or written: File too large" in str(from_machine(refused.value))


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_a_file_that_is_to_be_replaced_is_named_and_stays(
    small_files: None, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"before")
    numbers = iter(range(10**9))
    with pytest.raises(OSError, match="File too large") as refused, replacing(path) as sink:
        for _ in range(100_000):
            sink.write(b"%d" % (next(numbers) * 2_654_435_761 % 2**61))
    assert str(path) in str(from_machine(refused.value))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_that_is_written_for_is_named_and_not_the_one_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with pytest.raises(OSError, match="No such file") as refused, replacing(tmp_path / "gone" / "table.csv"):
        raise AssertionError("it has begun")
    told = f"{tmp_path}/gone/table.csv: cannot be read or written: No such file or directory"
    assert str(from_machine(refused.value)).startswith(told)
    with pytest.raises(OSError, match="directory") as refused, replacing(path):
        path.mkdir()  # somebody makes a folder in the meantime
    assert str(from_machine(refused.value)).startswith(f"{path}: cannot be read or written: Is a directory")


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="expected the name of a file, found another thing"), replacing(pipe):
        raise AssertionError("it has begun")
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    with pytest.raises(UserError), replacing(link):
        raise AssertionError("it has begun")
    assert link.is_symlink()
