"""Every model gives the expected rows of its cases on DuckDB, as the embedded warehouse builds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_cases import (
    FOLDER,
    Case,
    CaseError,
    cases,
    cases_of,
    differences,
    folder_of,
    models,
    on_duckdb,
    read_case,
    registry,
    same_value,
)

from edxtasks.build.model import read_models
from edxtasks.table import Table
from edxtasks.warehouse.base import ResourceLimits
from edxtasks.warehouse.parquet import ParquetWarehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParquetWarehouse]:
    """One warehouse for all cases; each has a dataset of its own."""
    warehouse = ParquetWarehouse(tmp_path_factory.mktemp("models"), ResourceLimits(threads=2))
    yield warehouse
    warehouse.session.close()


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_model_gives_the_expected_rows(warehouse: ParquetWarehouse, case: Case) -> None:
    found = differences(case, on_duckdb(warehouse, case))
    assert not found, "\n".join([case.purpose, *found])


@pytest.mark.parametrize("table", models(), ids=lambda table: table.name)
def test_every_model_has_cases(table: Table) -> None:
    assert cases_of(table), f"{table.name} has no case: make {folder_of(table)} (docs/adding-a-table.md)"


@pytest.mark.parametrize("table", models(), ids=lambda table: table.name)
def test_every_column_is_expected_somewhere_with_a_value(table: Table) -> None:
    valued = {
        name
        for case in cases_of(table)
        for row in case.expected
        for name, value in row.items()
        if value is not None
    }
    lacking = [name for name in table.schema.names if name not in valued]
    assert not lacking, f"{table.name}: no case expects a value in {', '.join(lacking)}"


def test_every_folder_is_that_of_a_table() -> None:
    folders = {place for place in FOLDER.iterdir() if place.is_dir() and not place.name.startswith("_")}
    strange = folders - {folder_of(table) for table in registry().values()}
    assert not strange, f"no table has cases in {', '.join(sorted(map(str, strange)))}"


def test_the_example_of_the_documentation_is_a_model_with_a_case(
    warehouse: ParquetWarehouse, tmp_path: Path
) -> None:
    page = (FOLDER.parents[1] / "docs" / "adding-a-table.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^`([^`\n]+)`:\n\n```\w*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for name, text in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    declared = {name: table.schema for name, table in registry().items()}
    [table] = read_models(tmp_path / "edxtasks", None, declared).values()
    case = read_case(table, tmp_path / "tests" / "tables" / table.name / "hours")
    assert len(case.expected) == 2
    assert differences(case, on_duckdb(warehouse, case)) == []


def test_differences_are_told_row_by_row() -> None:
    case = next(case for case in cases() if str(case) == "course_modal_ip/ties")
    assert differences(case, case.expected) == []
    assert differences(case, case.expected[::-1]) == []
    assert differences(case, case.expected[1:]) == [f"missing  {case.expected[0]}"]
    twice = differences(case, [*case.expected, case.expected[0]])
    assert twice == [f"too much {case.expected[0]}"]
    other = [{**case.expected[0], "ip_count": 8}, *case.expected[1:]]
    assert differences(case, other) == [f"missing  {case.expected[0]}", f"too much {other[0]}"]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.000000002, False),
        (0.0, 1e-300, False),
        (1, 1.0, False),
        (1, True, False),
        ("a", "A", False),
        (None, 0, False),
        (None, None, True),
    ],
)
def test_values_are_the_same(left: object, right: object, same: bool) -> None:
    assert same_value(left, right) is same


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("expected", '{"username": "alice", "ip": "x"}', "there is no column ip"),
        ("expected", '{"username": "alice"}\n{"ip_count": 1}', "every row must name the same columns"),
        ("expected", '{"ip_count": "1"}', "'1' is not a valid INTEGER"),
        ("pcday_ip_counts", '{"date": 5}', "5 is not a valid DATE"),
        ("pcday_ip_counts", "[]", "expected an object"),
        ("pcday_ip_counts", "{", "pcday_ip_counts.jsonl:1: "),
        ("roles", "", "course_modal_ip has no input of this name; it reads pcday_ip_counts"),
    ],
)
def test_a_case_that_breaks_the_form_is_refused(tmp_path: Path, name: str, line: str, said: str) -> None:
    (tmp_path / "README").write_text("A case.\n")
    for file in ("expected", "pcday_ip_counts", name):
        (tmp_path / f"{file}.jsonl").write_text(line if file == name else "")
    with pytest.raises(CaseError, match=re.escape(said)):
        read_case(registry()["course_modal_ip"], tmp_path)
