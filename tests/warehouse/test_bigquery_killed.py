"""Runs on BigQuery that are killed in the middle, and two at once that know nothing of each other: the next
one ends with the same tables, nothing doubled.

Against emulators. What they lack, ids of jobs that are known already, test_bigquery_service.py has.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))
sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))

from project import Project
from relay import Relay, Request, relay
from rows_as_text import rows_as_text
from servers import BUCKET, running

from edxtasks.course import CourseKey
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.parquet import ParquetWarehouse

WANTED = ("logs2bq", "pcday_ip", "pc_forum", "grading_policy")
"""Log days and files that are loaded, a table by date, a whole table made by a query."""


def _uploads(asked: Request) -> bool:
    return asked.address.startswith("/upload/")


def _load(asked: Request) -> bool:
    return asked.method == "POST" and "/jobs" in asked.address and b'"load"' in asked.body


def _transaction(asked: Request) -> bool:
    return asked.method == "POST" and "/jobs" in asked.address and b"BEGIN TRANSACTION" in asked.body


def _query(asked: Request) -> bool:
    return asked.method == "POST" and "/jobs" in asked.address and b"CREATE OR REPLACE TABLE `" in asked.body


def _stamps(table: str) -> Callable[[Request], bool]:
    def matches(asked: Request) -> bool:
        stamped = b'"edxtasks_stamp": "' in asked.body
        return asked.method == "PATCH" and f"/{table}" in asked.address and stamped

    return matches


def _relabels(asked: Request) -> bool:
    return asked.method == "PATCH" and b"edxtasks_stamp" in asked.body


POINTS: dict[str, tuple[Callable[[Request], bool], int, bool]] = {
    "while a shard is sent": (_uploads, 3, False),
    "when a load is done and nobody was told": (_load, 2, True),
    "before a table has its stamp": (_relabels, 2, False),
    "before the dates of a table are replaced": (_transaction, 1, False),
    "when all dates of a table are there, before it has its stamp": (_stamps("pcday_ip_counts"), 1, False),
    "when a loaded table has its stamp and nobody was told": (_stamps("forum"), 1, True),
    "when a query is done and nobody was told": (_query, 1, True),
}
"""Which request, the how manieth of a run, and whether it is carried out before the run is killed; in the
order in which runs come to them."""


@pytest.fixture
def passing() -> Iterator[tuple[Relay, Relay]]:
    """What stands before the emulators of BigQuery and of Cloud Storage."""
    with relay(running().bigquery) as tables, relay(running().storage) as files:
        yield tables, files


def killed_at(
    project: Project, words: list[str], passing: tuple[Relay, Relay], point: tuple[object, int, bool]
) -> bool:
    """Whether a run was killed at a point of `POINTS`; else it came to its end."""
    matches, left, carried_out = point
    process = project.start(*words)
    killed = threading.Event()
    lock = threading.Lock()

    def watch(asked: Request) -> None:
        nonlocal left
        with lock:
            left -= matches(asked)  # type: ignore[operator]
            if not left and not killed.is_set():
                killed.set()
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if not carried_out:
                    raise ConnectionResetError

    for one in passing:
        setattr(one, "seen" if carried_out else "watch", watch)
    try:
        process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    for one in passing:
        one.watch = one.seen = lambda asked: None
    return killed.is_set() and process.returncode == -signal.SIGKILL


def test_runs_that_were_killed_are_finished_by_the_next(
    tiny_campus: Path,
    built_once: Project,
    tmp_path: Path,
    passing: tuple[Relay, Relay],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One run after the other goes on from where the one before was killed. What a killed run left wrong and
    stamped, or doubled, no later one would mend: it is there at the end."""
    tables, files = passing
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", files.url)
    project = on_bigquery(Project.create(tmp_path / "project", tiny_campus), "killed", tables.url)
    words = [*WANTED, f"courses={project.courses[0]}"]
    assert [name for name, point in POINTS.items() if not killed_at(project, words, passing, point)] == []
    outcome = project.doit(*words)
    assert outcome.built and not outcome.failed
    assert_as_embedded(project, "killed", built_once, tmp_path)
    assert project.doit(*words).built == set()
    assert not [name for name in stored("killed") if name.startswith("_edxtasks/")]


def test_two_runs_of_two_machines_over_one_dataset(
    tiny_campus: Path, built_once: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has folders of its own, so that no lock keeps them apart. A table that both changed may be left
    without a stamp, which is told; none is wrong and stamped."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
    one = Project.create(tmp_path / "one", tiny_campus)
    words = [*WANTED, f"courses={one.courses[0]}"]
    one.doit("split")
    one = on_bigquery(one, "shared", running().bigquery)
    two = one.copy(tmp_path / "two")
    runs = [project.start(*words) for project in (one, two)]
    for run in runs:
        _, told = run.communicate(timeout=300)
        assert run.returncode in {0, 1, 2}, told
        assert "Traceback" not in told and "defect" not in told
    two.doit(*words)
    assert_as_embedded(two, "shared", built_once, tmp_path)
    assert one.doit(*words).built == set()
    assert not [name for name in stored("shared") if name.startswith("_edxtasks/")]


def stored(name: str) -> list[str]:
    """The files of a project in the bucket."""
    return GcsStorage(f"gs://{BUCKET}/{name}", name).list()


def on_bigquery(project: Project, name: str, address: str) -> Project:
    """A project whose tables are in the emulator of BigQuery, its files in that of Cloud Storage."""
    file = project.folder / "config" / "edxtasks.toml"
    file.write_text(
        file.read_text()
        + f'[warehouse]\nengine = "bigquery"\nproject_id = "{name}"\napi_endpoint = "{address}"\n'
        + f'[storage]\ngs_bucket = "gs://{BUCKET}/{name}"\n'
    )
    return project


def assert_as_embedded(project: Project, name: str, built_once: Project, tmp_path: Path) -> None:
    """All tables of the first course have stamps, and the rows that the embedded engine has."""
    cloud = BigQueryWarehouse(Service(name, endpoint=running().bigquery), None, tmp_path)
    local = ParquetWarehouse(built_once.warehouse)
    course = CourseKey.parse(project.courses[0])
    for dataset in (course.dataset, course.logs_dataset):
        states = cloud.states(dataset)
        assert len(states) >= 4
        for table, state in states.items():
            of = TableName(dataset, table)
            assert state.stamp is not None, table
            assert state.rows == local.states(dataset)[table].rows, table
            columns = local.schema(of).names
            assert rows_as_text(cloud, of, columns) == rows_as_text(local, of, columns), table
