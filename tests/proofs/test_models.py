"""Every model means the same on Google's reference evaluator and on DuckDB.

The analyzer type-checks each model against the schemas of the registry, and both engines give the columns
that the model declares. The cases of tests/tables/ give the expected rows on the evaluator too; that they
do on DuckDB is shown there. On made-up rows, which hold more odd meetings of values than a person thinks
of, the engines must agree.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tables"))

import duck
import googlesql
from answer_sharing import pairs_of
from answer_sharing_course import COURSE, MadeUpCourse
from answer_sharing_course import STEPS as SHARING_STEPS
from made_up_rows import LOOSE_THRESHOLDS, Sizes, columns_read, made_up
from model_cases import (
    COURSE_PARAMETERS,
    Case,
    cases,
    differences,
    input_schema,
    input_schemas,
    models,
    parameters_of,
    queries,
    registry,
)

from edxtasks.build.model_checks import keys_read
from edxtasks.table import SqlModel, Table
from edxtasks.warehouse import dialect

ROWS = {"stats_show_ans_before_high_score": 400}
"""Made-up rows of each input, where a hundred are too few for a model to give any."""
OF_PAIRS = {
    *SHARING_STEPS,
    "stats_ip_pair_sybils3",
    "stats_ip_pair_sybils3_unfiltered",
    "sybil_pairs",
}
"""Models that find nothing in rows which are made up for each input apart: learners who meet ten times."""
ANY_VALUE_OF_A_PARAMETER = {**COURSE_PARAMETERS, "dump_date": date(2013, 9, 8)}


def _query(table: Table) -> tuple[str, dict[str, object]]:
    assert isinstance(table.builder, SqlModel)
    return table.builder.sql, dict(parameters_of(table, ANY_VALUE_OF_A_PARAMETER))


@pytest.mark.parametrize("table", [*models(), *queries()], ids=lambda table: table.name)
def test_the_analyzer_gives_the_declared_columns(table: Table) -> None:
    sql, parameters = _query(table)
    found = googlesql.output_schema(sql, input_schemas(table), parameters)
    assert [(one.name, one.type) for one in found] == [(one.name, one.type) for one in table.schema]


@pytest.mark.parametrize("table", models(), ids=lambda table: table.name)
def test_duckdb_gives_the_declared_columns(table: Table) -> None:
    sql, parameters = _query(table)
    found = [
        (name, kind.replace('"', "")) for name, kind in duck.types(sql, input_schemas(table), parameters)
    ]
    assert found == [(one.name, one.duckdb_type.replace('"', "")) for one in table.schema]


@pytest.mark.parametrize("table", [*models(), *queries()], ids=lambda table: table.name)
def test_the_dialect_has_no_complaints(table: Table) -> None:
    sql, _ = _query(table)
    keys = keys_read(table, registry())
    assert dialect.check(dialect.parse(sql), input_schemas(table), keys) == []


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_evaluator_gives_the_expected_rows(case: Case) -> None:
    inputs = {name: (input_schema(name), case.inputs.get(name, [])) for name in case.table.inputs}
    rows = googlesql.evaluate(case.sql, inputs, case.values)
    found = differences(case, [dict(zip(case.table.schema.names, row, strict=True)) for row in rows])
    assert not found, "\n".join([case.purpose, *found])


@pytest.mark.parametrize(
    "table",
    [table for table in [*models(), *queries()] if table.name not in OF_PAIRS],
    ids=lambda table: table.name,
)
def test_both_engines_give_the_same_of_made_up_rows(table: Table) -> None:
    connection = duck.connect()
    inputs = {}
    for name in table.inputs:
        found = connection.execute(made_up(name, Sizes(ROWS.get(table.name, 100), learners=5), table.name))
        names = [column[0] for column in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        inputs[name] = (columns_read(name), rows)
    sql, parameters = _query(table)
    parameters |= {name: value for name, value in LOOSE_THRESHOLDS.items() if name in parameters}
    names = list(table.schema.names)
    wanted = [dict(zip(names, row, strict=True)) for row in googlesql.evaluate(sql, inputs, parameters)]
    made = [dict(zip(names, row, strict=True)) for row in duck.run(sql, inputs, parameters)]
    assert wanted, "the evaluator gives no rows: the made-up ones prove nothing"
    case = Case(table, "made up", "", {}, {}, table.schema.names, wanted)
    found_differences = differences(case, made)
    assert not found_differences, "\n".join(found_differences)


def test_the_evaluator_finds_the_same_pairs_in_a_made_up_course() -> None:
    course = MadeUpCourse(3, learners=11)
    made = course.tables()
    for name in SHARING_STEPS:
        table = registry()[name]
        sql, parameters = _query(table)
        inputs = {one: (input_schema(one), made[one]) for one in table.inputs}
        rows = googlesql.evaluate(sql, inputs, parameters)
        made[name] = [dict(zip(table.schema.names, row, strict=True)) for row in rows]
    expected = pairs_of(*course.rows(), COURSE)
    assert expected
    case = Case(table, "made up", "", {}, {}, table.schema.names, expected)
    assert differences(case, made[name]) == []
