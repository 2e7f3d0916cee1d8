"""The places in which a learner may be: each is looked through, cleaned, and looked through again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from edxtasks.config import Settings, known_courses
from edxtasks.dumps.package import EDGE, UNKNOWN
from edxtasks.dumps.retire_sorted import retire_sorted
from edxtasks.logs.checkpoints import all_checkpoints
from edxtasks.logs.layout import Layout
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.split import expand, retire
from edxtasks.printable import printable_path
from edxtasks.retired import Learner, Retired
from edxtasks.retirement.cloud_places import BucketFiles, CloudTables, Note
from edxtasks.retirement.contents import UnreadableError
from edxtasks.retirement.csv_files import clean_csv, is_csv
from edxtasks.retirement.looking import Looker
from edxtasks.retirement.originals import clean_original
from edxtasks.retirement.removed import Made, Removed
from edxtasks.scratch import PRIVATE, Scratch
from edxtasks.storage import open_bucket
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.parquet import ParquetWarehouse


class Sweep:
    """One walk through all places. `made` is what a run makes again; `remove` False: it only looks, and
    everything found is left; `note` is told what goes later by itself."""

    def __init__(
        self,
        settings: Settings,
        retired: Retired,
        learners: Sequence[Learner],
        made: Made,
        scratch: Scratch,
        *,
        note: Note,
        remove: bool,
    ) -> None:
        self._settings = settings
        self._warehouse = ParquetWarehouse(settings.warehouse.path, None, scratch)
        self._retired = retired
        self._looker = Looker(self._warehouse, retired, learners)
        self._made = made
        self._scratch = scratch
        self._note = note
        self._remove = remove
        self.removed = Removed()

    def everything(self) -> Removed:
        """Walk through all places but the office's own deliveries."""
        self.logs()
        self.dumps()
        self.tables()
        self.published()
        self.cloud()
        return self.removed

    def logs(self) -> None:
        """The log directory: parts, shards, rejects; and what is known of raw logs."""
        directory = self._settings.paths.tracking_logs_directory
        if directory is None or not directory.is_dir():
            return
        if self._remove:
            options = SplitOptions.from_settings(self._settings)
            taken = retire(options)
            self.removed.rows, self.removed.rejects = taken.rows, taken.rejects
            self.removed.mentions += taken.mentions
            self.removed.unpublished = taken.unpublished
        self._tell_files(directory, "of the log directory")

    def dumps(self) -> None:
        """The sorted dumps, and what else lies in the folders of the courses: that is the office's."""
        base = self._settings.paths.course_sql_base_dir
        if self._remove:
            changed, records, mentions = retire_sorted(base, self._retired)
            self.removed.records += records
            self.removed.mentions += mentions
            self.removed.files += map(printable_path, changed)
        for folder in course_folders(base, self._settings):
            of_us = [path for path in files_below(folder) if path.name in self._made.files]
            for path in of_us if self._remove else ():
                if self._looker.is_about(path):
                    path.unlink()
                    self.removed.files.append(printable_path(path))
            self._tell_files(folder, "a dump, or a file of the office")

    def tables(self) -> None:
        """The tables, also those set aside: a run makes them again without the learner."""
        folder = self._warehouse.folder
        for path in files_below(folder):
            if PRIVATE in path.parts and path.suffix == ".json":
                continue  # what is noted of tables: nobody is named there
            if not self._looker.is_about(path):
                continue
            name = _table_of(path.relative_to(folder))
            if not self._remove or not self._removed(path, name):
                what = "which no run makes again" if self._remove else "a table"
                shown = str(name) if name is not None else printable_path(path)
                self.removed.left[shown] = what

    def published(self) -> None:
        """The storage and the state: exports, pages, copies, caches."""
        for place in (self._settings.storage.path, self._settings.engine.state):
            for path in files_below(place):
                if not self._looker.is_about(path):
                    continue
                if not self._remove:
                    self.removed.left[printable_path(path)] = "a file of the storage or the state"
                    continue
                if is_csv(path.name):
                    clean_csv(path, self._retired)
                else:
                    path.unlink()
                self.removed.files.append(printable_path(path))

    def cloud(self) -> None:
        """The tables on BigQuery and the files of the bucket."""
        settings = self._settings
        if settings.warehouse.engine == "bigquery":
            from edxtasks.warehouse.bigquery import open_bigquery

            warehouse = open_bigquery(settings, self._scratch)
            CloudTables(warehouse, self._retired, self._made, self._note, self._remove).sweep(self.removed)
        place = settings.storage.gs_bucket
        if place is not None:
            storage = open_bucket(settings, place)
            with self._scratch.folder() as folder:
                files = BucketFiles(storage, self._retired, self._looker, folder, self._note, self._remove)
                files.sweep(self.removed)

    def originals(self) -> Removed:
        """The office's own deliveries: raw logs, the package, its files in the folders of courses and those
        that settings name."""
        found = Removed()
        for path, is_log in self._deliveries().items():
            try:
                taken = clean_original(path, self._retired, self._scratch, is_log=is_log, remove=self._remove)
            except UnreadableError as error:
                found.left[printable_path(path)] = str(error)
                continue
            if taken:
                found.originals.append(printable_path(path))
                found.lines += taken.lines
                found.mentions += taken.mentions
        return found

    def _deliveries(self) -> dict[Path, bool]:
        """The files of the office, and whether each is a log."""
        settings, paths = self._settings, self._settings.paths
        logs = expand([paths.tlfn], settings.root) if paths.tlfn else []
        if paths.tracking_logs_directory is not None and paths.tracking_logs_directory.is_dir():
            of_logs = paths.tracking_logs_directory
            logs += [of_logs / one.path for one in all_checkpoints(Layout(of_logs))]
        found = {path.resolve(): True for path in logs if path.is_file()}
        files = [path for path in (paths.staff, paths.listings) if path is not None]
        if settings.cameo_master and settings.cameo_master.endswith((".csv", ".csv.gz")):
            files.append(settings.root / settings.cameo_master)
        if paths.dump_dir is not None:
            files += files_below(paths.dump_dir)
        for folder in course_folders(paths.course_sql_base_dir, settings):
            files += [path for path in files_below(folder) if path.name not in self._made.files]
        for path in files:
            if path.is_file():
                found.setdefault(path.resolve(), False)
        return dict(sorted(found.items()))

    def _removed(self, path: Path, name: TableName | None) -> bool:
        """Whether the table of a file was removed, now or for another file of it."""
        if name is None:
            return False
        warehouse = self._warehouse
        with warehouse.lock(name):
            warehouse.refresh(name.dataset)
            states = warehouse.states(name.dataset)
            is_aside = PRIVATE in path.parts
            state = (warehouse.aside(name.dataset) if is_aside else states).get(name.table)
            if state is None:
                return not path.exists()
            again = self._made.is_made_again(name.table, state.stamp)
            if not again or not (is_aside or warehouse.built_here(name)):
                return False
            _ = warehouse.drop_aside(name) if is_aside else warehouse.drop(name)
        if not path.exists() and str(name) not in self.removed.tables:
            self.removed.tables.append(str(name))
        return not path.exists()

    def _tell_files(self, folder: Path, what: str) -> None:
        of_edge = self._looker.of_site(True)
        for path in files_below(folder):
            # Of which site a part is only its checkpoint says; its shard, of the same rows, is looked at.
            edge = {EDGE, "PARTS"} & set(path.relative_to(folder.parent).parts)
            if (of_edge if edge else self._looker).is_about(path):
                self.removed.left[printable_path(path)] = what


def _table_of(path: Path) -> TableName | None:
    """The table that a file of a warehouse belongs to; None for another file."""
    parts = [part for part in path.parts if part not in {PRIVATE, "aside"}]
    if path.suffix != ".parquet" or len(parts) not in (2, 3):
        return None
    try:
        return TableName(parts[0], parts[1].removesuffix(".parquet"))
    except ValueError:
        return None


def files_below(folder: Path) -> Iterator[Path]:
    for above, _, names in sorted(os.walk(folder)):
        yield from (path for name in sorted(names) if (path := Path(above, name)).is_file())


def course_folders(base: Path, settings: Settings) -> Sequence[Path]:
    names = {
        name
        for course in known_courses(settings)
        for name in (course.directory, course.package_prefix, f"{course.number}-{course.run}")
    }
    return [base / name for name in sorted({*names, EDGE, UNKNOWN}) if (base / name).is_dir()]
