"""What is asked of the warehouse, on tables made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from edxtasks.build.context import Context
from edxtasks.build.file_records import changed_files, recorded
from edxtasks.config import Settings, Warehouse
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.health import table_rules as rules
from edxtasks.health.learner_facts import read_learners
from edxtasks.health.learner_rules import Learners
from edxtasks.health.table_facts import read_tables
from edxtasks.health.table_rules import empty_table
from edxtasks.storage.local import LocalStorage
from edxtasks.table import Table
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.rows import Row

COURSE = CourseKey("Uni", "Chem-1", "2031")
DUMP = date(2031, 5, 18)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory, registry: Mapping[str, Table]) -> Context:
    root = tmp_path_factory.mktemp("tables")
    settings = Settings(root=root, warehouse=Warehouse(path=Path("warehouse")))
    return Context(settings, registry, open_warehouse(settings), Digests(), (COURSE,))


def load(context: Context, table: str, *rows: Row) -> None:
    name = TableName(COURSE.dataset, table)
    context.warehouse.load(name, context.registry[table].schema, iter(rows), BuildInfo("stamp"))
    context.warehouse.refresh(COURSE.dataset)


def test_a_file_that_changed_after_it_was_written(context: Context, tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "storage")
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text(f"n\n{name}\n")
        storage.put(tmp_path / name, f"place/{name}")
    with recorded(storage, "place", "one", "mark", ["a.csv", "b.csv"], context.scratch):
        pass
    with recorded(storage, "place", "two", "mark", ["c.csv"], context.scratch):
        pass
    assert changed_files(storage, "place", context.scratch) == []
    (tmp_path / "storage" / "place" / "b.csv").write_text("n\nB.csv\n")
    (tmp_path / "storage" / "place" / "c.csv").unlink()  # the next run writes it again by itself
    changed = [(str(tmp_path / "storage" / "place" / "b.csv"), "one")]
    assert changed_files(storage, "place", context.scratch) == changed
    [found] = rules.changed_files(changed, "Uni/Chem-1/2031")
    assert (found.kind, found.level, found.table) == ("file_changed", "problem", "one")
    (tmp_path / "storage" / "place" / "_edxtasks" / "one.mark.json").write_text('{"files": ["b.csv"]}')
    assert changed_files(storage, "place", context.scratch) == []  # as an earlier version left it


def test_learners_of_logs_and_dump(context: Context) -> None:
    assert read_learners(context, COURSE, DUMP) is None
    load(
        context,
        "person_course_day",
        {"username": "ada", "date": "2031-05-17"},
        {"username": "ada", "date": "2031-05-19"},
        {"username": "bob", "date": "2031-05-01"},  # not in the dump
        {"username": "cyd", "date": "2031-05-18"},  # came on the day of the dump
    )
    load(
        context,
        "user_info_combo",
        {"user_id": 1, "username": "ada"},
        {"user_id": 2, "username": "dan"},  # never came
        {"user_id": 3, "username": None},  # the dump lacks the account
        {"user_id": 4, "username": ""},
    )
    assert read_learners(context, COURSE, DUMP) == Learners(DUMP, 2, 1, 2, 1)


def test_tables_with_the_rows_of_what_they_need(context: Context) -> None:
    load(context, "studentmodule")
    load(context, "person_course_base")
    load(context, "user_info_combo", {"user_id": 1, "username": "ada"})
    found = {one.task: one for one in read_tables(context, COURSE, {"studentmodule": 5})}
    assert found[f"studentmodule:{COURSE}"].inputs == {"studentmodule.csv": 5}
    assert found[f"person_course_base:{COURSE}"].inputs["user_info_combo"] == 1
    assert found[f"user_info_combo:{COURSE}"].rows == 1
    assert found[f"user_info_combo:{COURSE}"].inputs == {}  # not asked for a table with rows
    unknown = {one.task: one for one in read_tables(context, COURSE, {})}
    assert unknown[f"studentmodule:{COURSE}"].inputs == {"studentmodule.csv": None}


def test_what_is_taken_as_it_stands_is_asked_for_its_rows(context: Context) -> None:
    load(context, "pc_global_modal_ip")
    load(context, "user_info_combo", {"user_id": 1, "username": "ada"})
    (found,) = (one for one in read_tables(context, COURSE, {}) if one.task == f"pc_global_modal_ip:{COURSE}")
    assert found.inputs == {"user_info_combo": 1, "courses.global_modal_ip": 0}  # nobody has made it
    assert list(empty_table(found)) == []


def test_bytes_are_compared_where_it_is_asked(context: Context) -> None:
    load(context, "studentmodule")
    path = context.warehouse.location(TableName(COURSE.dataset, "studentmodule"), partitioned=False)
    assert isinstance(path, Path)
    content = path.read_bytes()
    path.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
    context.warehouse.refresh(COURSE.dataset)
    task = f"studentmodule:{COURSE}"
    assert {one.task: one.fault for one in read_tables(context, COURSE, {})}[task] == ""
    assert (
        "studentmodule.parquet"
        in {one.task: one.fault for one in read_tables(context, COURSE, {}, True)}[task]
    )
    load(context, "studentmodule")
