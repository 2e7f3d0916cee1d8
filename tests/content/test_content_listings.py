"""The course listings file."""

from __future__ import annotations

from pathlib import Path

import pytest
from course_exports import COURSE

from edxtasks.content.findings import LISTINGS, Findings
from edxtasks.content.listings_file import find_listing, make_key, read_listings
from edxtasks.errors import InputError


def read(path: Path, content: bytes | str) -> list[dict[str, str | None]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_listings(path, Findings())


@pytest.mark.parametrize(
    "content",
    [
        "Title,course_id,Course Wrap\nÉté,MITx/8.01x/3T2013,12/20/2013\n",
        "\ufeffTitle, course_id ,Course Wrap\r\nÉté,MITx/8.01x/3T2013,12/20/2013\r\n\r\n,,\r\n",
        "Title,course_id,Course Wrap\nÉté,MITx/8.01x/3T2013,12/20/2013\n".encode("latin-1"),
    ],
)
def test_csv(tmp_path: Path, content: bytes | str) -> None:
    assert read(tmp_path / "l.csv", content) == [
        {"Title": "Été", "course_id": "MITx/8.01x/3T2013", "Course Wrap": "12/20/2013"}
    ]


def test_json_lines(tmp_path: Path) -> None:
    content = (
        '\ufeff{"course_id": "a/b/c", "Title": "É", "n": 3, "certifies": true, "x": null}\n\n'
        '{"course_id": "d/e/f"}'
    )
    assert read(tmp_path / "l.json", content) == [
        {"course_id": "a/b/c", "Title": "É", "n": "3", "certifies": "true", "x": None},
        {"course_id": "d/e/f"},
    ]


def test_cells_over_several_lines_and_empty_cells(tmp_path: Path) -> None:
    content = 'Title,course_id,x\n"two\nlines, ""q""",a/b/c,\nshort,d/e/f\n'
    assert read(tmp_path / "l.csv", content) == [
        {"Title": 'two\nlines, "q"', "course_id": "a/b/c", "x": None},
        {"Title": "short", "course_id": "d/e/f", "x": None},
    ]


def test_of_two_columns_with_one_heading_the_first_counts(tmp_path: Path) -> None:
    assert read(tmp_path / "l.csv", "x,course_id,x\n1,a/b/c,2\n") == [{"x": "1", "course_id": "a/b/c"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "l.csv",
            "Title,Course Wrap\nx,y\n",
            r"l\.csv has no column course_id: .* first row of 2 cells without it",
        ),
        ("l.csv", "", r"l\.csv has no column course_id: .* first row of 0 cells without it"),
        (
            "l.csv",
            "Title,course_id\nx,a/b/c\nx\n",
            r"l\.csv line 3 has 1 cell: none for course_id, column 2",
        ),
        (
            "l.json",
            '{"course_id": "a/b/c"}\n{"Title": "x"}\n',
            r"l\.json line 2 is not a JSON object with a course_id",
        ),
        ("l.json", '{"course_id": "a/b/c"}\n{"course_id"\n', r"l\.json line 2 is not JSON"),
        ("l.json", "[1]\n", r"l\.json line 1 is not a JSON object"),
    ],
)
def test_a_row_without_a_course_is_an_error(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path / name, content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.csv cannot be read"):
        read_listings(tmp_path / "nothing.csv", Findings())


def test_cells_beyond_the_header_are_told(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("course_id\na/b/c,extra\n")
    findings = Findings()
    assert read_listings(tmp_path / "l.csv", findings) == [{"course_id": "a/b/c"}]
    assert findings.of(LISTINGS) == ["line 2 has more cells than the header: they are ignored"]


def test_the_first_row_of_a_course_in_either_form() -> None:
    findings = Findings()
    other, first = {"course_id": "MITx/8.01x/1T2012"}, {"course_id": "course-v1:MITx+8.01x+3T2013", "n": "1"}
    second, blank = {"course_id": "MITx/8.01x/3T2013", "n": "2"}, {"course_id": None}
    assert find_listing([blank, other, first], COURSE, findings) == first
    assert findings.lines() == []
    assert find_listing([other, second, first], COURSE, findings) == second
    assert findings.of(LISTINGS) == ["MITx/8.01x/3T2013 has 2 rows: the first is used"]
    assert find_listing([other, blank], COURSE, findings) is None


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("4-way (CS, STEM, HSocSciGov, HumHistRel)", "4_way_CS_STEM_HSocSciGov_HumHistRel"),
        ("Andrew's Short Titles", "Andrew_s_Short_Titles"),
        ("Andrew Recodes New/Rerun", "Andrew_Recodes_New_Rerun"),
        (" New or Rerun ", "New_or_Rerun"),
        ("course_id", "course_id"),
    ],
)
def test_keys(column: str, key: str) -> None:
    assert make_key(column) == key
