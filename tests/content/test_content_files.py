"""Files beside a table."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from edxtasks.content.files_beside_tables import csv_bytes, write_beside
from edxtasks.errors import UserError
from edxtasks.messages import Messages


def test_files_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")
    write_beside(tmp_path, tmp_path / "scratch", {"a.csv": b"new", "b.csv": b"b"}, Messages())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.csv": b"new", "b.csv": b"b"}


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()  # cannot be replaced by a file
    with pytest.raises(UserError, match="expected the name of a file"):
        write_beside(tmp_path, tmp_path / "scratch", {"a.csv": b"new"}, Messages())
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_directory_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    messages = Messages()
    write_beside(tmp_path / "gone", tmp_path, {"a.csv": b"new"}, messages)
    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert messages.lines == [f"{tmp_path / 'gone'} is not writable; not kept: a.csv"]


def test_csv() -> None:
    rows: list[list[object]] = [[1, None, True], ['a"b', "c,d\ne", False]]
    assert csv_bytes(["x", "y", "z"], rows) == b'x,y,z\n1,,true\n"a""b","c,d\ne",false\n'
    assert csv_bytes(["x"], [[None], [1]], quote_all=True) == b'"x"\n""\n"1"\n'


def test_gzip_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
        write_beside(folder, tmp_path, {"x.csv.gz": b"x"}, Messages())
    assert (first / "x.csv.gz").read_bytes() == (second / "x.csv.gz").read_bytes()
    assert gzip.decompress((first / "x.csv.gz").read_bytes()) == b"x"
