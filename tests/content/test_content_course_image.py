"""The course image: which file, and where to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from course_exports import COURSE

from edxtasks.config import Options, Paths, Settings
from edxtasks.content import course_image
from edxtasks.errors import SourceAbsentError


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    (tmp_path / COURSE.directory / "2013-09-08").mkdir(parents=True)
    return Settings(root=tmp_path, paths=Paths(course_sql_date_dir="2013-09-08"))


def test_of_the_dated_directory(site: Settings) -> None:
    home = site.root / COURSE.directory
    (home / "course_image.jpg").write_bytes(b"home")
    with pytest.raises(SourceAbsentError, match="no course image"):
        course_image.sources(COURSE, site)
    image = home / "2013-09-08" / "course_image.jpg"
    image.write_bytes(b"dated")
    assert course_image.sources(COURSE, site) == {"image": image}


@pytest.mark.parametrize("options", [Options(dataset_latest=True), Options(latest_sql_dir=True)])
def test_in_latest_mode_also_of_the_course_directory(site: Settings, options: Options) -> None:
    latest, home = replace(site, options=options), site.root / COURSE.directory
    with pytest.raises(SourceAbsentError, match="no course image"):
        course_image.sources(COURSE, latest)
    (home / "course_image.jpg").write_bytes(b"home")
    assert course_image.sources(COURSE, latest) == {"image": home / "course_image.jpg"}
    (home / "2013-09-08" / "course_image.jpg").write_bytes(b"dated")
    assert course_image.sources(COURSE, latest) == {"image": home / "2013-09-08" / "course_image.jpg"}


def test_a_pin_does_not_matter(site: Settings) -> None:
    image = site.root / COURSE.directory / "2013-09-08" / "course_image.jpg"
    image.write_bytes(b"dated")
    (site.root / COURSE.directory / "2012-01-01").mkdir()
    pinned = replace(site, course_axis_pin_dates={str(COURSE): "2012-01-01"})
    assert course_image.sources(COURSE, pinned) == {"image": image}


def test_destination(site: Settings) -> None:
    assert course_image.destination(COURSE, site) == "MITx__8.01x__3T2013/course_image.jpg"
    latest = replace(site, options=Options(dataset_latest=True))
    assert course_image.destination(COURSE, latest) == "MITx__8.01x__3T2013/latest/course_image.jpg"
    other = replace(site, options=Options(latest_sql_dir=True))
    assert course_image.destination(COURSE, other) == "MITx__8.01x__3T2013/course_image.jpg"
