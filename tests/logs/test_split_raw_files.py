"""Raw logs opened by content, in blocks of whole lines, and what is said of those that cannot be read."""

from __future__ import annotations

import bz2
import gzip
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edxtasks.digests import Digests
from edxtasks.logs import raw_files
from edxtasks.logs.raw_files import KEPT_OF_LONG_LINE, LONGEST_LINE, Block, RawLog, RawLogError

Compress = Callable[[bytes], bytes]


def zstd(text: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(text)


COMPRESSIONS = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstd}
each_compression = pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)

_chance = random.Random(5)
TEXT = b"".join(b'{"a": %d, "b": "%s"}\n' % (i, b"x" * _chance.randrange(300)) for i in range(9000))


def read(path: Path, content: bytes, size: int = 100_000) -> tuple[bytes, str]:
    """All text of a raw log of that content, and the message of the error it ends with."""
    path.write_bytes(content)
    blocks: list[Block] = []
    with RawLog(path) as log:
        try:
            blocks.extend(log.blocks(size))
        except RawLogError as error:
            return b"".join(block.data for block in blocks), str(error)
        assert log.digest() == Digests()(path)
        assert log.position == len(content)
    return b"".join(block.data for block in blocks), ""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "raw.log"


def test_plain_text(path: Path) -> None:
    assert read(path, TEXT) == (TEXT, "")
    assert read(path, b"") == (b"", "")
    assert read(path, b"{}") == (b"{}", "")


@each_compression
@pytest.mark.parametrize("name", ["raw.log", "raw.log.gz", "raw.log.zst", "raw.txt"])
def test_the_content_decides_not_the_name(tmp_path: Path, compress: Compress, name: str) -> None:
    assert read(tmp_path / name, compress(TEXT)) == (TEXT, "")
    assert read(tmp_path / name, TEXT) == (TEXT, "")


@each_compression
def test_many_members(path: Path, compress: Compress) -> None:
    cut = TEXT.index(b"x" * 20)  # within a line
    members = [compress(TEXT[:cut]), compress(b""), compress(TEXT[cut:]), compress(b"")]
    assert read(path, b"".join(members)) == (TEXT, "")


def test_thousands_of_tiny_members(path: Path) -> None:
    lines = TEXT.splitlines(keepends=True)[:3000]
    assert read(path, b"".join(map(gzip.compress, lines))) == (b"".join(lines), "")


def test_a_zstd_file_with_a_skippable_frame(path: Path) -> None:
    frame = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    assert read(path, frame + zstd(TEXT) + frame) == (TEXT, "")


@each_compression
def test_padding_with_zeros_is_nothing(path: Path, compress: Compress) -> None:
    assert read(path, compress(TEXT) + bytes(3_000_000)) == (TEXT, "")
    assert read(path, compress(TEXT) + bytes(700) + compress(b"{}\n")) == (TEXT + b"{}\n", "")


@each_compression
@pytest.mark.parametrize("trailer", [b"j", b"junk", b"junk" * 1000 + b"\0"])
def test_a_little_after_the_end_is_counted(path: Path, compress: Compress, trailer: bytes) -> None:
    path.write_bytes(compress(TEXT) + trailer)
    with RawLog(path) as log:
        assert b"".join(block.data for block in log.blocks()) == TEXT
        assert log.trailer == len(trailer)
        assert log.digest() == Digests()(path)


@each_compression
def test_much_after_the_end_is_an_error(path: Path, compress: Compress) -> None:
    text, message = read(path, compress(TEXT) + b"junk" * 300_000)
    assert text == TEXT
    assert "corrupt" in message and str(path) in message


@each_compression
@pytest.mark.parametrize("cut", [-1, -3, -8, -200, 9_000, 40, 12, 3])
def test_a_truncated_file_is_an_error_after_all_that_can_be_read(
    path: Path, compress: Compress, cut: int
) -> None:
    text, message = read(path, compress(TEXT)[:cut])
    assert TEXT.startswith(text)
    assert f"{path} is truncated" in message and "allow_truncated" in message


@each_compression
def test_a_file_cut_within_the_header_of_a_later_member_is_truncated(path: Path, compress: Compress) -> None:
    text, message = read(path, compress(TEXT) + compress(TEXT)[:2])
    assert text == TEXT
    assert "is truncated" in message


@each_compression
def test_a_corrupt_file_is_an_error(path: Path, compress: Compress) -> None:
    content = bytearray(compress(TEXT))
    content[len(content) // 2] ^= 0x55
    assert f"{path} is corrupt" in read(path, bytes(content))[1]


def test_a_wrong_checksum_is_an_error(path: Path) -> None:
    content = bytearray(gzip.compress(TEXT))
    content[-6] ^= 1
    assert "is corrupt" in read(path, bytes(content))[1]


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2"])
def test_an_empty_compressed_file_is_broken(tmp_path: Path, suffix: str) -> None:
    assert "empty" in read(tmp_path / f"x.log{suffix}", b"")[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + bytes(100), "zip archive"),
        (b"\xfd7zXZ\x00abc", "xz"),
        (b"-----BEGIN PGP MESSAGE-----\n", "encrypted"),
        (random.Random(1).randbytes(5000), "binary"),
        (gzip.compress(random.Random(1).randbytes(5000)), "binary (inside its gzip compression)"),
        (gzip.compress(gzip.compress(TEXT)), "compressed twice"),
        (TEXT.decode().encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_log_is_named(path: Path, content: bytes, words: str) -> None:
    text, message = read(path, content)
    assert text == b""
    assert "is not a tracking log" in message and words in message


@pytest.mark.parametrize(
    "content",
    [
        bytes(100_000) + b"{}\n",  # rotated while it was written to
        b"{}\n" + bytes(5000) + b"{}\n",
        b"\x1b[31m{}\n" * 3,
        "é\u00a0ж {}\n".encode() * 500,
        b"\xff\xfe\xfd{}\n"[1:] * 500,
    ],
)
def test_odd_text_is_text(path: Path, content: bytes) -> None:
    assert read(path, content) == (content, "")


@pytest.mark.parametrize("size", [1, 7, 100, 5000, 65_536, 1 << 20])
def test_blocks_are_whole_lines_whatever_their_size(path: Path, size: int) -> None:
    text = TEXT[:300_000]
    path.write_bytes(gzip.compress(text))
    with RawLog(path) as log:
        blocks = list(log.blocks(size))
    assert b"".join(block.data for block in blocks) == text
    assert all(block.data.endswith(b"\n") for block in blocks[:-1])
    assert not any(block.too_long for block in blocks)
    assert max(len(block.data) for block in blocks) <= max(size, 400)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 60), max_size=40),
    st.integers(1, 50),
    st.booleans(),
    st.sampled_from([None, *COMPRESSIONS.values()]),
)
def test_a_line_is_too_long_or_not_whatever_the_blocks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lengths: list[int],
    size: int,
    ends: bool,
    compress: Compress | None,
) -> None:
    """With a limit of 50 bytes and 10 kept, lines of up to 50 come whole, of longer ones ten bytes."""
    text = b"\n".join(bytes([97 + i % 26]) * length for i, length in enumerate(lengths)) + b"\n" * ends
    path = tmp_path / "x.log"
    path.write_bytes(text if compress is None else compress(text))
    with monkeypatch.context() as patched:
        patched.setattr(raw_files, "LONGEST_LINE", 50)
        patched.setattr(raw_files, "KEPT_OF_LONG_LINE", 10)
        patched.setattr(raw_files, "_READ_PLAIN", 13)
        patched.setattr(raw_files, "_INFLATED", 17)
        with RawLog(path) as log:
            blocks = list(log.blocks(size))
    found: list[bytes] = []
    for block in blocks:
        found += [block.data + b"..."] if block.too_long else block.data.split(b"\n")
        if not block.too_long and not found[-1]:
            found.pop()
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    assert found == [line if len(line) <= 50 else line[:10] + b"..." for line in lines]


@each_compression
def test_memory_is_bounded_whatever_the_length_of_a_line(path: Path, compress: Compress) -> None:
    text = b"{}\n" + b"a" * (80 << 20) + b"\n{}\n"
    path.write_bytes(compress(text))
    del text
    tracemalloc.start()
    try:
        with RawLog(path) as log:
            blocks = [(len(block.data), block.too_long) for block in log.blocks()]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert blocks == [(3, False), (KEPT_OF_LONG_LINE, True), (3, False)]
    assert peak < 5 * LONGEST_LINE


def test_what_is_appended_later_is_not_seen(path: Path) -> None:
    path.write_bytes(b"1\n2\n")
    with RawLog(path) as log, path.open("ab") as file:
        file.write(b"3\n")
        file.flush()
        assert [block.data for block in log.blocks()] == [b"1\n2\n"]
    with RawLog(path, 2) as log:
        assert [block.data for block in log.blocks()] == [b"1\n"]
        assert log.position == 2
    assert path.stat().st_size == 6
