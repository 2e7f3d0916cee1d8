"""Files and folders, of dumps and warehouse, that cannot be read: told plainly, and fail one course alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import REPOSITORY, told_all
from test_weekly_package import OLD, ONE, TWO, configure, package

from edxtasks.course import CourseKey

AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
"""Permissions do not bind the administrator, under whom tests may run: this takes that right away."""


def run(folder: Path, *words: str) -> tuple[int, str]:
    """Exit status and messages of doit, run by somebody whom permissions bind."""
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("run as the administrator, and without setpriv")
    prefix = AS_ANYBODY if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "doit", *told_all(words)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    return done.returncode, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "dodo.py", tmp_path)
    (tmp_path / "config").mkdir()
    package(tmp_path, OLD, 3)
    (tmp_path / "staff.csv").write_text("course_id,username,name,role\n")
    configure(tmp_path, course_sql_date_dir=OLD, dump_dir=f"mitx-{OLD}", staff="staff.csv")
    return tmp_path


def test_files_and_folders_that_cannot_be_read(folder: Path) -> None:
    source = folder / f"mitx-{OLD}" / f"{ONE.replace('/', '-')}-student_courseenrollment-prod-analytics.sql"
    source.chmod(0)
    (folder / "staff.csv").chmod(0)
    status, told = run(folder, "make_uic", "staff2bq")
    assert status != 0
    assert f"FAILED  waldofy:{ONE}: {source} cannot be read: Permission denied" in told
    assert f"FAILED  courses.staff: {folder}/staff.csv: cannot be read" in told
    # Nothing is made from a dump that was sorted in part; the other course does not notice.
    assert f"1 not tried since waldofy:{ONE} failed: user_info_combo:{ONE}" in told
    assert f"built   user_info_combo:{TWO}: 3 rows" in told

    source.chmod(0o600)
    users = source.with_name(source.name.replace("student_courseenrollment", "auth_user"))
    users.write_text(users.read_text().replace("learner1", "another"))
    for name in (".", OLD):
        place = folder / "SQL" / ONE.replace("/", "-") / name
        place.chmod(0)
        status, told = run(folder, "make_uic", "force_recompute=1")
        place.chmod(0o700)
        assert status != 0
        assert f"FAILED  waldofy:{ONE}: {folder}/SQL/" in told
        assert "Permission denied; check its owner and permissions" in told
        assert f"built   user_info_combo:{TWO}: 3 rows" in told

    assert run(folder, "make_uic")[0] == 0
    dataset = folder / "warehouse" / CourseKey.parse(ONE).dataset
    dataset.chmod(0)
    status, told = run(folder, "make_uic", "force_recompute=1")
    dataset.chmod(0o700)
    assert status != 0
    assert f"FAILED  user_info_combo:{ONE}: {dataset}" in told
    assert f"built   user_info_combo:{TWO}: 3 rows" in told

    (folder / f"mitx-{OLD}").chmod(0)
    status, told = run(folder, "make_uic")
    (folder / f"mitx-{OLD}").chmod(0o700)
    assert status != 0
    assert told.count("FAILED") == 1
    assert f"FAILED  waldofy:{ONE}: {folder}/mitx-{OLD}: cannot be read" in told


def test_folders_that_cannot_be_written(folder: Path) -> None:
    place = folder / "SQL" / ONE.replace("/", "-") / OLD
    place.mkdir(parents=True)
    place.chmod(0o500)
    status, told = run(folder, "make_uic")
    place.chmod(0o700)
    assert status != 0
    assert f"FAILED  waldofy:{ONE}: {place}/users.csv.gz cannot be made: Permission denied" in told
    assert f"built   user_info_combo:{TWO}: 3 rows" in told
