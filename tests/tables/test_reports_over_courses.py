"""Tables over courses come out the same however the rows of their inputs are spread over courses' tables, and
in whatever order the courses are chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from made_up_rows import LOOSE_THRESHOLDS, Sizes, columns_read, made_up
from model_cases import COURSE_PARAMETERS, models, registry

from edxtasks.table import Scope, SqlModel, Table
from edxtasks.warehouse.base import BuildInfo, Input, Query, TableName, Tables
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import ParquetFiles

SIZES = Sizes(rows=400, learners=23)
MOST_COURSES = 7
LEFT_OUT = {"report.course_axis": "made-up rows have only those members of a RECORD that some model names"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ParquetWarehouse]:
    warehouse = ParquetWarehouse(tmp_path_factory.mktemp("courses"))
    yield warehouse
    warehouse.session.close()


def over_courses() -> list[Table]:
    return [
        table
        for table in models()
        if table.scope is Scope.GROUP
        and any(registry()[name].scope is Scope.COURSE for name in table.inputs)
        and table.name not in LEFT_OUT
    ]


def spread(warehouse: ParquetWarehouse, name: str, number: int) -> tuple[TableName, ...]:
    """The made-up rows of an input, in tables of so many courses; of one of them there may be none."""
    dataset = name.replace(".", "_")
    tables = tuple(TableName(f"{dataset}_{number}", f"course_{place}") for place in range(number))
    known = warehouse.states(tables[0].dataset)
    for place, table in enumerate(tables):
        if table.table not in known:
            path = warehouse.folder / "rows.parquet"
            rows = f"{made_up(name, SIZES)} WHERE hash(i) % {number} = {place}"
            warehouse.session.connection.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
            warehouse.load(table, columns_read(name), ParquetFiles((path,)), BuildInfo("stamp"))
            path.unlink()
    return tables


@pytest.mark.parametrize("table", over_courses(), ids=lambda table: table.name)
def test_the_spread_and_order_of_courses_do_not_matter(warehouse: ParquetWarehouse, table: Table) -> None:
    assert isinstance(table.builder, SqlModel)
    known = {**COURSE_PARAMETERS, **LOOSE_THRESHOLDS}
    parameters = {name: known[name] for name in table.builder.parameters}
    versions = set()
    for number, turn in ((1, 1), (MOST_COURSES, 1), (MOST_COURSES, -1), (3, -1)):
        inputs: dict[str, Input] = {}
        for name in table.inputs:
            spread_over = number if registry()[name].scope is Scope.COURSE else 1
            inputs[name] = Tables(spread(warehouse, name, spread_over)[::turn], columns_read(name))
        made = TableName("made", table.name.replace(".", "_"))
        query = Query(table.builder.sql, inputs, parameters, table.schema)
        state = warehouse.create(made, query, BuildInfo("stamp"))
        assert state.rows
        versions.add(state.version)
    assert len(versions) == 1
