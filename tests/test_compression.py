"""Compressed files: equal bytes for equal content, and what is read back."""

from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import pytest
import zstandard

from edxtasks.compression import BROKEN, PIECE, GzipWriter, MemberWriter, opened

WRITERS = [
    lambda sink: GzipWriter(sink),
    lambda sink: GzipWriter(sink, 6),
    lambda sink: MemberWriter(sink, 1),
    lambda sink: MemberWriter(sink, 6),
]


def content() -> bytes:
    """Text of a few pieces, and a bit."""
    words = random.Random(7)
    return b" ".join(b"%d" % words.randrange(1000) for _ in range(PIECE))


@pytest.mark.parametrize("writer", WRITERS)
def test_equal_content_gives_equal_bytes_however_it_is_cut(writer: object) -> None:
    text = content()
    made = set()
    for cut in (1000, PIECE, PIECE + 1, len(text)):
        sink = io.BytesIO()
        packed = writer(sink)  # type: ignore[operator]
        for start in range(0, len(text), cut):
            packed.write(text[start : start + cut])
        packed.finish()
        made.add(sink.getvalue())
    (packed,) = made
    assert gzip.decompress(packed) == text
    assert packed[3:8] == bytes(5)  # neither a name nor a time


def test_a_block_that_fails_ends_no_stream() -> None:
    sink = io.BytesIO()
    with pytest.raises(LookupError), GzipWriter(sink) as packed:
        packed.write(b"text")
        raise LookupError
    assert sink.getvalue() == b""


def test_files_are_opened_as_their_names_say(tmp_path: Path) -> None:
    texts = {"a.csv": b"x", "b.csv.gz": gzip.compress(b"y"), "c.json.zst": zstandard.compress(b"z")}
    read = b""
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
        with opened(tmp_path / name) as file:
            read += file.read()
    assert read == b"xyz"
    with opened(tmp_path / "b.csv.gz", "") as file:
        assert file.read() == texts["b.csv.gz"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a.gz", "cut off"),
        *((name, fault) for name in ("a.gz", "a.zst") for fault in ("corrupt", "something else")),
    ],
)
def test_what_is_broken(tmp_path: Path, name: str, fault: str) -> None:
    whole = gzip.compress(content()) if name == "a.gz" else zstandard.compress(content())
    middle = len(whole) // 2
    broken = {
        "cut off": whole[:middle],
        "corrupt": whole[:middle] + bytes(1000) + whole[middle + 1000 :],
        "something else": b"an office's file",
    }
    (tmp_path / name).write_bytes(broken[fault])
    with pytest.raises(BROKEN), opened(tmp_path / name) as file:
        while file.read(PIECE):
            pass
