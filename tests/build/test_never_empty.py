"""A table that is never empty is not replaced by one without rows, in whatever form the rows come."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from product_registry import product_registry

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.config import Engine, Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import InputError
from edxtasks.table import BuildInputs, PythonModel, Table
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Content, JsonLines, OwnColumns
from edxtasks.warehouse.schema import schema

COURSE = CourseKey.parse("OrgX/Ab.1/2T2020")
COLUMNS = schema("name STRING -- of a thing")
ROW = {"name": "a"}


def as_json_lines(rows: list[dict[str, str]], scratch: Path) -> Content:
    path = scratch / "rows.json.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(f'{{"name": "{row["name"]}"}}\n' for row in rows)
    return JsonLines((path,))


FORMS: dict[str, Callable[[list[dict[str, str]], Path], Content]] = {
    "rows": lambda rows, scratch: iter(rows),
    "own columns": lambda rows, scratch: OwnColumns(COLUMNS, rows),
    "json lines": as_json_lines,
}


@pytest.mark.parametrize("never_empty", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_no_row_fails_and_the_old_table_stays(form: str, never_empty: bool, tmp_path: Path) -> None:
    source = tmp_path / "things.csv"
    given: list[dict[str, str]] = [ROW]

    def rows(inputs: BuildInputs) -> Content:
        inputs.messages.add("3 records of another course")
        return FORMS[form](given, inputs.scratch)

    made = PythonModel(1, rows, lambda of: {"things": source}, never_empty=never_empty)
    table = Table("things", "load_things", COLUMNS, made)
    warehouse = ParquetWarehouse(tmp_path / "warehouse")
    settings = Settings(
        root=tmp_path,
        paths=Paths(course_sql_base_dir=tmp_path / "SQL"),
        engine=Engine(state=tmp_path / "state"),
    )
    context = Context(settings, {"things": table}, warehouse, Digests(), (COURSE,))
    source.write_text("first")
    build(context, table, COURSE)
    source.write_text("second")
    given.clear()
    with pytest.raises(InputError) as failed:
        build(context, table, COURSE)
    assert str(source) in str(failed.value)
    assert "things: expected one row at least" in str(failed.value)
    assert "3 records of another course" in str(failed.value)
    warehouse.refresh_all()
    assert list(warehouse.read(context.name(table, COURSE))) == [("a",)]
    assert not list((tmp_path / "warehouse").rglob(".things*")), "nothing is left behind"
    # A table that may be empty comes out so where none is there before.
    warehouse.drop(context.name(table, COURSE))
    if never_empty:
        with pytest.raises(InputError):
            build(context, table, COURSE)
    else:
        assert "remove that table first: doit clean things" in str(failed.value)
        assert build(context, table, COURSE).rows == 0


def test_people_and_the_axis_are_never_empty() -> None:
    never = {
        table.name
        for table in product_registry().values()
        if isinstance(table.builder, PythonModel) and table.builder.never_empty
    }
    assert never == {"user_info_combo", "course_axis"}
