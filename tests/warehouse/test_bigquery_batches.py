"""Queries over more tables, or of more text, than BigQuery takes, against the fake, which refuses them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google_fake import FakeGoogle, Plan, fake_google
from product_registry import product_registry

from edxtasks.errors import UserError
from edxtasks.storage.cloud import Patience
from edxtasks.table import Scope, SqlModel, Table
from edxtasks.warehouse.base import Absent, BuildInfo, Input, LogDays, Query, TableName, Tables
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service, batches, sql
from edxtasks.warehouse.schema import schema

REGISTRY = product_registry()
OVER_COURSES = [REGISTRY[f"report.{name}"] for name in ("person_course_latest", "enrollday_sql")]
"""A plain union, and a union of two parts with windows."""
PEOPLE = schema("username STRING -- u\nn INTEGER -- n")
TARGET = TableName("course_report_X", "people")
PATIENCE = Patience(initial=0.01, maximum=0.02, deadline=0.5, jobs=0)


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    """The service with the dataset of reports, and one of logs."""
    with fake_google() as google:
        google.datasets.add(TARGET.dataset)
        yield google


def _open(fake: FakeGoogle, folder: Path) -> BigQueryWarehouse:
    return BigQueryWarehouse(Service("p", endpoint=fake.url, patience=PATIENCE), None, folder)


def names(number: int, table: str = "people") -> tuple[TableName, ...]:
    """A table of each of so many courses, whose keys are as long as real ones."""
    return tuple(TableName(f"UniversityX__CS50_{one}x__2T2026_SelfPaced", table) for one in range(number))


def over(number: int) -> Query:
    source = Tables(names(number), PEOPLE)
    return Query("SELECT username, n FROM people ORDER BY username", {"people": source}, {}, PEOPLE)


def statements(fake: FakeGoogle) -> list[str]:
    return [one["query"]["query"] for one in fake.inserted() if "query" in one]


def tables_in(statement: str) -> list[str]:
    return re.findall(r"`p\.(\w+\.\w+)`", statement)


def of_many_courses(table: Table) -> Query:
    """The query of a model over more courses than a query may read tables."""
    made = table.builder
    assert isinstance(made, SqlModel)
    inputs: dict[str, Input] = {}
    for name in table.inputs:
        source = REGISTRY[name]
        of_courses = names(1_100, name) if source.scope is Scope.COURSE else (TARGET,)
        inputs[name] = Tables(of_courses, source.schema)
    return Query(made.sql, inputs, dict.fromkeys(made.parameters, "x"), table.schema)


@pytest.mark.parametrize("table", OVER_COURSES, ids=lambda one: one.name)
def test_tables_over_1100_courses_are_made(table: Table, fake: FakeGoogle, tmp_path: Path) -> None:
    """The fake refuses over 1,000 tables, over 1 MiB of text, and rows in order for a clustered table."""
    query = of_many_courses(table)
    _open(fake, tmp_path).create(TARGET, query, BuildInfo("s1"))
    sent = statements(fake)
    assert max(map(len, sent)) < 1_000_000
    assert fake.labels(TARGET.dataset, TARGET.table)["edxtasks_stamp"] == "s1"
    assert set(fake.tables) == {(TARGET.dataset, TARGET.table)}
    read = [one for statement in sent for one in tables_in(statement)]
    for source in query.inputs.values():
        assert isinstance(source, Tables)
        assert [one for one in map(str, source.names) if one not in read] == []


def test_each_table_is_read_once_and_the_rows_come_from_the_scratch_tables(
    fake: FakeGoogle, tmp_path: Path
) -> None:
    _open(fake, tmp_path).create(TARGET, over(2_000), BuildInfo("s1"))
    *filling, last = statements(fake)
    sources = [tables_in(one)[1:] for one in filling]
    assert sorted(one for part in sources for one in part) == sorted(map(str, names(2_000)))
    assert max(map(len, sources)) == 250
    made = [tables_in(one)[0] for one in filling]
    assert tables_in(last) == [str(TARGET), *made]
    assert all(
        "expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)" in one for one in filling
    )
    assert all(one.startswith(f"{TARGET.dataset}._edxtasks_") for one in made)


def test_a_few_courses_are_read_as_they_stand(fake: FakeGoogle, tmp_path: Path) -> None:
    _open(fake, tmp_path).create(TARGET, over(900), BuildInfo("s1"))
    assert len(statements(fake)) == 1


def test_long_text_goes_through_scratch_tables_too() -> None:
    """Few tables with many columns: 82 columns of 800 courses are over a megabyte."""
    wide = REGISTRY["report.person_course_latest"].schema
    columns = ", ".join(wide.names)
    query = Query(f"SELECT {columns} FROM people", {"people": Tables(names(800), wide)}, {}, wide)
    assert len(sql.resolved(query, "p")[0]) > 1_000_000
    [parts] = batches.batches(query, "p").values()
    assert [one for part in parts for one in part.names] == list(names(800))  # type: ignore[union-attr]
    assert max(len(sql.relation(part, "p")) for part in parts) < 500_000


def test_columns_that_tables_lack_stay_null(fake: FakeGoogle, tmp_path: Path) -> None:
    every = names(1_000)
    source = Tables(every, PEOPLE, {every[-1]: frozenset({"n"})})
    _open(fake, tmp_path).create(
        TARGET, Query("SELECT username, n FROM people", {"people": source}, {}, PEOPLE), BuildInfo("s")
    )
    found = [one for one in statements(fake) if "CAST(NULL AS INT64)" in one]
    assert len(found) == 1 and found[0].endswith(
        f"SELECT `username`, CAST(NULL AS INT64) AS `n` FROM `p.{every[-1]}`)"
    )


def test_more_log_days_than_a_query_may_read(fake: FakeGoogle, tmp_path: Path) -> None:
    """Days of one course that all overlap with one date, each once."""
    logs = schema("time TIMESTAMP -- t\nusername STRING -- u\nn INTEGER -- n")
    first = date(2013, 1, 1)
    days = tuple(f"tracklog_{first + timedelta(days=number):%Y%m%d}" for number in range(1_200))
    query = Query(
        "SELECT username, n FROM tracklog", {"tracklog": LogDays("l", days, logs, 0, 1)}, {}, PEOPLE
    )
    _open(fake, tmp_path).create(TARGET, query, BuildInfo("s1"))
    *filling, _ = statements(fake)
    found = []
    for one in filling:
        beginning = re.search(r"`p\.l\.(\w+)\*`", one)
        suffixes = re.search(r"_TABLE_SUFFIX IN \((.*?)\)", one)
        assert beginning and suffixes
        found += [beginning[1] + suffix for suffix in re.findall(r'"(\d+)"', suffixes[1])]
    assert sorted(found) == sorted(days)


def test_scratch_tables_go_when_the_build_fails(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.plans.append(
        Plan(match="edxtasks_stamp", error={"reason": "resourcesExceeded", "message": "too much"})
    )
    with pytest.raises(UserError, match="needs more than BigQuery gives"):
        _open(fake, tmp_path).create(TARGET, over(2_000), BuildInfo("s1"))
    assert fake.tables == {}


def test_an_estimate_counts_what_goes_through_scratch_tables_twice(fake: FakeGoogle, tmp_path: Path) -> None:
    """The fake says 4,096 bytes for every query: eight batches, each read and read again, and one table."""
    query = over(2_000)
    inputs = {**query.inputs, "others": Tables((TARGET,), PEOPLE), "none": Absent(PEOPLE)}
    text = "SELECT username, n FROM people JOIN others USING (n) JOIN none USING (n)"
    told: Sequence[Any] = fake.inserted()
    assert _open(fake, tmp_path).estimate(Query(text, inputs, {}, PEOPLE)) == 8 * 4_096 * 2 + 2 * 4_096
    assert told == [] and fake.tables == {}
