"""Course directory, dated directory, dump date."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edxtasks.config import Options, Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.directories import (
    course_directory,
    dated_directories,
    directory_read_with,
    dump_date,
    sql_directory,
)
from edxtasks.errors import InputError, SourceAbsentError

COURSE = CourseKey("MITx", "2.03x", "3T2013")
# The three names, the first that exists counts.
NAMES = ("MITx__2.03x__3T2013", "MITx-2.03x-3T2013", "2.03x-3T2013")


def settings(base: Path, day: str | None = None, **options: Any) -> Settings:
    return Settings(
        root=base,
        paths=Paths(course_sql_base_dir=base, course_sql_date_dir=day),
        options=Options(**options),
    )


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A course with two dated directories, and beside them what only looks like one."""
    course = tmp_path / NAMES[1]
    for name in (
        "2013-09-08",
        "2014-02-16",
        "2016-01-xx",
        "2016-13-01",
        "2015-1-1",
        "2017-01-01b",
        "٢٠١٨-01-01",
    ):
        (course / name).mkdir(parents=True)
    (course / "2019-01-01").write_text("a file, no directory")
    return tmp_path


def test_first_of_three_names(tmp_path: Path) -> None:
    for place in ("EDGE", "UNKNOWN"):
        (tmp_path / place / NAMES[1]).mkdir(parents=True)
    (tmp_path / "MITx__2.03x__3T2013x").mkdir()
    with pytest.raises(SourceAbsentError) as caught:
        course_directory(COURSE, settings(tmp_path))
    assert str(caught.value) == (
        "MITx/2.03x/3T2013 has no directory: looked for MITx__2.03x__3T2013, MITx-2.03x-3T2013, 2.03x-3T2013 "
        f"in {tmp_path}"
    )
    for name in reversed(NAMES):
        (tmp_path / name).mkdir()
        assert course_directory(COURSE, settings(tmp_path)) == tmp_path / name


def test_base_directory_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsentError, match=r"which does not exist \(setting course_sql_base_dir\)"):
        sql_directory(COURSE, settings(tmp_path / "gone"))


def test_without_date(base: Path) -> None:
    assert sql_directory(COURSE, settings(base)) == base / NAMES[1]
    assert dump_date(COURSE, settings(base)) is None


def test_configured_date(base: Path) -> None:
    chosen = settings(base, "2013-09-08")
    assert sql_directory(COURSE, chosen) == base / NAMES[1] / "2013-09-08"
    assert dump_date(COURSE, chosen) == date(2013, 9, 8)


def test_directory_that_is_no_date(base: Path) -> None:
    (base / NAMES[1] / "current").symlink_to("2014-02-16")
    chosen = settings(base, "current")
    assert sql_directory(COURSE, chosen) == base / NAMES[1] / "current"
    assert dump_date(COURSE, chosen) is None


@pytest.mark.parametrize("flag", ["dataset_latest", "latest_sql_dir"])
def test_newest_overrides_the_date(base: Path, flag: str) -> None:
    chosen = settings(base, "2013-09-08", **{flag: True})
    assert sql_directory(COURSE, chosen) == base / NAMES[1] / "2014-02-16"
    assert dump_date(COURSE, chosen) == date(2014, 2, 16)


def test_pin_overrides_all(base: Path) -> None:
    chosen = settings(base, "2014-02-16", dataset_latest=True)
    assert sql_directory(COURSE, chosen, pin="2013-09-08") == base / NAMES[1] / "2013-09-08"
    assert dump_date(COURSE, chosen, pin="2013-09-08") == date(2013, 9, 8)


def test_dated_directories(base: Path) -> None:
    assert dated_directories(COURSE, settings(base)) == ["2013-09-08", "2014-02-16"]


def test_missing_date_is_an_error(base: Path) -> None:
    with pytest.raises(
        InputError, match=r"no directory 2014-01-01 \(from course_sql_date_dir\) .*-08, 2014-02-16"
    ):
        sql_directory(COURSE, settings(base, "2014-01-01"))
    with pytest.raises(InputError, match=r"no directory 2014-01-01 \(from course_axis_pin_dates\)"):
        sql_directory(COURSE, settings(base, latest_sql_dir=True), pin="2014-01-01")
    with pytest.raises(InputError, match="no directory 2019-01-01"):
        dump_date(COURSE, settings(base, "2019-01-01"))


def test_no_dated_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / NAMES[0] / "2016-01-xx").mkdir(parents=True)
    with pytest.raises(InputError, match=r"no dated directory in .*: expected one named YYYY-MM-DD"):
        sql_directory(COURSE, settings(tmp_path, latest_sql_dir=True))
    with pytest.raises(InputError, match="there is no dated directory in it"):
        sql_directory(COURSE, settings(tmp_path, "2016-01-01"))


@pytest.mark.parametrize(
    ("day", "options", "expected"),
    [
        (None, {}, "."),
        ("2014-02-16", {}, "2014-02-16"),
        ("2015-03-01", {}, "2015-03-01"),
        (None, {"latest_sql_dir": True}, "2015-03-01"),
        ("2014-02-16", {"dataset_latest": True}, "2015-03-01"),
    ],
)
def test_the_directory_that_is_read_once_a_dump_has_come(
    base: Path, day: str | None, options: dict[str, Any], expected: str
) -> None:
    home = base / NAMES[1]
    arriving = home / "2015-03-01"
    found = settings(base, day, **options)
    assert directory_read_with(arriving, COURSE, found) == home / expected
    arriving.mkdir()
    assert sql_directory(COURSE, found) == home / expected  # as it is told afterwards
    # One that is older than those that are there changes nothing.
    if options:
        assert directory_read_with(home / "2013-01-01", COURSE, found) == arriving
    # A directory of the name that goes first hides what is sorted.
    (base / NAMES[0] / "2015-03-01").mkdir(parents=True)
    assert directory_read_with(arriving, COURSE, found) == base / NAMES[0] / expected
