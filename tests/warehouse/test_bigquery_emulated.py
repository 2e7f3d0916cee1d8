"""BigQuery against the suite of all warehouses, on emulators."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from product_registry import product_registry
from rows_as_text import rows_as_text
from servers import BUCKET, PROJECT, running
from suite import WarehouseSuite

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.config import Settings
from edxtasks.config.settings import Paths, Storage, Warehouse
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.storage.cloud import Patience
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, Query, TableName, Tables
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service, batches, stamps
from edxtasks.warehouse.schema import schema

PATIENCE = Patience(initial=0.05, maximum=0.2, deadline=5.0, jobs=2)


class TestBigQuery(WarehouseSuite):
    """Tables of BigQuery, loaded through Cloud Storage."""

    @pytest.fixture
    def warehouse(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BigQueryWarehouse:
        """A warehouse on the emulators."""
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
        return _open(tmp_path)

    @pytest.fixture
    def other(self, warehouse: BigQueryWarehouse, tmp_path: Path) -> BigQueryWarehouse:
        """The same project as another process sees it."""
        return _open(tmp_path)

    def check_refusal(self, message: str, path: Path) -> None:
        """The emulator does not say which line it refused."""
        assert str(path) in message

    def test_the_emulator_refuses_what_bigquery_refuses(self, warehouse: BigQueryWarehouse) -> None:
        """It would keep clustering that BigQuery refuses, if it were not asked as the fake is."""
        service = Service(PROJECT, endpoint=running().bigquery, patience=PATIENCE)
        warehouse._datasets.prepare("refused")
        table = f"`{PROJECT}.refused.ordered`"
        query = f'CREATE TABLE {table} (`u` STRING) CLUSTER BY `u` AS SELECT "x" AS u ORDER BY u'
        with pytest.raises(RuntimeError, match="Result of ORDER BY queries cannot be clustered"):
            service.script("test", "order", stamps.Script(query))
        assert warehouse.states("refused") == {}

    def test_stamps_that_hold_no_longer_go_and_no_others(
        self, warehouse: BigQueryWarehouse, other: BigQueryWarehouse
    ) -> None:
        """Two dates of which one was built twice and one vanished, a table rebuilt: one row holds."""
        dataset = "compacted"
        service = Service(PROJECT, endpoint=running().bigquery, patience=PATIENCE)
        warehouse._datasets.prepare(dataset)
        warehouse._stamps.make(dataset)
        rows = [
            ("t", "now", "2013-09-01", "'v1'", "2013-09-08 00:00:00"),
            ("t", "now", "2013-09-01", "'v2'", "2013-09-09 00:00:00"),
            ("t", "now", "2013-09-02", "'v1'", "2013-09-08 00:00:00"),
            ("t", "now", "2013-09-02", "NULL", "2013-09-09 00:00:00"),
            ("t", "old", "2013-09-03", "'v1'", "2013-09-08 00:00:00"),
        ]
        values = ", ".join(
            f"('{name}', '{series}', DATE '{day}', 's', {version}, 1, TIMESTAMP '{written}+00')"
            for name, series, day, version, written in rows
        )
        new = "('t', 'begun', DATE '2013-09-03', 's', 'v9', 1, CURRENT_TIMESTAMP())"
        place = f"`{PROJECT}.{dataset}.{stamps.TABLE}`"
        service.script("test", "fill", stamps.Script(f"INSERT INTO {place} VALUES {values}, {new}"))
        read = stamps.newest(PROJECT, dataset)
        held = {key: days for key, days in stamps.collected(service.select(read)).items() if key[1] != "old"}
        service.script("test", "compact", stamps.compacted(PROJECT, dataset, ["now"]))
        assert stamps.collected(service.select(read)) == held
        kept = sorted(service.select(f"SELECT series, version FROM {place}"))
        assert kept == [("begun", "v9"), ("now", "v2")]

    def test_a_union_in_batches_gives_the_same_rows(
        self, warehouse: BigQueryWarehouse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Three tables, of which a query may name two."""
        monkeypatch.setattr(batches, "MOST_TABLES", 2)
        monkeypatch.setattr(batches, "_BATCH", 2)
        people = schema("n INTEGER -- n\nusername STRING -- u")
        names = tuple(TableName("batched", f"people_{number}") for number in range(3))
        for number, name in enumerate(names):
            warehouse.load(
                name, people, iter([{"n": number, "username": f"u{number}"}]), BuildInfo(f"s{number}")
            )
        query = Query("SELECT n, username FROM people", {"people": Tables(names, people)}, {}, people)
        target = TableName("batched", "all_people")
        warehouse.create(target, query, BuildInfo("s"))
        assert list(warehouse.read(target, ordered=True)) == [(0, "u0"), (1, "u1"), (2, "u2")]
        warehouse.refresh_all()
        assert set(warehouse._listings.listed("batched")) == {one.table for one in (*names, target)}


def _open(folder: Path) -> BigQueryWarehouse:
    service = Service(PROJECT, endpoint=running().bigquery, patience=PATIENCE)
    place = f"gs://{BUCKET}/folder"
    return BigQueryWarehouse(
        service, lambda: GcsStorage(place, PROJECT, patience=PATIENCE), folder / "locks", days_in_query=200
    )


# Data to be shared

SHARED_COURSES = (CourseKey("Shared", "A", "R"), CourseKey("Shared", "B", "R"))
SHARED_TABLES = ("report.person_course_deidentified", "report.deidentification")
REGISTRY = product_registry()


def person(account: int, course: CourseKey) -> dict[str, Any]:
    values = {"course_id": course.slash, "user_id": account, "username": f"u{account}", "viewed": True}
    return {**values, "gender": "fm"[account % 2], "YoB": 1980 + account, "grade": account / 100}


def shared_tables(root: Path, engine: Warehouse) -> dict[str, list[str]]:
    """The rows of both tables as an engine has them; they are fresh then."""
    key = root / "key"
    key.write_text("0123456789abcdef" * 4)
    key.chmod(0o600)
    settings = Settings(
        root=root,
        paths=Paths(deidentify_key_file=key),
        warehouse=engine,
        storage=Storage(gs_bucket=f"gs://{BUCKET}/shared"),
        deidentify_release="spring",
    )
    warehouse = open_warehouse(settings)
    context = Context(settings, REGISTRY, warehouse, Digests(), SHARED_COURSES)
    for course, people in zip(SHARED_COURSES, (range(30), range(10, 33)), strict=True):
        rows = [person(account, course) for account in people]
        place = TableName(context.dataset(course), "person_course")
        warehouse.load(place, REGISTRY["person_course"].schema, rows, BuildInfo("rows"))
    found = {}
    for table in map(REGISTRY.__getitem__, SHARED_TABLES):
        build(context, table, None)
        warehouse.refresh_all()
        assert check(context, table, None).status is Status.FRESH
        found[table.name] = rows_as_text(warehouse, context.name(table, None), table.schema.names)
    return found


def test_data_to_be_shared_have_the_same_rows_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group table that Python makes, with a check that is an error, and a check value of a key."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
    cloud = Warehouse(engine="bigquery", project_id="shared", api_endpoint=running().bigquery)
    there, here = shared_tables(tmp_path, cloud), shared_tables(tmp_path, Warehouse())
    assert there == here
    # Ten take A alone, twenty both, and three B alone: they are too few.
    assert len(here[SHARED_TABLES[0]]) == 50
