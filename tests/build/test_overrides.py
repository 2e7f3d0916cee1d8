"""Tables that a person names to be read in place of an input: in the warehouse or in a CSV file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google_fake import FakeGoogle, fake_google

from edxtasks.build.build_table import Built, build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.build.model import read_models
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import put_together
from edxtasks.config import Options, Settings
from edxtasks.config import Warehouse as Place
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import InputError, UserError
from edxtasks.storage.gcs import GcsStorage
from edxtasks.table import BuildInputs, External, PythonModel, Scope, Table
from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.bigquery.schemas import fields
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Schema, schema

COURSE = CourseKey.parse("OrgX/Ab.1/2T2020")
GROUPS = schema("username STRING -- who\ngrp INTEGER -- group")
CASES = schema("course_id STRING -- where\nusername STRING -- who")
MODEL = """-- Groups, and whether somebody of them is a confirmed case.
-- command: sybils
-- grain: username
-- borrowed: courses.groups, courses.cases
-- input courses.groups: from table
-- input courses.cases: from cameo_master
SELECT
  members.username, -- STRING: who
  members.grp, -- INTEGER: group
  cases.username IS NOT NULL AS confirmed -- BOOLEAN: whether
FROM courses.groups AS members
LEFT JOIN courses.cases AS cases
  ON members.username = cases.username AND cases.course_id IN (@course_id, @course_key)
"""


def by_python(inputs: BuildInputs) -> Content:
    """The same rows as those of the model."""
    cases = {row["username"] for row in inputs.rows("courses.cases") or ()}
    batches = inputs.batches("courses.groups", ("username", "grp")) or ()
    return [
        {"username": username, "grp": grp, "confirmed": username in cases}
        for batch in batches
        for username, grp in batch
    ]


def tables_of(folder: Path) -> Mapping[str, Table]:
    model = folder / "models" / "area" / "sybils.sql"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(MODEL)
    made = read_models(folder / "models", None, {})["sybils"]
    others = [
        Table("courses.groups", "", GROUPS, External(), scope=Scope.WAREHOUSE),
        Table("courses.cases", "", CASES, External(only_named=True), scope=Scope.WAREHOUSE),
        replace(made, name="by_python", command="by_python", builder=PythonModel(1, by_python)),
    ]
    return put_together({"sybils": made}, others)


@pytest.fixture
def warehouse(tmp_path: Path) -> ParquetWarehouse:
    """Ann and Bob are in group 1 by the table of the course, in 7 and 8 by a table of the office."""
    found = ParquetWarehouse(tmp_path / "warehouse")
    for name, groups in (("groups", (1, 1)), ("my_groups", (7, 8))):
        rows: list[Row] = [
            {"username": who, "grp": group} for who, group in zip(("ann", "bob"), groups, strict=True)
        ]
        found.load(TableName("courses", name), GROUPS, rows, BuildInfo(name))
    # A table of that name, which nobody names.
    case: Row = {"course_id": COURSE.slash, "username": "ann"}
    found.load(TableName("courses", "cases"), CASES, [case], BuildInfo("cases"))
    return found


def made_context(
    warehouse: Warehouse, folder: Path, table: str | None = None, master: str | None = None
) -> Context:
    engine = "bigquery" if isinstance(warehouse, BigQueryWarehouse) else "duckdb"
    settings = Settings(
        root=folder, cameo_master=master, options=Options(table=table), warehouse=Place(engine=engine)
    )
    registry = with_overrides(tables_of(folder), settings, (COURSE,))
    return Context(settings, registry, warehouse, Digests(), (COURSE,))


def built(context: Context, name: str) -> Built:
    """Build a table, after those that are made from named files."""
    table = context.registry[name]
    for source in table.inputs:
        if not context.registry[source].external:
            build(context, context.registry[source], None)
    return build(context, table, COURSE)


def rows_of(context: Context, name: str) -> list[tuple[object, ...]]:
    context.warehouse.refresh_all()
    return list(context.warehouse.read(TableName(COURSE.dataset, name), ordered=True))


BOTH = pytest.mark.parametrize("name", ["sybils", "by_python"])


@BOTH
def test_what_nobody_names_is_read_as_declared_or_absent(
    name: str, warehouse: ParquetWarehouse, tmp_path: Path
) -> None:
    context = made_context(warehouse, tmp_path)
    built(context, name)
    assert rows_of(context, name) == [("ann", 1, False), ("bob", 1, False)]


@BOTH
@pytest.mark.parametrize("table", ["courses.my_groups", "my_groups"])
def test_a_table_is_named_by_an_option_or_a_setting(
    name: str, table: str, warehouse: ParquetWarehouse, tmp_path: Path
) -> None:
    built(made_context(warehouse, tmp_path), name)
    context = made_context(warehouse, tmp_path, table, "courses.cases")
    verdict = check(context, context.registry[name], COURSE)
    assert verdict.reason == "courses.cases is new; courses.my_groups is new; courses.groups is gone"
    built(context, name)
    assert rows_of(context, name) == [("ann", 7, True), ("bob", 8, False)]
    assert check(context, context.registry[name], COURSE).status is Status.FRESH


@BOTH
def test_a_csv_file_is_named(name: str, warehouse: ParquetWarehouse, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    # As a spreadsheet writes it: a mark at the start, names in capitals, more columns, an empty line.
    groups = b"\xef\xbb\xbfGRP, Username ,note\r\n3,ann,x\r\n\r\n4,bob,\r\n"
    (tmp_path / "lists" / "groups.txt").write_bytes(groups)
    (tmp_path / "cases.csv").write_text(f"username,course_id\nbob,{COURSE.opaque}\n")
    context = made_context(warehouse, tmp_path, "lists/groups.txt", "cases.csv")
    built(context, name)
    assert rows_of(context, name) == [("ann", 3, False), ("bob", 4, True)]
    assert check(context, context.registry[name], COURSE).status is Status.FRESH
    (tmp_path / "lists" / "groups.txt").write_text("username,grp\nbob,5\n")
    built(context, name)
    assert rows_of(context, name) == [("bob", 5, True)]


@BOTH
@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("courses.nothing", "table=courses.nothing: courses.nothing does not exist"),
        ("a.b.c", r"table=a.b.c: \w+ takes a table, .*, in place of courses.groups"),
        ("my-groups", "or TABLE of the dataset courses, or a CSV file"),
        ("courses.cases", r"table=courses.cases: \w+ reads courses.cases already"),
        ("numbers", "table=numbers: expected in courses.numbers the columns username .*, found none of them"),
        ("courses.words", r"expected in courses.words grp INTEGER, found STRING"),
        ("none.csv", "table=none.csv: expected a CSV file, found no file .*/none.csv"),
        ("../x/y", "table=../x/y: expected a CSV file, found no file"),
        ("odd.csv", "odd.csv: expected a header with the columns of table=odd.csv: .*, found no grp"),
        ("bad.csv", "bad.csv, line 3: the value of grp cannot be read"),
    ],
)
def test_wrong_names_are_told(
    name: str, table: str, message: str, warehouse: ParquetWarehouse, tmp_path: Path
) -> None:
    words = schema("username STRING\ngrp STRING")
    warehouse.load(TableName("courses", "words"), words, [{"username": "ann", "grp": "1"}], BuildInfo("w"))
    lacking = schema("number INTEGER")
    warehouse.load(TableName("courses", "numbers"), lacking, [{"number": 1}], BuildInfo("n"))
    (tmp_path / "odd.csv").write_text("username,group\nann,1\n")
    (tmp_path / "bad.csv").write_text("username,grp\nann,1\nbob,secret\n")
    context = made_context(warehouse, tmp_path, table)
    with pytest.raises(UserError, match=message) as told:
        built(context, name)
    assert "secret" not in str(told.value)


def test_a_table_cannot_be_read_in_place_of_two(warehouse: ParquetWarehouse, tmp_path: Path) -> None:
    context = made_context(warehouse, tmp_path, "my_groups", "my_groups")
    assert "cameo_master=my_groups: sybils reads courses.my_groups already" in (
        context.registry["sybils"].fault
    )


def test_a_name_that_an_input_has_anyway_changes_nothing(tmp_path: Path) -> None:
    tables = tables_of(tmp_path)
    settings = Settings(root=tmp_path, options=Options(table="groups"))
    assert with_overrides(tables, settings, (COURSE,)) == tables


# BigQuery


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    with fake_google() as google:
        google.datasets |= {COURSE.dataset, "courses"}
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
        yield google


def put(fake: FakeGoogle, table: str, columns: Schema) -> None:
    form = {"fields": [one.to_api_repr() for one in fields(columns)]}
    fake.put("courses", table, {"schema": form, "numRows": "2"})


def test_on_bigquery_queries_read_what_is_named(fake: FakeGoogle, tmp_path: Path) -> None:
    put(fake, "my_groups", GROUPS)
    put(fake, "words", schema("username STRING\ngrp STRING"))
    (tmp_path / "cases.csv").write_text(f"username,course_id\nbob,{COURSE.opaque}\n")
    bucket = GcsStorage("gs://b", "p")
    warehouse = BigQueryWarehouse(Service("p", endpoint=fake.url), lambda: bucket, tmp_path)
    built(made_context(warehouse, tmp_path, "my_groups", "cases.csv"), "sybils")
    [load, made] = [job for job in fake.inserted() if "load" in job or "query" in job][:2]
    assert load["load"]["destinationTable"]["tableId"] == "cases_from_file"
    assert "`p.courses.my_groups`" in made["query"]["query"]
    assert "`p.courses.cases_from_file`" in made["query"]["query"]
    with pytest.raises(UserError, match=r"expected in courses\.words grp INTEGER, found STRING"):
        built(made_context(warehouse, tmp_path, "words"), "sybils")
    with pytest.raises(UserError, match=r"courses\.gone does not exist"):
        built(made_context(warehouse, tmp_path, "gone"), "sybils")
    with pytest.raises(InputError, match=r"no file .*gone\.csv"):
        built(made_context(warehouse, tmp_path, "gone.csv"), "sybils")
