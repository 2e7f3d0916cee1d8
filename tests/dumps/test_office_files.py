"""courses.staff and courses.listings, and the filter tsv2csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
from build_inputs import built_by
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.config import Paths, Settings
from edxtasks.dumps.tsv2csv import tsv2csv
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.courses import listings, staff


def build(
    module: ModuleType, path: Path, content: str | bytes, messages: Messages | None = None
) -> list[dict[str, Any]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    name = module.__name__.rpartition(".")[2]
    paths = Paths(staff=path) if name == "staff" else Paths(listings=path)
    settings = Settings(root=path.parent, paths=paths)
    content_of = built_by(module, None, settings, path.parent, messages or Messages())
    return [dict(row) for row in cast(Iterable[Mapping[str, Any]], content_of)]


HEADER = (
    "Institution,Semester,New or Rerun,Course Number,Short Title,Title,Instructors,Registration Open,"
    "Course Launch,Course Wrap,course_id,Andrew's Order"
)


def test_by_position_when_no_name_is_known(tmp_path: Path) -> None:
    messages = Messages()
    rows = build(staff, tmp_path / "staff.csv", "a,b,c,d\nX/Y/Z,ann,Ann,TA\n", messages)
    assert rows == [{"course_id": "X/Y/Z", "username": "ann", "name": "Ann", "role": "TA"}]
    assert "staff.csv: no column name is known; its 4 columns were read by position" in messages.lines


@pytest.mark.parametrize("header", ["course_id,username,name", "a,b,c", "course_id,b,c,d"])
def test_a_missing_column_is_named(tmp_path: Path, header: str) -> None:
    with pytest.raises(InputError, match=r"staff\.csv: missing columns: .*role"):
        build(staff, tmp_path / "staff.csv", header + "\n")


def test_missing_listing_columns_are_named_with_their_headings(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'missing columns: courses_launch \("Course Launch"\)'):
        build(listings, tmp_path / "listings.csv", HEADER.replace("Course Launch", "Start") + "\n")


def test_byte_order_mark_latin_1_and_json_lines(tmp_path: Path) -> None:
    header = "course_id,username,name,role\n"
    rows = build(staff, tmp_path / "staff.csv", b"\xef\xbb\xbf" + header.encode() + "X/Y/Z,a,É,\n".encode())
    assert rows[0]["name"] == "É"
    messages = Messages()
    rows = build(staff, tmp_path / "staff.csv", (header + "X/Y/Z,a,É,\n").encode("latin-1"), messages)
    assert rows[0]["name"] == "É"
    assert "staff.csv is not UTF-8: read as Latin-1" in messages.lines
    documents = (
        '{"Institution": "MITx", "Semester": null, "New or Rerun": "New", "Course Number": 6.002, '
        '"Short Title": "", "Title": "T", "Instructors": "", "Registration Open": "", "course_id": "X/Y/Z"}\n'
        '{"Course Launch": "1/2/2013", "Course Wrap": "3/4/2013"}\n'
    )
    rows = build(listings, tmp_path / "listings.json", documents)
    assert rows[0]["semester"] is None
    assert rows[0]["course_number"] == "6.002"
    assert rows[0]["courses_launch"] is None
    assert rows[1]["courses_launch"] == "1/2/2013"


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    messages = Messages()
    rows = build(staff, tmp_path / "staff.csv", "course_id,username,name,role\nX/Y/Z,a,b,c\nX,a\n", messages)
    assert len(rows) == 1
    assert messages.counts["rejects"] == 1


def test_files_that_are_not_there(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path)
    for module in (staff, listings):
        with pytest.raises(SourceAbsentError, match=r"no \w+ file: set"):
            module.TABLE.builder.sources(Instance(settings))
    (tmp_path / "folder").mkdir()
    for name, told in (("no.csv", "does not exist"), ("folder", "is a folder")):
        settings = Settings(root=tmp_path, paths=Paths(staff=tmp_path / name, listings=tmp_path / name))
        for module in (staff, listings):
            setting = module.__name__.rpartition(".")[2]
            with pytest.raises(InputError, match=f"^{setting}: expected a file, but .*{name} {told}$"):
                module.TABLE.builder.sources(Instance(settings))
    with pytest.raises(InputError, match="is empty"):
        build(staff, tmp_path / "staff.csv", "\n")


def converted(data: bytes) -> bytes:
    out = io.BytesIO()
    tsv2csv(io.BytesIO(data), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("tsv", "expected"),
    [
        (b"a\tb\n1\t2\n", b"a,b\n1,2\n"),
        (b"a\tb\n1\t2", b"a,b\n1,2\n"),
        (b'a\tb\nx"y\t1,2\n', b'a,b\n"x""y","1,2"\n'),
        (b"a\\n\\\\\tNULL\n\r\xff\xe2\0\tx\n", b'a\\n\\\\,NULL\n"\r\xff\xe2\0",x\n'),
        (b"a\tb\r\n1\t2\r\n", b"a,b\n1,2\n"),
        (b"", b""),
    ],
)
def test_tsv2csv(tsv: bytes, expected: bytes) -> None:
    assert converted(tsv) == expected


@given(st.lists(st.lists(st.binary(max_size=5), min_size=2, max_size=3), max_size=5))
@settings(max_examples=100, deadline=None)
def test_tsv2csv_keeps_every_byte(rows: list[list[bytes]]) -> None:
    rows = [[cell.translate(None, b"\t\n\r") for cell in row] for row in rows]
    data = b"\n".join(b"\t".join(row) for row in rows)
    if rows:
        data += b"\n"
    read = csv.reader(io.StringIO(converted(data).decode("latin-1"), newline=""))
    assert [[cell.encode("latin-1") for cell in row] for row in read] == rows
