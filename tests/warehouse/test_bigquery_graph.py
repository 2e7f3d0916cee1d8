"""The graph on BigQuery: a course from its raw data to person_course, on emulators.

Every table on the way has the rows that the embedded engine gives it.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))
sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))

from project import Project
from servers import BUCKET, PROJECT, running

from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import TableName, Warehouse
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.parquet import ParquetWarehouse

OVER_ALL_COURSES = {"pc_global_modal_ip", "pc_modal_ip"}
"""Tables of a course made from tables over all courses, which `person_course` alone does not build."""


@pytest.fixture(scope="module")
def project(tiny_campus: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project on the tiny campus whose engine is BigQuery."""
    project = Project.create(tmp_path_factory.mktemp("cloud") / "project", tiny_campus)
    file = project.folder / "config" / "edxtasks.toml"
    file.write_text(
        file.read_text()
        + f'[warehouse]\nengine = "bigquery"\nproject_id = "{PROJECT}"\n'
        + f'api_endpoint = "{running().bigquery}"\n'
        + f'[storage]\ngs_bucket = "gs://{BUCKET}/graph"\n'
    )
    return project


def test_person_course_and_all_below_it_are_those_of_the_embedded_engine(
    project: Project, built_once: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
    course = f"courses={project.courses[0]}"
    project.doit("daily_logs", course)
    first = project.doit("person_course", course)
    assert len(first.built) > 20 and not first.failed
    cloud = BigQueryWarehouse(Service(PROJECT, endpoint=running().bigquery), None, project.folder)
    local = ParquetWarehouse(built_once.warehouse)
    for dataset in ("MITx__2_03x__3T2013", "MITx__2_03x__3T2013_logs"):
        there, here = cloud.states(dataset), local.states(dataset)
        assert len(there) >= 7 and set(there) <= set(here)
        for table, state in there.items():
            assert state.stamp is not None
            assert state.partitioned == here[table].partitioned, table
            if table not in OVER_ALL_COURSES:
                assert state.rows == here[table].rows, table
                name = TableName(dataset, table)
                columns = local.schema(name).names
                assert _rows(cloud, name, columns) == _rows(local, name, columns), table
    stored = GcsStorage(f"gs://{BUCKET}/graph", PROJECT).list()
    assert not [name for name in stored if name.startswith("_edxtasks/")]
    again = project.doit("person_course", course)
    assert not again.built and not again.failed


def _rows(warehouse: Warehouse, name: TableName, columns: tuple[str, ...]) -> list[str]:
    """The rows of a table, in order, as text; floats to nine digits: engines sum in different orders."""
    return sorted(repr([_rounded(value) for value in row]) for row in warehouse.read(name, columns))


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(member) for key, member in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    return float(f"{value:.9g}") if isinstance(value, float) else value
