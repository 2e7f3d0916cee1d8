"""Files written by the dumps room: CSV, JSON lines, gzip with equal bytes, replaced at the end only."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.csv_text import CsvWriter
from edxtasks.dumps.file_pieces import is_encrypted, pieces
from edxtasks.dumps.row_files import csv_file, write_json_lines
from edxtasks.errors import InputError
from edxtasks.files import replacing, replacing_together

cells = st.text(alphabet='ab,"\r\n \té\u2028', max_size=6)


@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=6))
@settings(max_examples=100, deadline=None)
def test_csv_reads_back_with_the_standard_library(records: list[list[str]]) -> None:
    sink = io.BytesIO()
    writer = CsvWriter(sink)
    for record in records:
        writer.text_record(record)
    writer.flush()
    text = sink.getvalue().decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == records


def test_csv_form() -> None:
    sink = io.BytesIO()
    writer = CsvWriter(sink)
    writer.record(["plain", None, 1, 0.5, "a,b", 'say "x"', "a\rb", "a\nb", ""])
    writer.record([None])
    writer.flush()
    assert sink.getvalue() == b'plain,,1,0.5,"a,b","say ""x""","a\rb","a\nb",\n""\n'


def test_gzip_bytes_depend_on_content_alone(tmp_path: Path) -> None:
    content = bytes(random.Random(1).choices(b"abcdefgh\n", k=1_500_000))
    made = []
    for step in (1_500_000, 262_144, 100_003, 4_096):
        path = tmp_path / f"{step}.gz"
        with replacing(path) as sink:
            for start in range(0, len(content), step):
                sink.write(content[start : start + step])
        made.append(path.read_bytes())
    assert len(set(made)) == 1
    assert gzip.decompress(made[0]) == content
    assert b"".join(pieces(tmp_path / "4096.gz")) == content
    assert made[0][4:8] == b"\0\0\0\0"  # no time stamp in the header


def test_a_file_is_replaced_at_the_end_only(tmp_path: Path) -> None:
    path = tmp_path / "table.csv.gz"
    with csv_file(path, ["a"]) as writer:
        writer.record([1])
        assert not path.exists()
    before = path.read_bytes()
    with pytest.raises(RuntimeError), csv_file(path, ["a"]) as writer:
        writer.record([2])
        raise RuntimeError
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv.gz"]


def test_several_files_are_replaced_together(tmp_path: Path) -> None:
    paths = [tmp_path / "a.json.gz", tmp_path / "b.txt"]
    with replacing_together(paths) as (one, two):
        one.write(b"1")
        two.write(b"2")
    with pytest.raises(RuntimeError), replacing_together(paths) as (one, two):
        one.write(b"x")
        raise RuntimeError
    assert gzip.decompress(paths[0].read_bytes()) == b"1"
    assert paths[1].read_bytes() == b"2"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.json.gz", "b.txt"]


@pytest.mark.parametrize(
    ("beginning", "encrypted"),
    [
        # What gpg writes: session key packets of RSA, of ECDH, for a password; the newer form of packets.
        (bytes.fromhex("85020c03a1b2c3d4e5f60718010fff00"), True),
        (bytes.fromhex("84 5e 03 a1b2c3d4e5f60718 12 01 07 40"), True),
        (bytes.fromhex("8c0d0409030a1b2c3d4e5f6071ff d2 c0"), True),
        (bytes.fromhex("c1c04c03a1b2c3d4e5f6071801080055"), True),
        (bytes.fromhex("c32e04090308a1b2c3d4e5f607180000"), True),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQIMA", True),
        (b"id\tusername\temail\n1\tann", False),
        (b"\xef\xbb\xbfid\tusername\n", False),
        ("École,Título,course_id\n".encode(), False),
        ("Ã,Ë,course_id\n".encode(), False),
        ("École,Título,course_id\n".encode("latin-1"), False),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", False),
        (b"\x85", True),
        (b"\xc1", False),
        (b"", False),
    ],
)
def test_encrypted_files_are_known_by_their_bytes(tmp_path: Path, beginning: bytes, encrypted: bool) -> None:
    assert is_encrypted(beginning) == encrypted
    for name in ("users.sql", "forum.mongo", "roles.csv"):
        (tmp_path / name).write_bytes(beginning)
        if encrypted:
            with pytest.raises(InputError, match=f"{name} is encrypted \\(PGP\\).*decrypt it first"):
                list(pieces(tmp_path / name))
        else:
            assert b"".join(pieces(tmp_path / name)) == beginning


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.json.gz"
    assert write_json_lines(path, ({"a": number, "é": None} for number in range(300))) == 300
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines[299] == '{"a":299,"é":null}'
