"""The tables behind `stats_show_ans_before`, one after the other, against a plain reading of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answer_sharing import pairs_of
from answer_sharing_course import COURSE, STEPS, MadeUpCourse
from model_cases import COURSE_PARAMETERS, Case, differences, on_duckdb, registry

from edxtasks.warehouse.base import ResourceLimits
from edxtasks.warehouse.parquet import ParquetWarehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParquetWarehouse]:
    warehouse = ParquetWarehouse(tmp_path_factory.mktemp("pairs"), ResourceLimits(threads=2))
    yield warehouse
    warehouse.session.close()


def built(warehouse: ParquetWarehouse, name: str, tables: dict[str, list[Any]], last: str) -> list[Any]:
    made = dict(tables)
    for step in STEPS[: STEPS.index(last) + 1]:
        table = registry()[step]
        inputs = {one: made[one] for one in table.inputs}
        case = Case(table, name, "", inputs, COURSE_PARAMETERS, (), [])
        made[step] = on_duckdb(warehouse, case)
    return made[last]


@pytest.mark.parametrize("seed", [1, 2])
def test_all_columns_of_many_pairs(warehouse: ParquetWarehouse, seed: int) -> None:
    course = MadeUpCourse(seed)
    expected = pairs_of(*course.rows(), COURSE)
    table = registry()["stats_show_ans_before"]
    found = built(warehouse, f"seed_{seed}", course.tables(), table.name)
    assert len(expected) > 20
    assert {row["ncameo_both"] for row in expected} == {0, 1}
    case = Case(table, "pairs", "", {}, COURSE_PARAMETERS, table.schema.names, expected)
    assert differences(case, found) == []


def test_ten_registrants_are_too_few(warehouse: ParquetWarehouse, tmp_path: Path) -> None:
    course = MadeUpCourse(1)
    tables = course.tables() | {"person_course": course.persons[:10]}
    assert built(warehouse, "ten", tables, "show_ans_before_checks") == []
    assert built(warehouse, "ten", tables, "show_ans_before_shows") == []
    tables["person_course"] = course.persons[:11]
    assert built(warehouse, "eleven", tables, "show_ans_before_checks")
