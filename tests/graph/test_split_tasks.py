"""What `doit split` tells, and how it ends: real runs over a few small raw logs."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from project import REPOSITORY, Project

COURSE = "UnivX/A/1"


def events(users: str, day: str = "2014-10-17") -> bytes:
    """Lines of a raw log: an event of each user (a letter each) in the course."""
    form = {"event_source": "server", "event_type": "x", "time": f"{day}T12:00:00+00:00", "course_id": COURSE}
    return b"".join(json.dumps(form | {"username": user}).encode() + b"\n" for user in users)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "config").mkdir()
    (tmp_path / "DAILY").mkdir()
    shutil.copy(REPOSITORY / "dodo.py", tmp_path)
    (tmp_path / "config" / "edxtasks.toml").write_text(
        f"""course_id_list = ["{COURSE}"]
[paths]
course_sql_base_dir = "SQL"
tracking_logs_directory = "L"
tlfn = "DAILY/*.gz"
"""
    )
    return Project(tmp_path)


def test_a_pattern_that_matches_nothing_is_no_success(project: Project) -> None:
    outcome = project.doit("split", status=1)
    assert outcome.failed == {"split"}
    assert f"{project.folder}/DAILY/*.gz: no such raw log" in outcome.err
    assert not (project.folder / "L").exists()
    assert "defect" not in outcome.err


def test_a_failed_split_tells_what_it_did_and_names_all_that_failed(project: Project) -> None:
    daily = project.folder / "DAILY"
    for number in range(25):
        (daily / f"bad{number:02}.log.gz").write_bytes(b"PK\x03\x04%d" % number)
    (daily / "page.log.gz").write_bytes(gzip.compress(b"<html>404 \x1b[31mNot Found</html>"))
    (daily / "good.log.gz").write_bytes(gzip.compress(events("ab") + b"{\n" + events("c", "2014-10-18")))
    outcome = project.doit("split", status=1)
    first, *more = outcome.err.partition("FAILED  split: ")[2].splitlines()
    assert first.startswith("26 of 27 raw logs failed: ")
    assert all(f"bad{number:02}.log.gz" in first for number in range(20))
    assert first.endswith(" and 6 more")
    assert sum("is not a tracking log: it is a zip archive" in line for line in more) == 20
    assert "and 6 more" in [line.strip() for line in more]
    assert "good.log.gz: 4 lines, 3 rows, 1 reject, 1 course, 2 days" in [line.strip() for line in more]
    # The good one counts as split, the others do not.
    for path in daily.glob("bad*"):
        path.unlink()
    outcome = project.doit("split", status=1)
    assert f"FAILED  split: 1 of 2 raw logs failed: {daily}/page.log.gz: none of its" in outcome.err
    assert "page.log.gz: none of its 1 line could be used (bad_json: 1)" in outcome.err
    assert "Not Found" not in outcome.err
    (daily / "page.log.gz").unlink()
    assert project.doit("split").failed == set()


def test_a_raw_log_whose_name_is_no_utf8_is_split_once(project: Project) -> None:
    name = b"tracking-\xff.log.gz".decode("utf-8", "surrogateescape")
    (project.folder / "DAILY" / name).write_bytes(gzip.compress(events("ab")))
    outcome = project.doit("split")
    assert outcome.built == {"split"}
    assert "tracking-\\xff.log.gz: 2 lines, 2 rows" in outcome.err
    assert project.doit("split").built == set()
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "place", ["L", "L/META", "L/META/FAILED", "L/PARTS", f"L/{COURSE.replace('/', '__')}"]
)
def test_a_log_directory_that_cannot_be_used_is_no_defect(project: Project, place: str) -> None:
    (project.folder / "DAILY" / "a.log.gz").write_bytes(gzip.compress(events("ab")))
    (project.folder / place).parent.mkdir(parents=True, exist_ok=True)
    (project.folder / place).write_bytes(b"a file, where a folder should be")
    outcome = project.doit("split", status=1)
    assert outcome.failed == {"split"}
    assert f"{project.folder}/{place}" in outcome.err
    assert "defect" not in outcome.err and "Traceback" not in outcome.err
    (project.folder / place).unlink()
    assert project.doit("split").built == {"split"}


def test_raw_logs_that_are_left_alone_are_told(project: Project) -> None:
    (project.folder / "DAILY" / "a.log.gz").write_bytes(gzip.compress(events("ab")))
    assert project.doit("split").built == {"split"}
    config = project.folder / "config" / "edxtasks.toml"
    config.write_text('json_text_form = "predecessor"\nedge_logs = "skip"\n' + config.read_text())
    outcome = project.doit("split")
    assert outcome.skipped == {"split"}
    assert "1 raw log was left as they were split: split with other rules (json_text_form" in outcome.err
    (project.folder / "DAILY" / "x-edge-y.log.gz").write_bytes(gzip.compress(events("c")))
    (project.folder / "DAILY" / "b.log.gz").write_bytes(gzip.compress(events("d")))
    outcome = project.doit("split")
    assert outcome.built == {"split"}
    assert "1 raw log was left as they were split" in outcome.err
    assert "1 raw log was left out: an edge log, and edge_logs is skip" in outcome.err


def test_weekly_without_raw_logs_builds_no_empty_table(project: Project) -> None:
    (project.folder / "SQL" / COURSE.replace("/", "__")).mkdir(parents=True)
    outcome = project.doit("weekly", status=None)
    assert outcome.status != 0
    assert "split" in outcome.failed
    log_tables = ("pcday_log", "pcday_ip_counts", "enrollday_all", "person_course_day", "pc_day_totals")
    assert {f"{table}:{COURSE}" for table in log_tables} <= outcome.skipped
    assert f"pcday_log:{COURSE}: there is no log day of the course" in outcome.err
