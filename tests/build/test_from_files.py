"""Rows of person_course from its CSV files: matched by name, typed, and refused with the line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from edxtasks.build.from_files import FileForm, rows_of_file
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.warehouse.schema import schema

COLUMNS = schema("""
course_id STRING -- course
user_id INTEGER -- account
viewed BOOLEAN -- whether
grade FLOAT -- how well
start_time TIMESTAMP -- when
""")
PERSON_COURSE = FileForm(("user_id",), "person_course", "Rebuild the file (doit person_course).")


def written(folder: Path, text: str) -> Path:
    path = folder / "person_course.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_columns_are_matched_by_name_and_fields_may_hold_anything(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "viewed,user_id,nickname,course_id,start_time\n"
        'True,1018,"x",X/1/2,2014-10-14 09:08:07.500000\n'
        'false,2,y,"a ""quoted"", broken\r\ncourse",2014-01-01 00:00:00 UTC\n'
        ",3,,,\n",
    )
    messages = Messages()
    assert list(rows_of_file(path, COLUMNS, PERSON_COURSE, messages)) == [
        {
            "viewed": True,
            "user_id": 1018,
            "course_id": "X/1/2",
            "start_time": "2014-10-14 09:08:07.500000+00:00",
        },
        {
            "viewed": False,
            "user_id": 2,
            "course_id": 'a "quoted", broken\r\ncourse',
            "start_time": "2014-01-01 00:00:00+00:00",
        },
        {"viewed": None, "user_id": 3, "course_id": None, "start_time": None},
    ]
    assert messages.lines == [
        f"{path} lacks grade, which is NULL for its rows",
        f"{path} has columns that are left out: nickname",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id,grade\n1,0.5\n2,secret\n", "line 3: the value of grade cannot be read"),
        ("user_id,viewed\n1,yes\n", "line 2: the value of viewed cannot be read"),
        ("user_id,grade\n1,0.5,9\n", "line 2: expected 2 fields as in the header, found 3"),
        ("name,grade\nx,1\n", "expected a header with the columns of person_course, found none"),
        ("", "expected a header with the columns of person_course, found none"),
        ('user_id,course_id\n1,"open\n', "expected CSV in UTF-8, found something else"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        list(rows_of_file(path, COLUMNS, PERSON_COURSE, Messages()))
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "user_id\n" + "\n".join(map(str, range(10_000))))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="expected CSV in UTF-8"):
        list(rows_of_file(path, COLUMNS, PERSON_COURSE, Messages()))


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "person_course.csv.gz"
    path.write_bytes(gzip.compress(b"user_id,course_id\n1,R\xe9union\n"))
    with pytest.raises(InputError, match="expected CSV in UTF-8"):
        list(rows_of_file(path, COLUMNS, PERSON_COURSE, Messages()))
