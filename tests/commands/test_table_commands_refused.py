"""What goes wrong with the commands on tables: the service says no, another course owns the tables, nobody
reads the output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from in_process import Run, runner
from project import REPOSITORY

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google_fake import FakeGoogle, fake_google

from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.schema import schema

COURSE, DATASET = "OrgX/Ab.1/2T2020", "OrgX__Ab_1__2T2020"
NAME = TableName(DATASET, "things")
COLUMNS = schema("n INTEGER")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """doit in an empty folder."""
    return runner(tmp_path, monkeypatch, capfdbinary)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeGoogle]:
    """A fake of BigQuery that the configuration of the folder names; the dataset of the course is there."""
    with fake_google() as google:
        google.datasets.add(DATASET)
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "edxtasks.toml").write_text(
            f'[warehouse]\nengine = "bigquery"\nproject_id = "p"\napi_endpoint = "{google.url}"\n'
        )
        yield google


def test_all_pages_of_a_listing(fake: FakeGoogle, run: Run) -> None:
    """Two pages; the table of stamps is left out, a view and a name that no table of ours has are not."""
    for number in range(1001):
        fake.put(DATASET, f"t{number:04}", {})
    fake.put(DATASET, "_edxtasks_stamps", {})
    fake.put(DATASET, "a-view", {"type": "VIEW"})
    told = json.loads(run("get_tables", DATASET).out)
    assert told["totalItems"] == len(told["tables"]) == 1002
    assert told["tables"][0] == {
        "id": f"p:{DATASET}.a-view",
        "tableReference": {"projectId": "p", "datasetId": DATASET, "tableId": "a-view"},
        "type": "VIEW",
    }
    assert len(json.loads(run("get_course_tables", COURSE).out.partition("\n")[2])) == 1002
    assert "there is no table" in run("delete_tables", COURSE, "--table=no_such").err


def test_no_access_is_an_error_and_not_a_missing_table(fake: FakeGoogle, run: Run) -> None:
    fake.put(DATASET, "things", {})
    fake.fail("GET", "/tables/things$", 403, reason="accessDenied", message="Access Denied", times=9)
    for words in (
        ("get_table_info", COURSE, "things"),
        ("get_course_data", COURSE, "--table=things", "--skip-missing"),
        ("get_course_table_status", COURSE, "--table=things", "output_format_json=1"),
    ):
        ended = run(*words, status=1)
        assert ended.out == ""
        assert "no table" not in ended.err and "not allowed (accessDenied)" in ended.err


def test_what_only_seems_to_be_empty_is_not_deleted(fake: FakeGoogle, run: Run) -> None:
    """A view, and a table whose rows were streamed in and are not stored yet."""
    fake.datasets.add(f"{DATASET}_logs")
    fake.put(f"{DATASET}_logs", "all_days", {"type": "VIEW"})
    fake.put(f"{DATASET}_logs", "tracklog_20200101", {"streamingBuffer": {"estimatedRows": "3"}})
    fake.put(f"{DATASET}_logs", "tracklog_20200102", {})
    assert run("delete_empty_tables", COURSE).lines == [f"deleting {DATASET}_logs.tracklog_20200102"]
    left = {table for dataset, table in fake.tables if dataset == f"{DATASET}_logs"}
    assert left == {"all_days", "tracklog_20200101"}


def test_signing_in_prints_no_secret(fake: FakeGoogle, run: Run) -> None:
    assert run("testbq").out == f'[\n    "{DATASET}"\n]\n'
    fake.fail("GET", "/datasets$", 401, reason="authError", message="Invalid Credentials: ya29.secret")
    ended = run("testbq", status=1)
    assert ended.out == ""
    assert "ya29" not in ended.err


def _load(folder: Path) -> ParquetWarehouse:
    warehouse = ParquetWarehouse(folder / "warehouse")
    warehouse.load(NAME, COLUMNS, [{"n": 1}], BuildInfo("stamp"))
    return warehouse


def test_the_tables_of_another_course_stay(tmp_path: Path, run: Run) -> None:
    """Two courses whose datasets would have one name."""
    _load(tmp_path).note_owner(DATASET, "OrgX/Ab_1/2T2020")
    ended = run("delete_tables", COURSE, "--table=things", status=1)
    assert ended.out == ""
    assert "holds the tables of OrgX/Ab_1/2T2020" in ended.err
    assert ParquetWarehouse(tmp_path / "warehouse").states(DATASET)


def test_what_cannot_be_named_is_not_deleted(tmp_path: Path) -> None:
    """Nobody reads the output any more."""
    _load(tmp_path)
    words = [sys.executable, "-m", "doit", "delete_tables", COURSE, "--table=things"]
    with subprocess.Popen(
        words,
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        told = process.stderr.read().decode()
    assert process.returncode == 141
    assert len(told.splitlines()) <= 1  # that there is no configuration file, where it came so far
    assert "things" in ParquetWarehouse(tmp_path / "warehouse").states(DATASET)


def test_a_table_made_again_was_created_when_it_was_first_made(tmp_path: Path, run: Run) -> None:
    """Deleted and made again it is another one."""
    _load(tmp_path)

    def times() -> tuple[str, str]:
        told = json.loads(run("get_table_info", COURSE, "things").out)
        assert told["creationTime"] <= told["lastModifiedTime"]
        return told["creationTime"], told["lastModifiedTime"]

    created, modified = times()
    _load(tmp_path)
    assert times()[0] == created
    assert times()[1] > modified
    run("delete_tables", COURSE, "--table=things")
    _load(tmp_path)
    assert times()[0] > created
