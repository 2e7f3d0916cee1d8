"""What the emulator is helped over is checked here against the fake, entry by entry of the list."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
sys.path.insert(0, str(Path(__file__).parent))

import rules
from google_fake import FakeGoogle, Plan, fake_google
from helped import HELPED

from edxtasks.warehouse.bigquery import Service

CREATE = (
    'CREATE OR REPLACE TABLE `p.d.t` (`a` INT64 OPTIONS (description = "an a"), `s` STRING) CLUSTER BY `s` '
    'OPTIONS (labels = [("k", "v")], description = "made") AS SELECT 1 AS a, "x" AS s'
)


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    """The service with one dataset."""
    with fake_google() as google:
        google.datasets.add("d")
        yield google


@pytest.fixture
def client(fake: FakeGoogle) -> Any:
    """Google's own client, on the fake."""
    return Service("p", endpoint=fake.url).client


def _refused(client: Any, sql: str, parameters: list[Any] | None = None) -> str:
    config = bigquery.QueryJobConfig(query_parameters=parameters or [])
    with pytest.raises(exceptions.BadRequest) as caught:
        client.query(sql, job_config=config).result()
    return str(caught.value.errors[0]["message"])


def _load(client: Any, schema: list[Any]) -> Any:
    config = bigquery.LoadJobConfig(schema=schema, write_disposition="WRITE_TRUNCATE")
    return client.load_table_from_uri("gs://b/x.json", "p.d.t", job_config=config).result()


def listing(fake: FakeGoogle, client: Any) -> None:
    client.query(CREATE).result()
    [item] = client.list_tables("p.d")
    assert (dict(item.labels), list(item.clustering_fields)) == ({"k": "v"}, ["s"])


def label_removal(fake: FakeGoogle, client: Any) -> None:
    fake.put("d", "t", {"labels": {"k": "v", "other": "w"}})
    table = client.get_table("p.d.t")
    table.labels = {"k": None}
    client.update_table(table, ["labels"])
    assert fake.labels("d", "t") == {"other": "w"}


def limits(fake: FakeGoogle, client: Any) -> None:
    ordered = "CREATE TABLE `p.d.t` (`s` STRING) CLUSTER BY `s` AS SELECT s FROM `p.d.u` ORDER BY s"
    assert _refused(client, ordered) == "Result of ORDER BY queries cannot be clustered"
    assert ("d", "t") not in fake.tables
    union = " UNION ALL ".join(f"SELECT a FROM `p.d.t{number}`" for number in range(1_001))
    assert "1001 tables in one query" in _refused(client, union)
    days = ", ".join(f'"{number}"' for number in range(1_001))
    wildcard = f"SELECT a FROM `p.d.t*` WHERE _TABLE_SUFFIX IN ({days})"
    assert "1001 tables in one query" in _refused(client, wildcard)
    assert "too large" in _refused(client, f"SELECT 1 -- {'x' * rules.LONGEST_QUERY}")
    inside = "BEGIN TRANSACTION; DROP TABLE `p.d.t`; COMMIT TRANSACTION;"
    assert "DDL" in _refused(client, inside)
    floating = "CREATE TABLE `p.d.t` (`x` FLOAT64) CLUSTER BY `x` AS SELECT 1.0 AS x"
    assert "cannot be clustered" in _refused(client, floating)
    for labels in ({"Upper": "v"}, {"k": "ä"}, {"k": "v" * 64}, {f"k{n}": "v" for n in range(65)}):
        with pytest.raises(exceptions.BadRequest, match="abel"):
            table = bigquery.Table("p.d.t")
            table.labels = labels
            client.create_table(table)
    field = bigquery.SchemaField("a", "STRING", description="x" * 1_025)
    with pytest.raises(exceptions.BadRequest, match="description of a"):
        client.create_table(bigquery.Table("p.d.t", [field]))


def script_parameters(fake: FakeGoogle, client: Any) -> None:
    script = "DECLARE x INT64; SELECT @n;"
    assert _refused(client, script) == "Query parameter 'n' not found"
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("n", "INT64", 1)])
    client.query(script, job_config=config).result()


def created_metadata(fake: FakeGoogle, client: Any) -> None:
    client.query(CREATE).result()
    table = fake.tables["d", "t"]
    assert (table["labels"], table["clustering"], table["description"]) == (
        {"k": "v"}, {"fields": ["s"]}, "made",
    )  # fmt: skip
    assert table["schema"]["fields"] == [
        {"name": "a", "type": "INT64", "description": "an a"},
        {"name": "s", "type": "STRING"},
    ]


def load_replaces(fake: FakeGoogle, client: Any) -> None:
    fake.put("d", "t", {"labels": {"k": "v"}, "schema": {"fields": [{"name": "old", "type": "STRING"}]}})
    _load(client, [bigquery.SchemaField("new", "INTEGER")])
    assert [one["name"] for one in fake.tables["d", "t"]["schema"]["fields"]] == ["new"]
    assert fake.labels("d", "t") == {"k": "v"}


def load_fails(fake: FakeGoogle, client: Any) -> None:
    before = fake.put("d", "t", {"labels": {"k": "v"}, "numRows": "5"})
    fake.plans.append(Plan(error={"reason": "invalid", "message": "a row is refused"}))
    with pytest.raises(exceptions.BadRequest):
        _load(client, [bigquery.SchemaField("new", "INTEGER")])
    assert fake.tables["d", "t"] == before


def rename(fake: FakeGoogle, client: Any) -> None:
    fake.put("d", "t", {"numRows": "5"})
    client.query("ALTER TABLE `p.d.t` RENAME TO `u`").result()
    assert [item.table_id for item in client.list_tables("p.d")] == ["u"]


def wildcard_columns(fake: FakeGoogle, client: Any) -> None:
    fake.put("d", "t_1", {"clustering": {"fields": ["s"]}})
    fake.put("d", "t_2", {})
    fake.put("d", "t_3", {"type": "VIEW"})
    both = 'SELECT a FROM `p.d.t_*` WHERE _TABLE_SUFFIX IN ("1", "2")'
    assert _refused(client, both) == "Wildcard matched incompatible partitioning or clustering"
    assert "Matched views are: t_3" in _refused(client, "SELECT a FROM `p.d.t_*`")
    client.query('SELECT a FROM `p.d.t_*` WHERE _TABLE_SUFFIX IN ("1")').result()


def countif_over(fake: FakeGoogle, client: Any) -> None:
    fake.put("d", "t", {})
    client.query("SELECT COUNTIF(a) OVER (PARTITION BY s) AS n FROM `p.d.t`").result()


def div_and_mod(fake: FakeGoogle, client: Any) -> None:
    client.query("SELECT DIV(3 + 9, 4) * MOD(7, 2) AS n").result()


def array_offset(fake: FakeGoogle, client: Any) -> None:
    client.query("SELECT [7, 8, 9][SAFE_OFFSET(3 - 2)] AS n").result()


def like_escape(fake: FakeGoogle, client: Any) -> None:
    client.query("SELECT 'a_b' LIKE 'a\\\\_b' AS n").result()


CHECKS: dict[str, Callable[[FakeGoogle, Any], None]] = {
    "listing": listing,
    "label-removal": label_removal,
    "limits": limits,
    "script-parameters": script_parameters,
    "created-metadata": created_metadata,
    "load-replaces": load_replaces,
    "load-fails": load_fails,
    "rename": rename,
    "countif-over": countif_over,
    "div-and-mod": div_and_mod,
    "array-offset": array_offset,
    "like-escape": like_escape,
    "wildcard-columns": wildcard_columns,
}


def test_all_that_is_helped_is_checked() -> None:
    assert set(CHECKS) == set(HELPED)


@pytest.mark.parametrize("name", CHECKS)
def test_the_fake_answers_as_the_documentation_says(name: str, fake: FakeGoogle, client: Any) -> None:
    CHECKS[name](fake, client)
