"""Grain and checks in builds: what breaks them, what is told, and what a changed check makes happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest

from edxtasks.build.build_table import Built, build
from edxtasks.build.check_lines import take_checks
from edxtasks.build.checks import checks_of
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.build.model import read_models
from edxtasks.build.model_checks import with_checks
from edxtasks.build.model_errors import HeaderLineError
from edxtasks.build.registry import put_together
from edxtasks.config import Settings
from edxtasks.config import Warehouse as Place
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import UserError
from edxtasks.messages import Messages
from edxtasks.table import External, Need, PythonModel, Table
from edxtasks.warehouse.base import BuildInfo, Dates, Query, TableName, Tables
from edxtasks.warehouse.checks import Check, CheckFailedError, TableChecks
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema

COURSE = CourseKey.parse("OrgX/Ab.1/2T2020")
POINTS = Table("results", "", schema("person STRING -- who\npoints FLOAT -- how many"), External())
PEOPLE = Table("people", "", schema("username STRING -- who"), External())
MODEL = """-- Points of each person.
-- command: x
-- grain: person
{checks}
SELECT
  person, -- STRING: who
  points -- FLOAT: how many
FROM results
"""
IN_RANGE = "-- check in_range (error): points BETWEEN 0 AND @sybil_max_percent_correct"
KNOWN = """-- check known (warning, share 0.5):
--     person IN (SELECT username FROM people WHERE username IS NOT NULL)"""


def made_table(folder: Path, *checks: str) -> Table:
    model = folder / "models" / "area" / "grades.sql"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text(MODEL.format(checks="\n".join(checks) or "--"))
    tables = put_together(read_models(folder / "models", None, {}), [POINTS, PEOPLE])
    return with_checks(tables, None)["grades"]


def made_context(folder: Path, table: Table, *rows: tuple[str | None, float | None]) -> Context:
    """A course whose points are these, where there are any; else as they are."""
    warehouse = ParquetWarehouse(folder / "warehouse")
    if rows:
        content = [{"person": person, "points": points} for person, points in rows]
        label = BuildInfo(f"rows {rows}")
        warehouse.load(TableName(COURSE.dataset, "results"), POINTS.schema, content, label)
    registry = {one.name: one for one in (POINTS, PEOPLE, table)}
    return Context(Settings(root=folder), registry, warehouse, Digests(), (COURSE,))


def rows_of(context: Context, table: Table) -> list[tuple[object, ...]]:
    context.warehouse.refresh_all()
    return list(context.warehouse.read(context.name(table, COURSE), ordered=True))


def test_two_rows_of_one_grain_fail_the_build_and_leave_the_old_table(tmp_path: Path) -> None:
    table = made_table(tmp_path)
    build(made_context(tmp_path, table, ("ada", 1.0)), table, COURSE)
    context = made_context(tmp_path, table, ("ada", 1.0), ("ada", 2.0), ("secret", 3.0), ("secret", 3.0))
    with pytest.raises(UserError, match="grades: expected one row for each person") as failed:
        build(context, table, COURSE)
    assert "several for 2 of them: 4 rows" in str(failed.value)
    assert "secret" not in str(failed.value)
    assert rows_of(context, table) == [("ada", 1.0)]
    assert check(context, table, COURSE).status is Status.STALE
    assert not list(tmp_path.rglob(".grades*")), "nothing is left behind"


@pytest.mark.parametrize(
    ("grain", "key"),
    [
        ("username, Event", ("username", "event")),
        ("index (file order)", ("index",)),
        ("username, index (input order)", ("username", "index")),
        ("one row", ()),
        ("event", None),
        ("username (as a rule)", None),
        ("row of the file", None),
        ("", None),
    ],
)
def test_a_grain_is_columns_or_words(grain: str, key: tuple[str, ...] | None) -> None:
    columns = schema("username STRING -- who\nindex INTEGER -- n\nevent STRING -- text")
    assert Table("a", "x", columns, External(), grain=grain).key == key


@pytest.mark.parametrize(
    ("engine", "asked", "key"),
    [("duckdb", False, ("person",)), ("bigquery", False, None), ("bigquery", True, ("person",))],
)
def test_bigquery_looks_at_the_grain_where_it_is_asked_to(
    tmp_path: Path, engine: str, asked: bool, key: tuple[str, ...] | None
) -> None:
    table = made_table(tmp_path, IN_RANGE)
    context = made_context(tmp_path, table)
    context.settings = Settings(root=tmp_path, warehouse=Place(engine=engine, check_grain_on_bigquery=asked))
    found = checks_of(context, table, COURSE, Messages())
    assert found.grain == key
    assert [one.name for one in found.checks] == ["in_range"]
    assert found.parameters == {"sybil_max_percent_correct": 70.0}


def test_a_check_is_told_kept_and_no_part_of_the_stamp(tmp_path: Path) -> None:
    table = made_table(tmp_path, IN_RANGE, KNOWN)
    assert table.fault == ""
    context = made_context(tmp_path, table, ("ada", 70.0), ("bob", None), ("eve", 0.0))
    built = build(context, table, COURSE)
    assert built.messages.lines == ["check known is left out: there is no people"]
    context.warehouse.load(
        TableName(COURSE.dataset, "people"),
        PEOPLE.schema,
        [{"username": "ada"}, {"username": None}],
        BuildInfo("p"),
    )
    built = build(context, table, COURSE, force=True)
    [told] = built.messages.lines
    assert told.startswith(
        "check known: broken by 2 of 3 rows; expected for 0.5 of the rows: person IN (SELECT"
    )
    results = context.warehouse.check_results(context.name(table, COURSE))
    assert [(one["name"], one["level"], one["rows"], one["broken"], one["fails"]) for one in results] == [
        ("in_range", "error", 3, 0, False),
        ("known", "warning", 3, 2, True),
    ]
    assert check(context, table, COURSE).status is Status.FRESH


def test_rows_that_break_an_error_leave_the_old_table(tmp_path: Path) -> None:
    table = made_table(tmp_path, IN_RANGE)
    build(made_context(tmp_path, table, ("ada", 70.0)), table, COURSE)
    context = made_context(tmp_path, table, ("ada", 70.5), ("bob", 0.0))
    with pytest.raises(CheckFailedError, match="grades: check in_range: broken by 1 of 2 rows"):
        build(context, table, COURSE)
    assert rows_of(context, table) == [("ada", 70.0)]


def test_a_changed_check_is_looked_at_without_a_build(tmp_path: Path) -> None:
    table = made_table(tmp_path, IN_RANGE)
    context = made_context(tmp_path, table, ("ada", 70.0), ("bob", 7.0))
    build(context, table, COURSE)
    file = context.warehouse.location(context.name(table, COURSE), partitioned=False)
    assert file is not None
    before = file.stat().st_mtime_ns

    def again(*checks: str) -> tuple[Context, Table]:
        table = made_table(tmp_path, *checks)
        context = made_context(tmp_path, table)
        verdict = check(context, table, COURSE)
        assert (verdict.status, verdict.reason) == (Status.STALE, "its checks changed")
        return context, table

    context, table = again(IN_RANGE, "-- check few (warning): points < 10")
    assert build(context, table, COURSE).messages.lines == [
        "check few: broken by 1 of 2 rows; expected: points < 10"
    ]
    assert check(context, table, COURSE).status is Status.FRESH
    context, table = again(IN_RANGE, "-- check few (error): points < 10")
    with pytest.raises(CheckFailedError, match="check few: broken by 1 of 2 rows"):
        build(context, table, COURSE)
    assert check(context, table, COURSE).status is Status.STALE
    assert file.stat().st_mtime_ns == before, "the rows are not written again"


def test_one_run_makes_good_both_what_a_killed_one_had_not_checked_and_not_exported(tmp_path: Path) -> None:
    """The table is there; neither are what its checks found nor the file for people."""
    table = replace(made_table(tmp_path, IN_RANGE), files=("grades.csv",))
    context = made_context(tmp_path, table, ("ada", 70.0))
    name = context.name(table, COURSE)
    context.warehouse.note_owner(name.dataset, str(COURSE))
    build(context, table, COURSE)
    checked = context.warehouse.checked(name)
    assert checked is not None
    note = tmp_path / "warehouse" / COURSE.dataset / "_edxtasks" / "grades.json"
    form = orjson.loads(note.read_bytes())
    del form["checks"]
    note.write_bytes(orjson.dumps(form))
    (file,) = context.storage.list(f"{context.course_folder(COURSE)}/grades.csv")
    context.storage.delete(file)
    context = made_context(tmp_path, table)
    build(context, table, COURSE)
    assert context.warehouse.checked(name) == checked
    assert context.storage.list(file) == [file]
    assert check(context, table, COURSE).status is Status.FRESH


def test_a_python_table_has_grain_and_checks_too(tmp_path: Path) -> None:
    given: list[Row] = [{"person": "ada", "points": 1.0}]
    table = Table(
        "marks",
        "x",
        POINTS.schema,
        PythonModel(1, lambda inputs: iter(given)),
        grain="person (file order)",
        inputs={"results": Need.REQUIRED},
        checks=(Check("positive", "points > 0", error=True),),
    )
    assert with_checks({"results": POINTS, "marks": table}, None)["marks"].fault == ""

    def attempt() -> Built:
        context = made_context(tmp_path, table, ("x", 1.0))
        return build(context, table, COURSE, force=True)

    assert attempt().rows == 1
    given.append({"person": "ada", "points": 2.0})
    with pytest.raises(CheckFailedError, match="marks: expected one row for each person"):
        attempt()
    given[1] = {"person": "bob", "points": 0.0}
    with pytest.raises(CheckFailedError, match="marks: check positive: broken by 1 of 2 rows"):
        attempt()
    wrong = replace(table, checks=(Check("positive", "point > 0"),))
    assert "marks: check positive: " in with_checks({"results": POINTS, "marks": wrong}, None)["marks"].fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("-- check few (warning): point < 10", "line 4: check few: "),
        ("-- check few (warning): points + 1", "line 4: check few: "),
        ("-- check few (warning): points < (", "line 4: check few: "),
        ("-- check few (warning): points < @most", "check few: there is no parameter @most"),
        ("-- check few (warning): RAND() < points", "line 4: check few: "),
        ("-- check few (warning): EXISTS(SELECT 1 FROM tracklog)", "check few: it reads tracklog"),
        ("-- check few (warning): EXISTS(SELECT 1 FROM peoples)", 'not a table; did you mean "people"?'),
        ("-- check few (warning): person IN (SELECT username FROM people)", "WHERE username IS NOT NULL"),
        ("-- check few (fatal): points < 10", "line 4: expected -- check NAME (error): CONDITION"),
        ("-- check: points < 10", "line 4: expected -- check NAME (error): CONDITION"),
        ("-- check few (warning):", "line 4: check few has no condition"),
        ("-- check few (warning, share 2): points < 10", "line 4: expected -- check NAME"),
    ],
)
def test_a_wrong_check_is_told_when_the_model_is_read(tmp_path: Path, line: str, fault: str) -> None:
    found = made_table(tmp_path, line).fault
    assert "grades.sql" in found and fault in found


def test_a_check_may_go_on_over_lines_and_is_no_description(tmp_path: Path) -> None:
    text = f"-- A table.\n-- command: x\n{KNOWN}\n-- check a (error, table): TRUE\n-- More.\nSELECT 1"
    checks, rest = take_checks(text)
    condition = "person IN (SELECT username FROM people WHERE username IS NOT NULL)"
    assert checks == (
        Check("known", condition, share=0.5),
        Check("a", "TRUE", error=True, of_table=True),
    )
    assert [one.line for one in checks] == [3, 5]
    assert rest.splitlines() == ["-- A table.", "-- command: x", "--", "--", "--", "-- More."]
    with pytest.raises(HeaderLineError, match="two checks with the name a"):
        take_checks("-- check a (error): TRUE\n-- check a (error): FALSE\n")
    made: Callable[..., Table] = made_table
    assert made(tmp_path, KNOWN).description == "Points of each person."


def test_a_grain_without_the_partition_column_is_looked_at_over_all_dates(tmp_path: Path) -> None:
    """Each person may be on one date alone: dates that are built are held against those that stay."""
    warehouse = ParquetWarehouse(tmp_path / "warehouse")
    days = schema("date DATE -- day\nperson STRING -- who")
    source, name = TableName("d", "days"), TableName("d", "firsts")
    first, second = date(2013, 1, 1), date(2013, 2, 1)

    def create(rows: list[tuple[date, str]], made: list[date], keep: list[date]) -> None:
        content = [{"date": str(day), "person": person} for day, person in rows]
        warehouse.load(source, days, content, BuildInfo(f"{rows}"))
        sql = "SELECT date, -- DATE: day\nperson -- STRING: who\nFROM days"
        query = Query(sql, {"days": Tables((source,), days)}, {}, days)
        work = [Dates(query, dict.fromkeys(made, f"{rows}"))]
        checks = TableChecks("firsts", ("person",))
        warehouse.create_dates(name, days, "date", work, keep, BuildInfo("s"), checks)

    create([(first, "ada"), (second, "bob")], [first, second], [])
    with pytest.raises(CheckFailedError, match=r"firsts: expected one row for each person .* for 1 of them"):
        create([(second, "ada")], [second], [first])
    assert sorted(warehouse.read(name)) == [(first, "ada"), (second, "bob")]
    # The dates that are made again, and those that go, are not held against the new rows.
    create([(second, "bob"), (second, "cy")], [second], [first])
    create([(second, "ada")], [second], [])
    assert sorted(warehouse.read(name)) == [(second, "ada")]
