"""skip_already_successful: courses for which doall or nightly succeeded, of the same dump, are left alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from doit.exceptions import InvalidDodoFile
from project import Project

from edxtasks.build.context import Context
from edxtasks.config import Settings, load_settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.graph.load import load_namespace
from edxtasks.graph.successes import Mark
from edxtasks.warehouse.parquet import ParquetWarehouse

COURSE = CourseKey.parse("MITx/6.00x/2013_Spring")


def test_courses_that_succeeded_are_not_looked_at(built: Project) -> None:
    first, second = map(CourseKey.parse, built.courses)
    (built.warehouse / first.dataset / "pc_forum.parquet").unlink()
    assert "are not looked at" not in built.doit("doall", "skip_already_successful=1").err
    marks = built.folder / "state" / "successful" / "doall"
    assert {one.name for one in marks.iterdir()} == {first.directory, second.directory}
    (built.warehouse / first.dataset / "pc_forum.parquet").unlink()
    left = built.doit("doall", "skip_already_successful=1")
    assert f"doall: 2 of 2 courses are not looked at (skip_already_successful): {first}, {second}" in left.err
    assert left.built == set()
    (dump,) = (path.parent for path in (built.folder / "SQL" / second.package_prefix).glob("*/users.csv.gz"))
    (dump / "users.csv.gz").write_bytes(b"no gzip")
    ended = built.doit("doall", "dump_dir=", status=None)
    assert ended.status != 0
    assert ended.built == {f"pc_forum:{first}"}
    assert [one.name for one in marks.iterdir()] == [first.directory]


def test_a_mark_is_of_one_set_dump_and_warehouse(tmp_path: Path) -> None:
    for day in ("2014-10-26", "2014-11-02"):
        (tmp_path / "SQL" / COURSE.directory / day).mkdir(parents=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text('[paths]\ncourse_sql_base_dir = "SQL"\n')

    def mark(name: str = "doall", warehouse: str = "warehouse", **options: str) -> Mark:
        settings = load_settings(tmp_path, {"course_sql_date_dir": "2014-10-26", **options}, {})
        return Mark(context(settings, warehouse), name, COURSE)

    def context(settings: Settings, warehouse: str) -> Context:
        return Context(settings, {}, ParquetWarehouse(tmp_path / warehouse), Digests())

    assert not mark().holds()
    mark().write()
    assert mark().holds()
    assert not mark("nightly").holds()
    assert not mark(course_sql_date_dir="2014-11-02").holds()
    assert not mark(warehouse="other").holds()
    assert not dataclasses.replace(mark(), course=CourseKey.parse("MITx/6.00x/2014")).holds()
    mark().remove()
    assert not mark().holds()
    mark().remove()


@pytest.mark.parametrize("word", ["weekly", "person_course"])
def test_only_sets_with_marks_heed_it(tmp_path: Path, word: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text(f'course_id_list = ["{COURSE}"]\n')
    with pytest.raises(InvalidDodoFile, match="skip_already_successful is for doall and nightly"):
        load_namespace(tmp_path, [word, "skip_already_successful=1"], {})
