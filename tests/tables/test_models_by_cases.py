"""Every model gives the expected rows of its cases on DuckDB, as the embedded warehouse builds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from model_cases import FOLDER, Case, cases, cases_of, differences, folder_of, models, on_duckdb

from edxtasks.tables.declaration import Table
from edxtasks.warehouse.base import Share
from edxtasks.warehouse.parquet import ParquetWarehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParquetWarehouse]:
    """One warehouse for all cases; each has a dataset of its own."""
    warehouse = ParquetWarehouse(tmp_path_factory.mktemp("models"), Share(threads=2))
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


def test_every_folder_is_that_of_a_model() -> None:
    folders = {place for place in FOLDER.iterdir() if place.is_dir() and not place.name.startswith("_")}
    strange = folders - {folder_of(table) for table in models()}
    assert not strange, f"no model has cases in {', '.join(sorted(map(str, strange)))}"
