"""`doit recommend_pin_dates`: what it prints is pasted into a configuration, and holds there."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import Run, runner

from edxtasks.config import load_settings
from edxtasks.course import CourseKey

OLD, NEW = "MITx/6.002x/2012_Fall", "MITx/8.01x/3T2013"


@pytest.fixture
def doit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    for day in ("2013-11-03", "2013-12-22"):
        (tmp_path / "MITx-8.01x-3T2013" / day).mkdir(parents=True)
        (tmp_path / "MITx-8.01x-3T2013" / day / "course.xml.tar.gz").write_bytes(b"")
    (tmp_path / "listings.csv").write_text(f"course_id,Course Wrap\n{NEW},12/20/2013\n")
    (tmp_path / "config").mkdir()
    return runner(tmp_path, monkeypatch, capfdbinary)


def pins(folder: Path, config: str) -> list[str | None]:
    settings = load_settings(folder, {"config": config}, {})
    return [settings.pin(CourseKey.parse(course)) for course in (OLD, NEW)]


def test_toml_is_pasted_at_the_end(tmp_path: Path, doit: Run) -> None:
    config = tmp_path / "config" / "edxtasks.toml"
    config.write_text('csv_bom = true\n\n[paths]\nlistings = "listings.csv"\n')
    ended = doit("recommend_pin_dates", NEW)
    assert ended.out == f'[course_axis_pin_dates]\n"{NEW}" = "2013-12-22"\n'
    config.write_text(config.read_text() + ended.out)
    assert pins(tmp_path, str(config)) == [None, "2013-12-22"]


def test_toml_replaces_the_dates_that_are_there_and_keeps_those_of_other_courses(
    tmp_path: Path, doit: Run
) -> None:
    config = tmp_path / "config" / "edxtasks.toml"
    rest = '[paths]\nlistings = "listings.csv"\n'
    config.write_text(f'course_axis_pin_dates = {{ "{OLD}" = "2013-01-06" }}\n{rest}')
    ended = doit("recommend_pin_dates", NEW)
    assert "edxtasks.toml has a course_axis_pin_dates already: replace it by these lines" in ended.err
    config.write_text(rest + ended.out)
    assert pins(tmp_path, str(config)) == ["2013-01-06", "2013-12-22"]


def test_python_is_pasted_at_the_end(tmp_path: Path, doit: Run) -> None:
    config = tmp_path / "edx2bigquery_config.py"
    config.write_text(f"LISTINGS = 'listings.csv'\ncourse_axis_pin_dates = {{'{OLD}': '2013-01-06'}}\n")
    ended = doit("recommend_pin_dates", f"--config={config}", NEW)
    config.write_text(config.read_text() + ended.out)
    assert pins(tmp_path, str(config)) == ["2013-01-06", "2013-12-22"]


def test_nothing_to_recommend_is_no_success(tmp_path: Path, doit: Run) -> None:
    (tmp_path / "config" / "edxtasks.toml").write_text('[paths]\nlistings = "listings.csv"\n')
    ended = doit("recommend_pin_dates", OLD, status=1)
    assert ended.out == ""
    assert ended.err.endswith(f"{OLD}: is not in the listings file\nno date is recommended\n")
