"""The page on scale says what the script computes, and the script what its unit costs give."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from product_registry import product_registry

from edxtasks.table import Need, PythonModel, Scope, SqlModel
from edxtasks.warehouse.bigquery import batches

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "scale.py"


@pytest.fixture(scope="module")
def scale() -> Any:
    """The script as a module: benchmarks are no package."""
    spec = importlib.util.spec_from_file_location("scale", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scale"] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_holds_what_is_computed(scale: Any) -> None:
    text = scale.PAGE.read_text()
    assert scale.page_with(text, scale.tables(scale.Office())) == text, "python benchmarks/scale.py --write"


def test_a_week_by_hand(scale: Any) -> None:
    """52 · 1,062 bytes a year are a line a week; two courses, a dump of 10 MB."""
    office = scale.Office(courses=2, years=1, log_gb=52 * 1062 * 1e6 / 1e9, dump_gb=0.01)
    assert office.lines_a_week == pytest.approx(1e6)
    assert office.day_tables_a_week == 14
    steps = dict(scale.machine_week(office))
    assert steps["`split`: lines to shards"] == pytest.approx(23.5)
    # 1,154 MB at 960 MB in 5.71 s, and 14 days of 11.71 s / 1,800
    assert steps["`logs2bq`: shards to day tables"] == pytest.approx(6.8639 + 0.0911, rel=1e-3)
    assert steps["tables by date, the events themselves"] == pytest.approx(2.46)
    assert steps["pages of the courses"] == 6
    assert steps["tables behind the logs each night, beside their rows"] == pytest.approx(14 * 0.6917)
    week = dict(scale.bigquery_week(office))
    assert week["load jobs (free)"] == "54"  # 14 days, and 20 tables of each course
    # 14 nights of a course: 22 tables by date, 34 that read them; 16 others once for two courses
    assert week["queries: tables behind the logs each night, others once"] == "816"
    # 2 · 56 queries, 4 at once, of 5 s
    assert week["those of one night, 4 at once"] == "2.3 min"
    assert week["a day table, on the mean, as lines"] == "82.4 MB"  # 1,154 MB / 14
    # 14 · 17 readings of 10 MiB; of 82.43 MB
    assert week["billed for log days, 10 MiB for each reading"] == "0.00 TiB, 0.01 dollars"
    assert week["the same, if all columns were read"] == "0.02 TiB, 0.11 dollars"


def test_limits_by_hand(scale: Any) -> None:
    office = scale.Office(courses=1000, years=10)
    limits = {limit.what: limit for limit in scale.bigquery_limits(office)}
    assert limits["partitions of a table"].used == 3650
    assert limits["partitions of a table"].reached(office) == "27 years"
    jobs = limits["load jobs of a project a day: all of a week in one"]
    assert (jobs.used, jobs.reached(office)) == (27_000, "3,704 courses")
    assert limits["tables in one query: log days"].reached(office) == "does not grow"
    assert scale.first_load_days(office) == pytest.approx(3_650_000 * 7 / 8 / 86_400)
    assert max(limit.used / limit.allowed for limit in limits.values()) < 1


def test_an_office_puts_in_its_own(scale: Any, capsys: pytest.CaptureFixture[str]) -> None:
    scale.main(["--courses", "40", "--years", "3", "--log-gb", "12", "--lines-shrink", "9"])
    told = capsys.readouterr().out
    assert told.startswith("For 40 courses, 3 years, 12 GB of logs a year, dumps of 50 GB a week.")
    assert "| 9 byte of lines a byte of log | 90 |" in told


def test_a_page_without_marks_is_left(scale: Any) -> None:
    with pytest.raises(ValueError, match="the page has no lines"):
        scale.page_with("# A page\n", "x")


def test_what_is_counted_is_still_about_so_many(scale: Any) -> None:
    """Tables come and go: the script need not follow each, but may not be far off."""
    tables = [
        table for table in product_registry().values() if table.scope is Scope.COURSE and not table.for_each
    ]
    queries = [table for table in tables if isinstance(table.builder, SqlModel)]
    whole = [table for table in queries if table.partition is None]
    behind = {"tracklog"}
    for table in product_registry().values():  # inputs come before what reads them
        if any(name in behind for name, need in table.inputs.items() if need is not Need.BORROWED):
            behind.add(table.name)
    counted = {
        "TABLES_OF_A_COURSE": len(tables),
        "TABLES_FROM_FILES": sum(isinstance(table.builder, PythonModel) for table in tables),
        "TABLES_BY_DATE": sum(table.partition is not None for table in tables),
        "READERS_OF_LOG_DAYS": sum("tracklog" in table.inputs for table in tables),
        "WHOLE_QUERIES": len(whole),
        "WHOLE_QUERIES_BEHIND_LOGS": sum(table.name in behind for table in whole),
        "INPUTS_BEHIND_LOGS": sum(
            len(table.inputs) - ("tracklog" in table.inputs) for table in whole if table.name in behind
        ),
        "INPUTS_OF_WHOLE_QUERIES": sum(len(table.inputs) - ("tracklog" in table.inputs) for table in whole),
    }
    for name, number in counted.items():
        assert getattr(scale, name) == pytest.approx(number, rel=0.2), f"{name} in {SCRIPT}"
    assert batches._BATCH == scale.BATCH
