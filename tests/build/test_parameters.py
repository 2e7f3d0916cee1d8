"""Parameters of models: those of a course, and settings in every scope, whose values are in the stamp."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.build.model import read_models
from edxtasks.build.parameters import OF_SETTINGS, value
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.table import External, Table
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

COURSE = CourseKey.parse("OrgX/Ab.1/2T2020")
GROUPS = Table("ip_groups", "", schema("ip STRING -- address\npeople INTEGER -- how many"), External())
MODEL = """-- Small groups.
-- command: x
-- scope: {scope}
SELECT
  ip, -- STRING: address
  people * 100 / @sybil_max_percent_correct AS share, -- FLOAT: a number of the settings
  CAST(@cameo_cutoff AS STRING) AS cutoff, -- STRING: text of the settings
  CAST(@default_end_date AS DATE) AS last -- DATE: a date that is not set
FROM ip_groups
WHERE people < @sybil_max_group AND @axis_include_hidden
"""


def made_context(folder: Path, scope: str, settings: Settings) -> tuple[Context, Table]:
    model = folder / "models" / "report" / "small.sql"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(MODEL.format(scope=scope))
    table = read_models(folder / "models", None, {})["report.small"]
    assert table.fault == ""
    warehouse = ParquetWarehouse(folder / "warehouse")
    return Context(settings, {"ip_groups": GROUPS, table.name: table}, warehouse, Digests(), (COURSE,)), table


def test_settings_are_parameters_in_group_scope_and_their_values_are_in_the_stamp(tmp_path: Path) -> None:
    settings = Settings(
        root=tmp_path, sybil_max_percent_correct=50.0, axis_include_hidden=True, cameo_cutoff=date(2014, 1, 2)
    )
    context, table = made_context(tmp_path, "group", settings)
    rows = [{"ip": "192.0.2.1", "people": 7}, {"ip": "192.0.2.2", "people": 8}]
    context.warehouse.load(TableName(COURSE.dataset, "ip_groups"), GROUPS.schema, rows, BuildInfo("rows"))
    build(context, table, None)
    name = context.name(table, None)
    assert list(context.warehouse.read(name)) == [("192.0.2.1", 14.0, "2014-01-02", None)]

    assert check(context, table, None).status is Status.FRESH
    other = dataclasses.replace(settings, sybil_max_group=9)
    context, table = made_context(tmp_path, "group", other)
    verdict = check(context, table, None)
    assert (verdict.status, verdict.reason) == (Status.STALE, "the setting sybil_max_group changed")
    build(context, table, None)
    assert len(list(context.warehouse.read(name))) == 2


@pytest.mark.parametrize(
    ("parameter", "scope", "fault"),
    [
        ("course_id", "group", "@course_id is of one course, and scope: group is not"),
        ("dump_date", "warehouse", "@dump_date is of one course, and scope: warehouse is not"),
        ("api_key", "course", "@api_key cannot be a parameter"),
        ("course_id_list", "group", "@course_id_list cannot be a parameter"),
        (
            "sybil_max_groups",
            "group",
            'there is no parameter @sybil_max_groups; did you mean "sybil_max_group"',
        ),
    ],
)
def test_what_is_no_parameter_is_refused_when_the_model_is_read(
    tmp_path: Path, parameter: str, scope: str, fault: str
) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "a.sql").write_text(
        f"-- A.\n-- command: x\n-- scope: {scope}\nSELECT\n"
        f"  CAST(@{parameter} AS STRING) AS a -- STRING: it\n"
    )
    found = read_models(tmp_path, None, {})["report.a"].fault
    assert "a.sql, line 5: " in found and fault in found


def test_every_setting_that_is_offered_has_a_value_of_its_type() -> None:
    kinds = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", date: "DATE"}
    settings = Settings()
    for name, kind in OF_SETTINGS.items():
        found = value(name, None, settings)
        assert found is None or kinds[type(found)] == kind, name
    assert {"sybil_max_group", "irt_source", "minimum_cell", "cameo_cutoff"} <= set(OF_SETTINGS)
    assert not {"api_key", "root", "courses", "auth_key_file", "options"} & set(OF_SETTINGS)
