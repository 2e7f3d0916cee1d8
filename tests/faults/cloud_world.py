"""The world of the emulators: tables, the files of a bucket, relays before both."""

from __future__ import annotations

import atexit
import hashlib
import json
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

PAGES = ("person_course", "dashboard", "minimum_cell=1")
"""Words that a run from deliveries or shards is not asked for: it would take minutes on the emulator."""

FORGOTTEN = (
    "logs2bq",
    "course_axis",
    "forum",
    "pcday_ip_counts",
    "enrollment_events.table",
    "pcday_log",
    "person_course_day",
    "pc_forum",
    "person_course_base",
    "person_course",
    "course_item",
    "dashboard",
)
"""Of these a run that finds tables makes some again: loads, dates of tables, whole tables, pages."""


class Cloud(World):
    """What all points of the emulators share.

    A point that begins with deliveries or shards has a project and a folder of its own, and nothing in the
    cloud. Those that begin with tables share these one after the other: some of them are forgotten.
    """

    def __init__(self, room: Path, words: tuple[str, ...]) -> None:
        self.room = room
        self.words = words
        self._relays = ExitStack()
        atexit.register(
            self._relays.close
        )  # later Python would wait for their threads, which are frozen then
        self._tables: Relay = self._relays.enter_context(relay(running().bigquery))
        self._files: Relay = self._relays.enter_context(relay(running().storage))
        os.environ["STORAGE_EMULATOR_HOST"] = self._files.url  # runs find it there
        simulate(room / "campus", "tiny")
        self._starts = {"raw": Project.create(room / "raw", room / "campus")}
        self._starts["raw"].configure(course_id_list=json.dumps(self._starts["raw"].courses[:1]))
        self._starts["split"] = self._starts["raw"].copy(room / "split")
        self._starts["split"].doit("waldofy")
        self._starts["split"].doit("split")
        self._lengths: dict[str, Length] = {}
        self._whole: dict[str, Standing] = {}
        for name in ("raw", "split"):
            whole = self._configured(self._starts[name].copy(room / f"whole-{name}"), f"whole-{name}")
            self._lengths[name] = measured(whole, ("-n", "2", *self._loads))
            self._whole[name] = self.standing(whole)
        self.varying = frozenset(
            name
            for name in self._whole["raw"].keys() & self._whole["split"]
            if self._whole["raw"][name] != self._whole["split"][name]
        )
        self._remake_tables("tables")
        print(f"undisturbed: {[len(one) for one in self._whole.values()]} tables and files", end="")
        print(f"; two runs differ in: {sorted(self.varying)}\n    {self._lengths}", flush=True)

    @property
    def _loads(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if word not in PAGES) or self.words

    def line(self, one: Point) -> tuple[str, ...]:
        return self.words if self._start(one) == "tables" else self._loads

    def project(self, one: Point, folder: Path) -> Project:
        """A project with deliveries or shards and nothing in the cloud, or one some of whose tables are
        forgotten."""
        start = self._start(one)
        if start != "tables":
            return self._configured(self._starts[start].copy(folder), f"point{one.number}")
        project = self._starts[start].copy(folder)
        project.doit("forget", *self._forgotten(one))
        return project

    def came_out(self, one: Point, well: bool) -> None:
        if self._start(one) == "tables" and not well:
            self._remake_tables(f"tables-after-{one.number}")

    def expected(self, one: Point) -> Standing:
        return self._whole[self._start(one)]

    def length(self, one: Point) -> Length:
        start = self._start(one)
        if start != "tables":
            return self._lengths[start]
        built, nothing, everything = len(self._forgotten(one)), self._lengths["fresh"], self._lengths[start]
        seconds = (everything.seconds - nothing.seconds) * built / len(FORGOTTEN)
        return Length(built, nothing.seconds + seconds, 0)

    def _start(self, one: Point) -> str:
        if one.kind == "full" and one.start == "tables":
            return "split"  # nothing is added to the disk there
        return "split" if one.kind == "flip" and one.start == "raw" else one.start  # nothing of ours is there

    def _forgotten(self, one: Point) -> list[str]:
        random = one.random()
        chosen = random.sample(FORGOTTEN, random.randint(3, 7))
        return [f"{name}:{self._starts['raw'].courses[0]}" for name in {*chosen, "dashboard"}]

    def _remake_tables(self, name: str) -> None:
        """Tables of all words under a name of their own; measured, unless they were."""
        project = self._configured(self._starts["split"].copy(self.room / name), name)
        project.doit("-n", "2", *self.words)
        self._starts["tables"] = project
        self._whole["tables"] = self.standing(project)
        if "fresh" not in self._lengths:
            self._lengths["fresh"] = measured(project, self.words)
            project.doit("forget", *(f"{one}:{project.courses[0]}" for one in FORGOTTEN))
            self._lengths["tables"] = measured(project, self.words)

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
