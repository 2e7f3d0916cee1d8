"""The world of the emulators: tables, the files of a bucket, relays before both."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import ExitStack
from pathlib import Path

from fault_points import Point
from fault_runs import Length, Started
from fault_worlds import World, measured
from project import Project
from relay import Relay, Request, relay
from rows_as_text import rows_as_text
from servers import BUCKET, running
from standing import Standing, standing

from edxtasks.simulate import simulate
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service


class Cloud(World):
    """What all points of the emulators share. Each point has a project and a folder of its own."""

    def __init__(self, room: Path, words: tuple[str, ...]) -> None:
        self.room = room
        self.words = words
        self._relays = ExitStack()
        self._tables: Relay = self._relays.enter_context(relay(running().bigquery))
        self._files: Relay = self._relays.enter_context(relay(running().storage))
        os.environ["STORAGE_EMULATOR_HOST"] = self._files.url  # runs find it there
        simulate(room / "campus", "tiny")
        self._starts = {"raw": Project.create(room / "raw", room / "campus")}
        self._starts["split"] = self._starts["raw"].copy(room / "split")
        self._starts["split"].doit("waldofy")
        self._starts["split"].doit("split")
        whole = {
            name: self._configured(start.copy(room / f"whole-{name}"), f"whole-{name}")
            for name, start in self._starts.items()
        }
        self._lengths = {name: measured(project, ("-n", "2", *words)) for name, project in whole.items()}
        self._whole = {name: self.standing(project) for name, project in whole.items()}
        one, other = self._whole.values()
        self.varying = frozenset(name for name in one.keys() & other if one[name] != other[name])
        print(f"undisturbed: {len(one)} tables and files; two runs differ in: {sorted(self.varying)}")
        print(f"    {self._lengths}", flush=True)

    def project(self, one: Point, folder: Path) -> Project:
        """A project with deliveries or shards and nothing in the cloud."""
        return self._configured(self._starts[one.start].copy(folder), f"point{one.number}")

    def expected(self, one: Point) -> Standing:
        return self._whole[one.start]

    def length(self, one: Point) -> Length:
        return self._lengths[one.start]

    def _configured(self, project: Project, name: str) -> Project:
        file = project.folder / "config" / "edxtasks.toml"
        file.write_text(
            file.read_text()
            + f'[warehouse]\nengine = "bigquery"\nproject_id = "{name}"\n'
            + f'api_endpoint = "{self._tables.url}"\n[storage]\ngs_bucket = "gs://{BUCKET}/{name}"\n'
        )
        return project

    def standing(self, project: Project) -> Standing:
        """The tables by their rows, the files of the bucket and of the project by their bytes."""
        text = (project.folder / "config" / "edxtasks.toml").read_text()
        name = text.partition('project_id = "')[2].partition('"')[0]
        warehouse = BigQueryWarehouse(Service(name, endpoint=running().bigquery), None, self.room / "locks")
        found = dict(standing(project.folder))
        for dataset in warehouse.datasets():
            for table, state in warehouse.states(dataset).items():
                at = TableName(dataset, table)
                info = warehouse.info(at)
                rows = [] if info is None else rows_as_text(warehouse, at, info.schema.names)
                digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
                found[f"table {dataset}.{table}"] = digest if state.stamp else f"{digest}, without a stamp"
        storage = GcsStorage(f"gs://{BUCKET}/{name}", name, None)
        for file, stat in storage.stats().items():
            found[f"bucket {file}"] = f"{stat.size} bytes, {stat.crc32c}"
        return found

    def names_of(self, project: Project, path: Path) -> set[str]:
        """The names of a file; a shard stands in the bucket too."""
        return super().names_of(project, path) | {f"bucket {path.parent.name}/DAILY/{path.name}"}

    def cut(self, one: Point, run: Started, length: Length) -> str:
        """For some seconds every request is cut: the connection breaks, and nobody answers."""
        if not run.await_moment(one, length):
            return ""
        seconds = one.random().choice((0.5, 2.0, 8.0))
        mended = threading.Event()

        def cut(asked: Request) -> None:
            if not mended.is_set():
                raise ConnectionResetError

        for passing in (self._tables, self._files):
            passing.watch = cut
        threading.Event().wait(seconds)
        mended.set()
        for passing in (self._tables, self._files):
            passing.watch = lambda asked: None
        return f"cut for {seconds} s"
