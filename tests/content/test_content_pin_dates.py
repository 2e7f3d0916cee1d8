"""Dump dates to pin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from course_exports import COURSE

from edxtasks.config import Paths, Settings
from edxtasks.content.findings import Findings
from edxtasks.content.pin_dates import (
    Recommended,
    dumps_with_content,
    recommend,
    recommend_pin_dates,
    recommended,
)
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, SourceAbsentError

DUMPS = ["2013-11-03", "2013-12-22", "2014-01-05"]


@pytest.mark.parametrize(
    ("wrap", "dump"),
    [
        (date(2013, 12, 20), "2013-12-22"),  # the first on or after it
        (date(2013, 12, 22), "2013-12-22"),
        (date(2013, 12, 23), "2014-01-05"),
        (date(2012, 1, 1), "2013-11-03"),  # all are later: the earliest
        (date(2015, 1, 1), "2014-01-05"),  # none is: the last
    ],
)
def test_the_rule(wrap: date, dump: str) -> None:
    assert recommended(wrap, DUMPS) == dump
    assert recommended(wrap, DUMPS[::-1]) == dump


def lines(wrap: str | None, dumps: Sequence[str] = DUMPS) -> list[Recommended]:
    listings = [{"course_id": "MITx/8.01x/3T2013", "Course Wrap": wrap}]
    return list(recommend([COURSE], listings, lambda course: dumps, Findings()))


@pytest.mark.parametrize("wrap", ["12/20/2013", "12/20/13", "2013-12-20", "12/20/2013 0:00"])
def test_a_line_to_paste(wrap: str) -> None:
    # With two digits the year is of this century: as 13 AD the earliest dump would come out.
    assert lines(wrap) == [Recommended(COURSE, "2013-12-22")]


@pytest.mark.parametrize("wrap", ["", None, "N/A", "TBD", "13/40/2013"])
def test_a_wrap_date_that_is_missing_or_no_date(wrap: str | None) -> None:
    (line,) = lines(wrap)
    assert not line.date
    assert line.notice.startswith("MITx/8.01x/3T2013: ")
    assert '"Course Wrap"' in line.notice


def test_no_export_in_any_dump() -> None:
    (line,) = lines("12/20/2013", [])
    assert line == Recommended(
        COURSE, notice="MITx/8.01x/3T2013: no course export found in any dated directory"
    )


def test_what_is_wrong_with_one_course_does_not_stop_the_others() -> None:
    lost, gone = CourseKey("MITx", "8.02x", "3T2013"), CourseKey("MITx", "8.03x", "3T2013")
    listings = [
        {"course_id": str(gone), "Course Wrap": "1/1/2014"},
        {"course_id": COURSE.opaque, "Course Wrap": "12/20/2013"},
    ]

    def dumps(course: CourseKey) -> list[str]:
        if course == gone:
            raise SourceAbsentError("MITx/8.03x/3T2013 has no directory")
        return DUMPS

    assert list(recommend([lost, gone, COURSE], listings, dumps, Findings())) == [
        Recommended(lost, notice="MITx/8.02x/3T2013: is not in the listings file"),
        Recommended(gone, notice="MITx/8.03x/3T2013 has no directory"),
        Recommended(COURSE, "2013-12-22"),
    ]


def site(tmp_path: Path) -> Settings:
    home = tmp_path / "8.01x-3T2013"  # a course directory without organization
    for folder, name in (
        ("2013-11-03", "course.xml.tar.gz"),
        ("2013-12-15", "users.csv"),
        ("2013-12-22", "course-prod-analytics.xml.tar.gz"),
        ("2013-12-21x", "course.xml.tar.gz"),
        ("1999-01-01", "course.xml.tar.gz"),
    ):
        (home / folder).mkdir(parents=True)
        (home / folder / name).write_bytes(b"")
    (tmp_path / "l.csv").write_text(
        "course_id,Course Wrap\nMITx/8.01x/3T2013,12/14/2013\nMITx/8.01x/3T2013,\n"
    )
    return Settings(root=tmp_path, paths=Paths(listings=Path("l.csv"), course_sql_date_dir="2000-01-01"))


def test_from_files(tmp_path: Path) -> None:
    settings = site(tmp_path)
    assert dumps_with_content(COURSE, settings) == ["2013-11-03", "2013-12-22"]
    assert list(recommend_pin_dates([COURSE], settings)) == [
        Recommended(COURSE, "2013-12-22"),
        Recommended(None, notice="course listings (1): MITx/8.01x/3T2013 has 2 rows: the first is used"),
    ]


def test_a_course_without_a_directory(tmp_path: Path) -> None:
    settings = site(tmp_path)
    (tmp_path / "8.01x-3T2013").rename(tmp_path / "elsewhere")
    (line, _) = recommend_pin_dates([COURSE], settings)
    assert line.notice.startswith("MITx/8.01x/3T2013 has no directory")


def test_no_listings_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no listings file"):
        list(recommend_pin_dates([COURSE], Settings(root=tmp_path)))
