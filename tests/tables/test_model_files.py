"""Reading model files: columns taken over from another table, and what breaks the form."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.tables.declaration import Need, Scope, SelectedBy
from edxtasks.tables.model import ModelError, read_models
from edxtasks.warehouse.schema import schema

BY_DATE = """-- By date.
-- command: x
-- partition: date
-- files: a.csv
SELECT
  DATE '2014-01-01' AS date -- DATE: day
"""
ALL_LOGS = """-- By date.
-- command: x
-- partition: date
-- lookback: all
SELECT
  DATE(time) AS date -- DATE: day
FROM tracklog
"""
DECLARED = {"axis": schema("url_name STRING -- name in links\nindex INTEGER -- place")}
UNION = """-- All axes.
-- command: report
-- scope: group
-- columns: axis
-- files: axes.csv, axes.json.gz
-- settings: org
SELECT *
FROM axis
"""


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_columns_of_another_table_are_put_in_place_of_the_star(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION)
    table = read_models(tmp_path, None, DECLARED)["report.axes"]
    assert isinstance(table.made, SelectedBy)
    assert table.made.sql.endswith(
        "SELECT\n  url_name, -- STRING: name in links\n  index -- INTEGER: place\nFROM axis\n"
    )
    assert table.schema == DECLARED["axis"]
    assert (table.scope, table.task) == (Scope.GROUP, "report:axes")
    assert table.inputs == {"axis": Need.REQUIRED}
    assert table.files == ("axes.csv", "axes.json.gz")
    assert table.made.settings == ("org",)


def test_columns_may_be_those_of_a_model_whatever_the_order_of_files(tmp_path: Path) -> None:
    write(tmp_path, "report/a_copy.sql", "-- A copy.\n-- command: x\n-- columns: zed\nSELECT *\nFROM zed\n")
    write(tmp_path, "person/zed.sql", "-- Zed.\n-- command: x\nSELECT\n  1 AS one -- INTEGER: one\n")
    assert read_models(tmp_path, None, {})["report.a_copy"].schema.names == ("one",)


def test_another_column_of_the_source_is_another_recipe(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION)
    before = read_models(tmp_path, None, DECLARED)["report.axes"].made
    wider = {"axis": schema("url_name STRING -- name in links\nindex INTEGER -- place\ndue TIMESTAMP -- due")}
    after = read_models(tmp_path, None, wider)["report.axes"].made
    assert isinstance(before, SelectedBy) and isinstance(after, SelectedBy)
    assert before.recipe != after.recipe


def test_the_cache_gives_the_same(tmp_path: Path) -> None:
    write(tmp_path, "report/axes.sql", UNION)
    cache = tmp_path / "state" / "models.json"
    first = read_models(tmp_path, cache, DECLARED)
    assert cache.is_file()
    assert read_models(tmp_path, cache, DECLARED) == first == read_models(tmp_path, None, DECLARED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (UNION.replace("columns: axis", "columns: axle"), "axle is no table whose columns are known"),
        (UNION.replace("SELECT *", "SELECT url_name"), 'has one line "SELECT *"'),
        (UNION.replace("SELECT *", "  SELECT *"), 'has one line "SELECT *"'),
        (UNION.replace("-- columns: axis\n", ""), "list the columns"),
        (UNION.replace("FROM axis", "FROM axis WHERE"), "SQL that cannot be read"),
        (UNION.replace("-- settings", "-- partition: index\n-- settings"), "neither DATE nor TIMESTAMP"),
        (BY_DATE, "a table by date has no files"),
        (ALL_LOGS, "would read every log day for each date that changes"),
    ],
)
def test_what_breaks_the_form_is_told_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "report/axes.sql", text)
    with pytest.raises(ModelError) as caught:
        read_models(tmp_path, None, DECLARED)
    assert str(caught.value).startswith(str(tmp_path / "report" / "axes.sql"))
    assert message in str(caught.value)
