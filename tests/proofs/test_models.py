"""Every model means the same on Google's reference evaluator and on DuckDB.

The analyzer type-checks each model against the schemas of the registry, and both engines give the columns
that the model declares. The cases of tests/tables/ give the expected rows on the evaluator too; that they
do on DuckDB is shown there.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tables"))

import duck
import googlesql
from model_cases import Case, cases, differences, input_schema, input_schemas, models

from edxtasks.tables.declaration import SelectedBy, Table
from edxtasks.warehouse import dialect

ANY_VALUE_OF_A_PARAMETER = {
    "course_id": "MITx/6.00x/2013_Spring",
    "course_key": "course-v1:MITx+6.00x+2013_Spring",
    "dump_date": date(2013, 9, 8),
}


def _query(table: Table) -> tuple[str, dict[str, object]]:
    assert isinstance(table.made, SelectedBy)
    return table.made.sql, {name: ANY_VALUE_OF_A_PARAMETER[name] for name in table.made.parameters}


@pytest.mark.parametrize("table", models(), ids=lambda table: table.name)
def test_the_analyzer_gives_the_declared_columns(table: Table) -> None:
    sql, parameters = _query(table)
    found = googlesql.output_schema(sql, input_schemas(table), parameters)
    assert [(one.name, one.type) for one in found] == [(one.name, one.type) for one in table.schema]


@pytest.mark.parametrize("table", models(), ids=lambda table: table.name)
def test_duckdb_gives_the_declared_columns(table: Table) -> None:
    sql, parameters = _query(table)
    found = duck.types(sql, input_schemas(table), parameters)
    assert found == [(one.name, one.duckdb_type) for one in table.schema]


@pytest.mark.parametrize("table", models(), ids=lambda table: table.name)
def test_the_dialect_has_no_complaints(table: Table) -> None:
    sql, _ = _query(table)
    assert dialect.check(dialect.parse(sql), input_schemas(table)) == []


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_evaluator_gives_the_expected_rows(case: Case) -> None:
    inputs = {name: (input_schema(name), case.inputs.get(name, [])) for name in case.table.inputs}
    rows = googlesql.evaluate(case.sql, inputs, case.values)
    found = differences(case, [dict(zip(case.table.schema.names, row, strict=True)) for row in rows])
    assert not found, "\n".join([case.purpose, *found])
