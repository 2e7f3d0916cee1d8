"""The whole graph on BigQuery: the weekly run of a course, on emulators, held against the embedded engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

for _folder in ("emulators", "graph"):
    sys.path.insert(0, str(Path(__file__).parents[1] / _folder))

from project import Project
from servers import BUCKET, PROJECT, running

from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.parquet import ParquetWarehouse


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


def test_the_weekly_run_is_that_of_the_embedded_engine(
    project: Project, built_once: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
    course = project.courses[0]
    first = project.doit("weekly", f"courses={course}")
    assert len(first.built) > 30 and not first.failed
    cloud = BigQueryWarehouse(Service(PROJECT, endpoint=running().bigquery), None, project.folder)
    local = ParquetWarehouse(built_once.warehouse)
    datasets = [one for one in local.datasets() if one.startswith("MITx__2_03x")]
    assert [one for one in cloud.datasets() if one.startswith("MITx__2_03x")] == datasets
    for dataset in datasets:
        there, here = cloud.states(dataset), local.states(dataset)
        assert {name: state.rows for name, state in there.items()} == {
            name: state.rows for name, state in here.items()
        }
        assert all(state.stamp for state in there.values())
        assert [name for name, one in there.items() if one.partitioned] == [
            name for name, one in here.items() if one.partitioned
        ]
    days = [name for name in cloud.states(datasets[1]) if name.startswith("tracklog_")]
    assert len(days) == 7
    stored = GcsStorage(f"gs://{BUCKET}/graph", PROJECT).list()
    assert not [name for name in stored if name.startswith("_edxtasks/")]
    again = project.doit("weekly", f"courses={course}")
    assert not again.built and not again.failed
