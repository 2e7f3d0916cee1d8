"""The weekly package in runs of doit: what cannot be sorted, is not read, or is gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from doit_process import Ended, doit
from project import REPOSITORY

from edxtasks.warehouse.parquet import ParquetWarehouse

ONE, TWO = "MITx/6.00x/1T2014", "MITx/8.01x/1T2014"
OLD, NEW = "2014-10-26", "2014-11-02"


def package(folder: Path, date: str, persons: int) -> Path:
    """A package as edX delivers it, decrypted: two courses, two tables each, both sites."""
    place = folder / f"mitx-{date}"
    place.mkdir()
    for course in (ONE, TWO):
        name = course.replace("/", "-")
        users = [
            f"{number}\tlearner{number}\t\t\tl{number}@example.org\t\t0\t1\t0\t2014-10-01 08:00:00"
            f"\t2014-09-01 08:00:00.123456\t\\\\N"
            for number in range(1, persons + 1)
        ]
        header = (
            "id\tusername\tfirst_name\tlast_name\temail\tpassword\tis_staff\tis_active\tis_superuser\tlast_login"
            "\tdate_joined\tstatus"
        )
        key = f"course-v1:{course.replace('/', '+')}"
        enrolled = [
            f"{number}\t{number}\t{key}\t2014-09-01 08:00:00\t1\thonor" for number in range(1, persons + 1)
        ]
        for site in ("prod", "edge"):
            (place / f"{name}-auth_user-{site}-analytics.sql").write_text("\n".join([header, *users]) + "\n")
            (place / f"{name}-student_courseenrollment-{site}-analytics.sql").write_text(
                "\n".join(["id\tuser_id\tcourse_id\tcreated\tis_active\tmode", *enrolled]) + "\n"
            )
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "dodo.py", tmp_path)
    (tmp_path / "config").mkdir()
    package(tmp_path, OLD, 3)
    configure(tmp_path, course_sql_date_dir=OLD)
    return tmp_path


def configure(folder: Path, top: str = "", **paths: str) -> None:
    lines = [f"course_id_list = {json.dumps([ONE, TWO])}", top, "[paths]", 'course_sql_base_dir = "SQL"']
    lines += [f"{name} = {json.dumps(value)}" for name, value in paths.items()]
    (folder / "config" / "edxtasks.toml").write_text("\n".join(lines) + "\n")


def run(folder: Path, *words: str, status: int = 0) -> Ended:
    ended = doit(folder, *words, status=status)
    assert "defect" not in ended.err
    assert "Traceback" not in ended.err
    return ended


def persons(folder: Path) -> int:
    """Rows of `user_info_combo` of the first course."""
    return ParquetWarehouse(folder / "warehouse").states("MITx__6_00x__1T2014")["user_info_combo"].rows


def test_a_new_dump_that_is_not_read_is_told(folder: Path) -> None:
    run(folder, "make_uic", f"dump_dir=mitx-{OLD}")
    assert persons(folder) == 3
    package(folder, NEW, 5)
    # Asked to load the new dump, the run cannot: that is not a success, and it says what to set.
    ended = run(folder, "make_uic", f"dump_dir=mitx-{NEW}", status=1)
    assert (
        f"FAILED  waldofy:{ONE}: the dump of {NEW} (dump_dir) is not read: "
        f'course_sql_date_dir is "{OLD}", so '
        f"tables are made from {folder}/SQL/MITx-6.00x-1T2014/{OLD}. "
        f'Set course_sql_date_dir = "{NEW}", or latest_sql_dir = true'
    ) in ended.err
    assert persons(folder) == 3
    # Sorting alone is what was asked for here; that no table will come of it is a note.
    ended = run(folder, "waldofy", f"dump_dir=mitx-{NEW}")
    assert f"built   waldofy:{ONE}: 2 files" in ended.err
    assert f"the dump of {NEW} (dump_dir) is not read" in ended.err
    # Each of the two cures.
    ended = run(folder, "make_uic", f"dump_dir=mitx-{NEW}", f"course_date_dir={NEW}")
    assert persons(folder) == 5
    configure(folder, "latest_sql_dir = true", dump_dir=f"mitx-{NEW}")
    assert run(folder, "make_uic").out.startswith(b"0 built")
    # A package older than what is read is not a contradiction: somebody fills in a week that was missed.
    package(folder, "2014-10-19", 2)
    run(folder, "make_uic", "dump_dir=mitx-2014-10-19")
    assert persons(folder) == 5


def test_a_package_that_cannot_be_sorted_is_no_success(folder: Path) -> None:
    configure(folder, "latest_sql_dir = true", dump_dir=f"mitx-{OLD}")
    run(folder, "make_uic")
    encrypted = package(folder, NEW, 5)
    for path in sorted(encrypted.iterdir()):
        path.write_bytes(b"\x85\x02\x0c\x03\xa1\xb2\xc3\xd4")
        path.rename(f"{path}.gpg")
    ended = run(folder, "make_uic", f"dump_dir=mitx-{NEW}", status=1)
    why = f"nothing of the package {encrypted} can be sorted: 8 files are encrypted (.gpg)"
    assert f"FAILED  waldofy:{ONE}: {why}" in ended.err
    # It is told once, not for each course.
    assert ended.err.count("FAILED") == 1
    assert f"skipped waldofy:{TWO}: the package cannot be sorted: waldofy:{ONE} says why" in ended.err
    assert f"FAILED  waldofy:{ONE}: {why}" in run(folder, "waldofy", f"dump_dir=mitx-{NEW}", status=2).err
    # Only the files of one course are decrypted: the other one fails.
    for path in sorted(encrypted.glob("MITx-6.00x-*")):
        path.unlink()
        source = folder / f"mitx-{OLD}" / path.name.removesuffix(".gpg")
        shutil.copy(source, encrypted)
    ended = run(folder, "waldofy", f"dump_dir=mitx-{NEW}", status=2)
    assert f"built   waldofy:{ONE}: 2 files" in ended.err
    assert f"FAILED  waldofy:{TWO}: mitx-{NEW}: all 2 files of this course are encrypted" in ended.err
    assert "2 encrypted files stay where they are" in ended.err  # those of the edge site


def states(folder: Path, dataset: str) -> dict[str, int]:
    """The rows of each table of a dataset."""
    return {
        name: state.rows for name, state in ParquetWarehouse(folder / "warehouse").states(dataset).items()
    }


def test_what_edx_delivered_and_nobody_could_read_is_not_taken_for_gone(folder: Path) -> None:
    post = {"_id": {"$oid": "5447b2c1e4b0a1b2c3d4e5f6"}, "_type": "CommentThread", "body": "Hello"}
    post |= {"author_username": "learner1", "course_id": ONE, "title": "Hello"}
    for date in (OLD, NEW):
        if date == NEW:
            package(folder, NEW, 5)
        for course in (ONE, TWO):
            name = f"{course.replace('/', '-')}-prod.mongo"
            (folder / f"mitx-{date}" / name).write_text(json.dumps(post | {"course_id": course}) + "\n")
    configure(folder, "latest_sql_dir = true", dump_dir=f"mitx-{OLD}")
    run(folder, "make_uic", "load_forum")
    before = states(folder, "MITx__8_01x__1T2014")
    assert (before["user_info_combo"], before["forum"]) == (3, 1)

    # In the next week the export of one forum failed, and the other course was not decrypted.
    new = folder / f"mitx-{NEW}"
    (new / "MITx-6.00x-1T2014-prod.mongo").rename(new / "MITx-6.00x-1T2014-prod.mongo.failed")
    for path in sorted(new.glob("MITx-8.01x-*")):
        path.rename(f"{path}.gpg")
    for words in ([f"dump_dir=mitx-{NEW}"], [f"dump_dir=mitx-{NEW}", "skip_if_exists=1"]):
        ended = run(folder, "make_uic", "load_forum", *words, status=2)
        assert ended.err.count("FAILED") == 1
        assert f"FAILED  waldofy:{TWO}: mitx-{NEW}: all 3 files of this course are encrypted" in ended.err
        assert f"2 not tried since waldofy:{TWO} failed: user_info_combo:{TWO}, forum:{TWO}" in ended.err
        assert "forum.mongo.gz could not be exported by edX; what was made before stays" in ended.err
        assert "set aside" not in ended.err
        assert states(folder, "MITx__8_01x__1T2014") == before
    assert states(folder, "MITx__6_00x__1T2014") == {**before, "user_info_combo": 5}
    # Without the package the dump is known to lack them all the same.
    shutil.rmtree(new)
    ended = run(folder, "load_forum", f"dump_dir=mitx-{NEW}")
    assert "forum.mongo.gz could not be exported by edX" in ended.err
    assert states(folder, "MITx__6_00x__1T2014")["forum"] == 1


def test_a_package_that_is_gone_after_it_was_sorted_is_a_note(folder: Path) -> None:
    configure(folder, course_sql_date_dir=OLD, dump_dir=f"mitx-{OLD}")
    run(folder, "make_uic")
    shutil.rmtree(folder / f"mitx-{OLD}")
    ended = run(folder, "make_uic")
    assert ended.err.count("is gone; what was sorted from it stays (setting dump_dir)") == 1
    for words in (["waldofy"], ["weekly"]):  # nor is it a defect where it is to be sorted again
        assert "defect" not in doit(folder, *words, "force_recompute=1").err
    assert ended.out.startswith(b"0 built")
    run(folder, "waldofy")
    # One that never was there is a fault: a word misspelt, a share that is not mounted.
    ended = run(folder, "make_uic", f"dump_dir=mitx-{NEW}", status=1)
    assert f"mitx-{NEW} does not exist; set dump_dir to the decrypted package" in ended.err


def test_wrong_paths_of_the_files_of_the_office(folder: Path) -> None:
    for task, setting in (("staff2bq", "staff"), ("make_cinfo", "listings")):
        ended = run(folder, task, f"{setting}=no/such.csv", status=2)
        assert f"{setting}: expected a file, but {folder}/no/such.csv does not exist" in ended.err
