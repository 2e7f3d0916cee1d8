"""Tables that an option makes once more with other constants, and what a header may say wrongly of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from product_registry import product_registry

from edxtasks.build.declaration_checks import fault_in
from edxtasks.build.model import read_models
from edxtasks.build.overrides import with_overrides
from edxtasks.build.variants import renamed
from edxtasks.config import Options, Settings
from edxtasks.config.options import parse_time_on_task
from edxtasks.errors import SettingsError
from edxtasks.table import Need, PythonModel, SqlModel, Table
from edxtasks.warehouse import dialect

REGISTRY = product_registry()
TWO = ("time_on_task", "time_on_task_totals")


def changed(text: str) -> dict[str, Table]:
    options = Options(time_on_task_config=parse_time_on_task(text))
    return dict(with_overrides(REGISTRY, Settings(options=options), ()))


def test_columns_look_back_and_names_follow_the_option() -> None:
    tables = changed("timeout_short:30,timeout_long:90,time_on_task_table_name:slow")
    daily, totals = tables["slow"], tables["slow_totals"]
    # 5 becomes 30, and 30 becomes 90: at once, not one after the other.
    assert daily.schema.names[3:8] == (
        "total_time_30",
        "total_time_90",
        "total_video_time_30",
        "total_video_time_90",
        "serial_video_time_90",
    )
    assert daily.schema["total_time_30"].description == "gaps shorter than 30 minutes, seconds; NULL if none"
    assert totals.schema.names == tuple(name for name in daily.schema.names if name != "date")
    assert daily.lookback == timedelta(minutes=90)
    assert daily.constants == {"timeout_short": 30, "timeout_long": 90}
    assert totals.inputs == {"slow": Need.REQUIRED}
    assert "of 90 minutes" in daily.description
    assert "total_time_90 < 24 * 3600" in daily.checks[0].condition
    for table in (daily, totals):
        assert [one.name for one in table.commands] == ["time_task"]
        assert table.sets == ("doall",)
        assert isinstance(table.builder, SqlModel)
        schemas = {"time_on_task": daily.schema} if table is totals else {}
        if schemas:
            assert dialect.check(dialect.parse(table.builder.sql), schemas, {}) == []


def test_the_standard_tables_are_left_alone() -> None:
    tables = changed("timeout_long:90,time_on_task_table_name:slow")
    for name in TWO:
        assert tables[name].schema == REGISTRY[name].schema
        assert tables[name].builder == REGISTRY[name].builder
        assert tables[name].constants == REGISTRY[name].constants
        assert tables[name].sets == ("doall",)
        assert tables[name].commands == ()
        assert tables["slow" if name == TWO[0] else "slow_totals"].builder != REGISTRY[name].builder
    assert changed("timeout_short:5") == dict(with_overrides(REGISTRY, Settings(), ()))


def test_totals_alone_under_another_name() -> None:
    tables = changed("time_on_task_totals_table_name:sums")
    assert tables["sums"].inputs == {"time_on_task": Need.REQUIRED}
    assert [one.name for one in tables["time_on_task"].commands] == ["time_task"]


@pytest.mark.parametrize("name", ["person_course", "time_on_task_totals", "tracklog_20130101"])
def test_a_name_of_another_table_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"time_on_task_table_name is {name}, which is the name of an"):
        changed(f"time_on_task_table_name:{name}")


def test_only_names_are_renamed() -> None:
    sql = "SELECT a_5, 'a_5' AS `a_5`, r'a_5' AS b, @a_5 -- a_5\nFROM a_5x AS é, (SELECT 5 AS a_5)"
    assert renamed(sql, {"a_5": "a_7"}) == (
        "SELECT a_7, 'a_5' AS `a_7`, r'a_5' AS b, @a_7 -- a_5\nFROM a_5x AS é, (SELECT 5 AS a_7)"
    )


MODEL = """-- Gaps.
-- command: x
{header}
SELECT
  1 AS n_5, -- INTEGER: number
  DATE '2013-01-01' AS date -- DATE: day
FROM people
"""


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("-- constants: short five", 'expected "constants: NAME NUMBER, NAME NUMBER"'),
        ("-- constants: short 5, long 5", "expected each name and each number once"),
        ("-- constants: sybil_max_group 5", "@sybil_max_group is a parameter of another meaning already"),
        ("-- constants: short 5\n-- lookback: @shrt minutes", 'no constant shrt; did you mean "short"'),
        ("-- lookback: 5 hours", 'lookback "5 hours" is none of'),
        ("-- variant: skip_geoip", "skip_geoip, which is not an option that has gaps_table_name"),
        ("-- partition: date\n-- scope: group", "a table by date is one of a course, found scope: group"),
        ("-- stands with: no_option", "the header names no_option, which is not an option"),
    ],
)
def test_a_wrong_header_of_a_table_is_told(tmp_path: Path, header: str, message: str) -> None:
    (tmp_path / "area").mkdir()
    (tmp_path / "area" / "gaps.sql").write_text(MODEL.format(header=header))
    assert message in read_models(tmp_path, None, {})["gaps"].fault


def test_a_table_that_python_makes_is_not_by_date() -> None:
    table = Table("t", "c", REGISTRY["pcday_log"].schema, PythonModel(1, lambda inputs: []), partition="date")
    fault = fault_in(table)
    assert fault is not None
    assert fault.told == "partition date: only a table that is made by a query is made by date"
