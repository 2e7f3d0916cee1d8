"""Tables over all chosen courses: the order of a union, and courses whose tables have other columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from edxtasks.build.build_table import Built, build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import SettingsError, UserError
from edxtasks.table import BuildInputs, External, Need, PythonModel, Scope, SqlModel, Table
from edxtasks.warehouse.base import BuildInfo, ResourceLimits, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Content, ParquetFiles
from edxtasks.warehouse.schema import Schema, schema

A, B, C = (CourseKey("X", number, "R") for number in "ABC")
PEOPLE = schema("course STRING -- which\nuser_id INTEGER -- who\ngrade FLOAT -- how well")
SOURCE = Table("people", "", PEOPLE, External())
COMBINED = Table(
    "report.people",
    "combinepc",
    PEOPLE,
    SqlModel(
        """SELECT
  course, -- STRING: which
  user_id, -- INTEGER: who
  grade -- FLOAT: how well
FROM people""",
        "recipe",
    ),
    scope=Scope.GROUP,
    inputs={"people": Need.REQUIRED},
)
ROWS = 150_000


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParquetWarehouse]:
    """Three courses of 150 000 rows by user_id: more than a row group each, and two threads to mix them."""
    warehouse = ParquetWarehouse(tmp_path_factory.mktemp("unions") / "warehouse", ResourceLimits(threads=2))
    for course in (A, B, C):
        path = warehouse.folder.parent / "rows.parquet"
        warehouse.session.connection.execute(
            f"COPY (SELECT '{course}' AS course, i AS user_id, i / 7 AS grade FROM range({ROWS}) AS r(i)) "
            f"TO '{path}' (FORMAT parquet)"
        )
        name = TableName(course.dataset, "people")
        warehouse.load(name, PEOPLE, ParquetFiles((path,)), BuildInfo(f"rows of {course}"))
    yield warehouse
    warehouse.session.close()


def made_context(warehouse: ParquetWarehouse, *courses: CourseKey, **tables: Table) -> Context:
    registry = {table.name: table for table in (SOURCE, COMBINED, *tables.values())}
    return Context(Settings(root=warehouse.folder.parent), registry, warehouse, Digests(), courses)


def combine(warehouse: ParquetWarehouse, *courses: CourseKey) -> tuple[Built, list[tuple[Any, ...]]]:
    context = made_context(warehouse, *courses)
    built = build(context, COMBINED, None)
    return built, list(warehouse.read(context.name(COMBINED, None), ("course", "user_id")))


def test_rows_come_in_the_order_of_the_list_with_two_threads(warehouse: ParquetWarehouse) -> None:
    for courses in ((C, A, B), (B, C, A)):
        built, rows = combine(warehouse, *courses)
        assert built.rows == 3 * ROWS
        assert rows == [(str(course), number) for course in courses for number in range(ROWS)]


def test_the_course_list_is_part_of_the_stamp(warehouse: ParquetWarehouse) -> None:
    combine(warehouse, A, B)
    assert check(made_context(warehouse, A, B), COMBINED, None).status is Status.FRESH
    verdict = check(made_context(warehouse, B, A), COMBINED, None)
    assert (verdict.status, verdict.reason) == (Status.STALE, "the list of courses changed")
    verdict = check(made_context(warehouse, A), COMBINED, None)
    assert verdict.reason == "the list of courses changed; people is gone for X/B/R"


def test_no_chosen_course_is_an_error(warehouse: ParquetWarehouse) -> None:
    with pytest.raises(SettingsError, match="no course is chosen"):
        check(made_context(warehouse), COMBINED, None)


@pytest.fixture
def small(tmp_path: Path) -> ParquetWarehouse:
    """Tables of other columns: course A has no grade but a nickname, B all in another order, C no table."""
    warehouse = ParquetWarehouse(tmp_path / "warehouse", ResourceLimits(threads=1))
    of_a = schema("nickname STRING\nuser_id INTEGER\ncourse STRING")
    of_b = Schema(tuple(reversed(PEOPLE.columns)))
    row_of_a = {"nickname": "ann", "user_id": 1, "course": "A"}
    row_of_b = {"grade": 0.5, "user_id": 2, "course": "B"}
    warehouse.load(TableName(A.dataset, "people"), of_a, [row_of_a], BuildInfo("a"))
    warehouse.load(TableName(B.dataset, "people"), of_b, [row_of_b], BuildInfo("b"))
    return warehouse


def test_columns_are_matched_by_name(small: ParquetWarehouse) -> None:
    context = made_context(small, B, C, A)
    built = build(context, COMBINED, None)
    assert list(small.read(context.name(COMBINED, None))) == [("B", 2, 0.5), ("A", 1, None)]
    assert built.messages.lines == [
        "no people, and so left out: X/C/R",
        "people of X__A__R has no grade, which is NULL there",
        "people of X__A__R has columns that are left out: nickname",
    ]
    info = small.info(context.name(COMBINED, None))
    assert info is not None
    assert info.description.splitlines() == ["", "Courses: X/B/R, X/C/R, X/A/R", *built.messages.lines]


def test_a_column_that_no_course_has_is_null(small: ParquetWarehouse) -> None:
    context = made_context(small, A)
    build(context, COMBINED, None)
    assert list(small.read(context.name(COMBINED, None))) == [("A", 1, None)]


def test_a_single_table_of_somebody_else_is_read_with_its_columns(
    small: ParquetWarehouse,
) -> None:
    theirs = small.location(TableName(A.dataset, "people"), partitioned=False)
    duckdb.execute(f"COPY (SELECT 1 AS user_id, 'A' AS course, 'x' AS odd) TO '{theirs}' (FORMAT parquet)")
    small.refresh_all()
    of_course = Table(
        "copy",
        "x",
        PEOPLE,
        COMBINED.builder,
        inputs={"people": Need.REQUIRED},
    )
    built = build(made_context(small, A, copy=of_course), of_course, A)
    assert list(small.read(TableName(A.dataset, "copy"))) == [("A", 1, None)]
    assert built.messages.lines == [
        "people of X__A__R has no grade, which is NULL there",
        "people of X__A__R has columns that are left out: odd",
    ]


def test_a_builder_in_python_gets_none_for_a_column_that_a_table_lacks(small: ParquetWarehouse) -> None:
    theirs = small.location(TableName(A.dataset, "people"), partitioned=False)
    duckdb.execute(f"COPY (SELECT 1 AS user_id, 'x' AS odd) TO '{theirs}' (FORMAT parquet)")
    small.refresh_all()
    seen: list[object] = []

    def copy(inputs: BuildInputs) -> Content:
        seen.extend(inputs.rows("people") or ())
        seen.extend(inputs.batches("people", ("grade", "user_id")) or ())
        seen.extend(inputs.batches("people", ("grade",)) or ())
        return []

    made = Table("copy", "x", PEOPLE, PythonModel(1, copy), inputs={"people": Need.REQUIRED})
    built = build(made_context(small, A, copy=made), made, A)
    assert seen == [
        {"course": None, "user_id": 1, "grade": None, "odd": "x"},
        [(None, 1)],
        [(None,)],
    ]
    assert set(built.messages.lines) == {"people of X__A__R has no course, grade, which are NULL there"}


def test_the_tables_of_another_course_are_never_taken_for_ones_own(small: ParquetWarehouse) -> None:
    first, second = CourseKey("X", "A.", "R"), CourseKey("X", "A_", "R")
    assert first.dataset == second.dataset
    small.load(TableName(first.dataset, "people"), PEOPLE, [{"user_id": 1}], BuildInfo("s"))
    made = Table("copy", "x", PEOPLE, COMBINED.builder, inputs={"people": Need.REQUIRED})
    build(made_context(small, first, copy=made), made, first)
    for work in (build, check):
        with pytest.raises(UserError, match=r"holds the tables of X/A\./R, and those of X/A_/R"):
            work(made_context(small, second, copy=made), made, second)


def test_the_dataset_is_named_after_the_first_course(small: ParquetWarehouse) -> None:
    mit, harvard = CourseKey("MIT.x", "1", "R"), CourseKey("HarvardX", "1", "R")
    assert made_context(small, mit, harvard).report_dataset() == "course_report_MIT_x"
    assert made_context(small, harvard, mit).report_dataset() == "course_report_HarvardX"
