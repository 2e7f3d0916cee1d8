"""Files of log lines rephrased in place: what is written, what is kept, what a fault leaves."""

from __future__ import annotations

import bz2
import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from edxtasks.errors import InputError
from edxtasks.logs.raw_files import LONGEST_LINE
from edxtasks.logs.rephrase_files import RephrasedFile, lines_of, rephrase_file
from edxtasks.logs.rows.rephrase import Reject, RephraseRules, rephrase_stream

LINES = b'{"time":1413290096,"event_source":"server","event":{"a": 1}}\n\nbroken\n'
ROWS = b'{"time":"2014-10-14T12:34:56.000000+00:00","event_source":"server","event":"{\\"a\\":1}"}\n'


def rephrase(path: Path) -> tuple[RephrasedFile, list[Any]]:
    rejects: list[Any] = []
    return rephrase_file(path, RephraseRules(), lambda *reject: rejects.append(reject)), rejects


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("name", "pack", "unpack"),
    [
        ("tracking.log", bytes, bytes),
        ("tracking.log.gz", gzip.compress, gzip.decompress),
        ("tracking.log.zst", zstandard.compress, lambda data: zstandard.decompress(data, 1000)),
        ("tracking.log.bz2", bz2.compress, bz2.decompress),
        ("tracking.gz.log", gzip.compress, bytes),  # the name decides what is written
    ],
)
def test_in_place(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / name
    delivered = pack(LINES)  # gzip writes the time into it: packed again it may differ
    path.write_bytes(delivered)
    path.chmod(0o640)
    result, rejects = rephrase(path)
    assert unpack(path.read_bytes()) == ROWS
    assert path.stat().st_mode & 0o777 == 0o640
    assert result.original == tmp_path / f"old-{name}"
    assert result.original.read_bytes() == delivered
    assert names(tmp_path) == sorted([name, f"old-{name}"])
    assert (result.counts.lines, result.counts.blank, result.counts.rows) == (3, 1, 1)
    assert rejects == [(3, Reject("bad_json"), b"broken")]


def test_gzip_holds_no_time_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(LINES))
    rephrase(path)
    assert path.read_bytes()[3:8] == bytes(5)  # no name, no time


def test_a_file_of_rows_is_untouched(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(LINES))
    rephrase(path)
    before = path.stat()
    result, rejects = rephrase(path)
    assert result.original is None
    assert result.counts.rows == 1
    assert not rejects
    assert path.stat() == before
    assert names(tmp_path) == ["a.gz", "old-a.gz"]


def test_no_original_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for number, kept in ((1, "old-a"), (2, "old-2-a"), (3, "old-3-a")):
        path.write_bytes(LINES * number)
        assert rephrase(path)[0].original == tmp_path / kept
        assert (tmp_path / kept).read_bytes() == LINES * number
        assert path.read_bytes() == ROWS * number


def test_a_run_killed_between_its_last_two_steps(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(LINES)
    os.link(path, tmp_path / "old-a")
    (tmp_path / "tmp-a").write_bytes(b"half")
    assert rephrase(path)[0].original == tmp_path / "old-a"
    assert names(tmp_path) == ["a", "old-a"]
    assert (tmp_path / "old-a").read_bytes() == LINES
    assert path.read_bytes() == ROWS


def test_a_truncated_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    broken = gzip.compress(LINES * 1000)[:-20]
    path.write_bytes(broken)
    with pytest.raises(InputError, match=r"a\.gz"):
        rephrase(path)
    assert path.read_bytes() == broken
    assert names(tmp_path) == ["a.gz"]


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_a_line_that_is_too_long(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    long = b'{"time":1413290096,"event_source":"server","event":"' + b"x" * LONGEST_LINE + b'"}'
    text = LINES + long + b"\n" + LINES + long
    path.write_bytes(gzip.compress(text, 1) if name == "a.gz" else text)
    result, rejects = rephrase(path)
    assert (result.counts.lines, result.counts.rows) == (8, 2)
    told = [(number, reject.reason) for number, reject, _ in rejects]
    assert told == [(3, "bad_json"), (4, "too_long"), (7, "bad_json"), (8, "too_long")]
    # The same of a stream.
    rows: list[bytes] = []
    told = []
    counts = rephrase_stream(
        lines_of(io.BytesIO(text)),
        RephraseRules(),
        rows.append,
        lambda number, reject, _: told.append((number, reject.reason)),
    )
    assert (counts.lines, rows) == (8, [ROWS, ROWS])
    assert told == [(3, "bad_json"), (4, "too_long"), (7, "bad_json"), (8, "too_long")]


def test_lines_of_a_stream() -> None:
    fits = b"x" * LONGEST_LINE
    lines = [fits + b"\n", b"\n", fits + b"x\n", b"a\n", fits + fits + b"\n", fits]
    found = list(lines_of(io.BytesIO(b"".join(lines))))
    assert found == [fits + b"\n", b"\n", Reject("too_long"), b"a\n", Reject("too_long"), fits]
    assert list(lines_of(io.BytesIO(b""))) == []
    assert list(lines_of(io.BytesIO(fits + b"x"))) == [Reject("too_long")]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing"):
        rephrase(tmp_path / "nothing")
    assert names(tmp_path) == []


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    result, _ = rephrase(path)
    assert result.original is None
    assert result.counts.lines == 0


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError("hard links are not supported")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "a"
    path.write_bytes(LINES)
    (tmp_path / "old-a").write_bytes(b"an earlier original")
    assert rephrase(path)[0].original == tmp_path / "old-2-a"
    assert names(tmp_path) == ["a", "old-2-a", "old-a"]
    assert (tmp_path / "old-2-a").read_bytes() == LINES
    assert path.read_bytes() == ROWS
