"""Flushing of files: few one by one, many by their file systems, and an error is told with the file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edxtasks.logs import flushing
from edxtasks.logs.flushing import FEW_FILES, flush


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """More files than are flushed one by one."""
    found = [tmp_path / f"{number}.gz" for number in range(FEW_FILES + 1)]
    for path in found:
        path.write_bytes(b"x")
    return found


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The calls that flush, in order; each is done."""
    calls: list[str] = []
    one, all_of_it = os.fsync, flushing._flush_of_file_system()

    def note(name: str, descriptor: int) -> None:
        calls.append(f"{name} {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        (one if name == "file" else all_of_it)(descriptor)

    monkeypatch.setattr(os, "fsync", lambda descriptor: note("file", descriptor))
    if all_of_it is not None:
        monkeypatch.setattr(
            flushing, "_flush_of_file_system", lambda: lambda descriptor: note("system", descriptor)
        )
    yield calls


linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux has the call, and /proc")


@linux
def test_many_files_are_flushed_by_one_call_to_their_file_system(
    files: list[Path], flushed: list[str]
) -> None:
    flush(files)
    assert flushed == [f"system {FEW_FILES}.gz"]
    flushed.clear()
    flush(files[1:])
    assert flushed == [f"file {number}.gz" for number in range(1, FEW_FILES + 1)]


@linux
def test_each_file_system_is_flushed(files: list[Path], flushed: list[str]) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == files[0].stat().st_dev:
        pytest.skip("there is one file system only")
    other = memory / f"edxtasks-flushing-{os.getpid()}.gz"
    try:
        other.write_bytes(b"x")
        flush([*files, other])
    finally:
        other.unlink()
    assert flushed == [f"system {FEW_FILES}.gz", f"system {other.name}"]


def test_without_the_call_files_are_flushed_one_by_one(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flushing, "_flush_of_file_system", lambda: None)
    flush(files)
    with pytest.raises(FileNotFoundError):
        flush([*files, files[0].with_name("gone")])


@linux
def test_an_error_of_the_call_is_raised() -> None:
    with pytest.raises(OSError, match="Bad file descriptor") as refused:
        flushing._flush_of_file_system()(10_000)
    assert refused.value.errno == errno.EBADF
