"""The files of a SQL dump in storage: what is copied, and what is not copied again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bucket_project import bucket_project
from product_registry import product_registry

from edxtasks.build.context import Context
from edxtasks.config import Options, Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.storage import LocalStorage
from edxtasks.tasks import mirror
from edxtasks.warehouse.parquet import ParquetWarehouse

COURSE = CourseKey("UnivX", "A", "1")


def dump(folder: Path) -> Path:
    """A dated directory with files that are copied and files that are not."""
    directory = folder / "SQL" / COURSE.package_prefix / "2014-10-26"
    directory.mkdir(parents=True)
    for name in (
        "users.csv.gz",
        "roles.csv",
        "forum.mongo.gz",
        "course_image.jpg",
        "notes.txt",
        "person_course.csv.gz",
    ):
        (directory / name).write_text(name)
    return directory


def with_bucket(folder: Path) -> tuple[Context, LocalStorage]:
    """A project in a folder with that directory, and a storage that files are copied to."""
    paths = Paths(course_sql_base_dir=folder / "SQL", course_sql_date_dir="2014-10-26")
    settings = Settings(root=folder, paths=paths, options=Options())
    context = Context(settings, product_registry(), ParquetWarehouse(folder / "w"), Digests(), (COURSE,))
    storage = LocalStorage(folder / "bucket")
    context.__dict__["storage"] = storage
    return context, storage


def test_what_is_copied(tmp_path: Path) -> None:
    directory = dump(tmp_path)
    context, storage = with_bucket(tmp_path)
    assert mirror.copy(context, COURSE) == 4
    folder = COURSE.directory
    kept = [
        f"{folder}/{name}" for name in ("course_image.jpg", "forum.mongo.gz", "roles.csv", "users.csv.gz")
    ]
    assert [name for name in storage.list() if "_edxtasks" not in name] == kept
    assert mirror.look(context, COURSE).changed == ()
    (directory / "roles.csv").write_text("ROLES.csv")  # as many bytes, another content
    os.utime(directory / "roles.csv", (4e9, 4e9))  # it may be written within one tick of the clock
    storage.delete(f"{folder}/users.csv.gz")
    assert set(mirror.look(context, COURSE).changed) == {f"{folder}/roles.csv", f"{folder}/users.csv.gz"}
    assert mirror.copy(context, COURSE) == 2
    assert mirror.copy(context, COURSE) == 0


def test_a_copy_of_a_killed_run_is_not_taken_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is again as it was before that run, and as long."""
    directory = dump(tmp_path)
    context, _ = with_bucket(tmp_path)
    mirror.copy(context, COURSE)
    copy = tmp_path / "bucket" / COURSE.directory / "roles.csv"
    (directory / "roles.csv").write_text("ROLES.csv")
    os.utime(directory / "roles.csv", (4e9, 4e9))  # it may be written within one tick of the clock

    def end(*given: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mirror.copy(context, COURSE, end)
    assert copy.read_text() == "ROLES.csv"
    (directory / "roles.csv").write_text("roles.csv")
    assert mirror.copy(context, COURSE) == 1
    assert copy.read_text() == "roles.csv"
    assert mirror.copy(context, COURSE) == 0


def test_the_task_copies_once_into_a_bucket(tmp_path: Path) -> None:
    dump(tmp_path)
    run = bucket_project(tmp_path, [str(COURSE)], course_sql_base_dir="SQL", course_sql_date_dir="2014-10-26")
    first = "\n".join(run(f"mirror:{COURSE}"))
    assert f"built   mirror:{COURSE}: 4 files" in first
    second = "\n".join(run(f"mirror:{COURSE}"))
    assert "built" not in second
