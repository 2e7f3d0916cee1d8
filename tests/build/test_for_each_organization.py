"""Tables of which there is one for each organization of the chosen courses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.build.model import read_models
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import put_together
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.table import External, Table
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

PEOPLE = Table("people", "", schema("username STRING -- who"), External())
MODEL = """-- People of an organization.
-- command: report
-- step: 11 people_ORG
-- scope: group
-- for each: organization
-- grain: username
-- files: people_ORG.csv when export_personal_data
SELECT
  username, -- STRING: who
  COUNT(*) AS n -- INTEGER: courses
FROM people
GROUP BY username
ORDER BY username
"""
# Two organizations whose names a dataset cannot tell apart, one of which only one course has people.
HARVARD, OTHER = CourseKey("HarvardX", "A", "1"), CourseKey("HarvardX", "D", "4")
DOT, LINE = CourseKey("MIT.x", "B", "2"), CourseKey("MIT_x", "C", "3")
NOBODY = CourseKey("UnivX", "E", "5")
COURSES = (DOT, HARVARD, LINE, NOBODY, OTHER)


def read_model(folder: Path, text: str = MODEL, name: str = "people_ORG") -> Table:
    model = folder / "models" / "report" / f"{name}.sql"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(text)
    return put_together(read_models(folder / "models", None, {}), [PEOPLE])[f"report.{name}"]


@pytest.fixture
def warehouse(tmp_path: Path) -> ParquetWarehouse:
    found = ParquetWarehouse(tmp_path / "warehouse")
    people = {HARVARD: ["ann", "bob"], OTHER: ["ann"], DOT: ["ann"], LINE: ["cy"]}
    for course, names in people.items():
        rows = [{"username": name} for name in names]
        found.load(TableName(course.dataset, "people"), PEOPLE.schema, rows, BuildInfo("s"))
    return found


def made_context(warehouse: ParquetWarehouse, courses: Sequence[CourseKey], export: bool = False) -> Context:
    folder = warehouse.folder.parent
    settings = Settings(root=folder, export_personal_data=export)
    tables = {table.name: table for table in (PEOPLE, read_model(folder))}
    registry = with_overrides(tables, settings, tuple(courses))
    return Context(settings, registry, warehouse, Digests(), tuple(courses))


def test_one_for_each_organization_in_the_order_of_the_courses(warehouse: ParquetWarehouse) -> None:
    context = made_context(warehouse, COURSES)
    made = [table for table in context.registry.values() if table.organization]
    assert [(table.task, table.steps) for table in made] == [
        ("report:people_MIT_x", ("11 people_MIT_x",)),
        ("report:people_HarvardX", ("11 people_HarvardX",)),
        ("report:people_UnivX", ("11 people_UnivX",)),
    ]
    found = {}
    for table in made[:2]:
        build(context, table, None)
        found[table.organization] = list(context.warehouse.read(context.name(table, None)))
    assert found == {"MIT_x": [("ann", 1), ("cy", 1)], "HarvardX": [("ann", 2), ("bob", 1)]}
    # No course of it has people: nothing to make it from, and no failure.
    verdict = check(context, made[2], None)
    assert (verdict.status, verdict.reason) == (Status.SKIPPED, "people does not exist")


def test_courses_of_other_organizations_change_nothing(warehouse: ParquetWarehouse) -> None:
    context = made_context(warehouse, COURSES)
    build(context, context.registry["report.people_HarvardX"], None)
    # In the dataset of the same report: one that begins with another course of the organization that reports.
    fewer = made_context(warehouse, (DOT, HARVARD, OTHER))
    assert check(fewer, fewer.registry["report.people_HarvardX"], None).status is Status.FRESH
    # An organization that is not chosen any more keeps its table.
    without = made_context(warehouse, (DOT, LINE))
    assert "report.people_HarvardX" not in without.registry
    assert "people_HarvardX" in without.warehouse.states("course_report_MIT_x")


def test_files_are_written_only_with_the_setting(warehouse: ParquetWarehouse) -> None:
    storage = warehouse.folder.parent / "storage"
    context = made_context(warehouse, COURSES)
    build(context, context.registry["report.people_HarvardX"], None)
    assert not list(storage.rglob("*.csv"))
    context = made_context(warehouse, COURSES, export=True)
    table = context.registry["report.people_HarvardX"]
    verdict = check(context, table, None)
    assert (verdict.status, verdict.files_only) == (Status.STALE, True)
    build(context, table, None)
    written = storage / "course_report_MIT_x" / "people_HarvardX.csv"
    assert written.read_text() == "username,n\nann,2\nbob,1\n"
    assert check(context, table, None).status is Status.FRESH


@pytest.mark.parametrize(
    ("wrong", "name", "message"),
    [
        (MODEL.replace("organization", "country"), "people_ORG", 'expected "for each: organization"'),
        (MODEL, "people", "expected scope: group, and a name that ends in _ORG"),
        (MODEL.replace("scope: group", "scope: warehouse"), "people_ORG", "expected scope: group"),
        (MODEL.replace("export_personal_data", "export_all"), "people_ORG", "export_all"),
    ],
)
def test_a_wrong_header_is_told(tmp_path: Path, wrong: str, name: str, message: str) -> None:
    assert message in read_model(tmp_path, wrong, name).fault
