"""The places in which a learner may be: each is looked through, cleaned, and looked through again."""

from __future__ import annotations

import csv
import gzip
import io
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edxtasks.config import Settings, known_courses
from edxtasks.csv_text import CsvWriter
from edxtasks.dumps.package import EDGE, UNKNOWN
from edxtasks.dumps.retire_sorted import retire_sorted
from edxtasks.files import replacing
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.retiring import names_somebody
from edxtasks.logs.split import expand, retire
from edxtasks.printable import printable_path
from edxtasks.retired import Retired
from edxtasks.retired_rows import record_cleaner
from edxtasks.retirement.looking import Looker
from edxtasks.scratch import PRIVATE
from edxtasks.table import PythonModel, Table
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.parquet import ParquetWarehouse

_SNAPSHOT = "snapshot"
"""Stamp of a table that is kept as it was at a moment."""


@dataclass(frozen=True)
class Made:
    """What a run makes again: names of tables, and of files that are written beside dumps."""

    tables: Collection[str]
    files: Collection[str]

    @classmethod
    def of(cls, registry: Mapping[str, Table]) -> Made:
        """That of all tables of a registry."""
        files = {name for table in registry.values() for name in table.files}
        for table in registry.values():
            if isinstance(table.builder, PythonModel):
                files |= set(table.builder.outputs)
        return cls({table.name.rpartition(".")[2] for table in registry.values()}, files)


@dataclass
class Removed:
    """What went: counts, tables and files by name; `left` is what could not be cleaned here, a line each."""

    rows: int = 0
    records: int = 0
    mentions: int = 0
    rejects: int = 0
    tables: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def record(self) -> dict[str, object]:
        """What the list keeps of it, which names nobody."""
        counts = {name: getattr(self, name) for name in ("rows", "records", "mentions", "rejects")}
        return {**counts, "tables": self.tables, "files": len(self.files), "left": len(self.left)}


class Sweep:
    """One call of `retire`. `made` is what a run makes again; `remove` False: it
    only looks, and everything found is left."""

    def __init__(
        self,
        settings: Settings,
        warehouse: ParquetWarehouse,
        retired: Retired,
        looker: Looker,
        made: Made,
        remove: bool,
    ) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._retired = retired
        self._looker = looker
        self._made = made
        self._remove = remove
        self.removed = Removed()

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
            self.removed.left += [f"shard {shard}: could not be made anew" for shard in taken.unpublished]
        self._tell_files(directory, "of the log directory")

    def dumps(self) -> None:
        """The sorted dumps, and what else lies in the folders of the courses: that is the office's."""
        base = self._settings.paths.course_sql_base_dir
        if self._remove:
            changed, records, mentions = retire_sorted(base, self._retired)
            self.removed.records += records
            self.removed.mentions += mentions
            self.removed.files += map(printable_path, changed)
        for folder in _course_folders(base, self._settings):
            of_us = [path for path in _files(folder) if path.name in self._made.files]
            for path in of_us if self._remove else ():
                if self._looker.is_about(path):
                    path.unlink()
                    self.removed.files.append(printable_path(path))
            self._tell_files(folder, "a dump, or a file of the office")

    def tables(self) -> None:
        """The tables, also those set aside: a run makes them again without the learner."""
        folder = self._warehouse.folder
        for path in _files(folder):
            if not self._looker.is_about(path):
                continue
            name = _table_of(path.relative_to(folder))
            if not self._remove or not self._removed(path, name):
                what = "which no run makes again" if self._remove else "a table"
                shown = str(name) if name is not None else printable_path(path)
                self.removed.left.append(f"{shown}, {what}")
        self.removed.left = list(dict.fromkeys(self.removed.left))

    def published(self) -> None:
        """The storage and the state: exports, pages, copies, caches."""
        for place in (self._settings.storage.path, self._settings.engine.state):
            for path in _files(place):
                if not self._looker.is_about(path):
                    continue
                if not self._remove:
                    self.removed.left.append(printable_path(path))
                    continue
                if path.name.removesuffix(".gz").endswith(".csv"):
                    _clean_csv(path, self._retired)
                else:
                    path.unlink()
                self.removed.files.append(printable_path(path))

    def originals(self) -> list[str]:
        """The office's own deliveries that name a learner: raw logs, and files of the package."""
        paths = self._settings.paths
        raw = expand([paths.tlfn], self._settings.root) if paths.tlfn else []
        found = [path for path in raw if path.is_file() and names_somebody(path, self._retired)]
        if paths.dump_dir is not None:
            package = [path for path in _files(paths.dump_dir) if not path.name.endswith((".gpg", ".tar.gz"))]
            found += [path for path in package if names_somebody(path, self._retired)]
        return [printable_path(path) for path in found]

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
            again = name.table in self._made.tables or name.table.startswith("tracklog_")
            if not again or state.stamp == _SNAPSHOT or not (is_aside or warehouse.built_here(name)):
                return False
            _ = warehouse.drop_aside(name) if is_aside else warehouse.drop(name)
        if not path.exists() and str(name) not in self.removed.tables:
            self.removed.tables.append(str(name))
        return not path.exists()

    def _tell_files(self, folder: Path, what: str) -> None:
        of_edge = self._looker.of_site(True)
        for path in _files(folder):
            # Of which site a part is only its checkpoint says; its shard, of the same rows, is looked at.
            edge = {EDGE, "PARTS"} & set(path.relative_to(folder.parent).parts)
            if (of_edge if edge else self._looker).is_about(path):
                self.removed.left.append(f"{printable_path(path)}, {what}")


def _table_of(path: Path) -> TableName | None:
    """The table that a file of a warehouse belongs to; None for another file."""
    parts = [part for part in path.parts if part not in {PRIVATE, "aside"}]
    if path.suffix != ".parquet" or len(parts) not in (2, 3):
        return None
    try:
        return TableName(parts[0], parts[1].removesuffix(".parquet"))
    except ValueError:
        return None


def _files(folder: Path) -> Iterator[Path]:
    for above, _, names in sorted(os.walk(folder)):
        yield from (path for name in sorted(names) if (path := Path(above, name)).is_file())


def _course_folders(base: Path, settings: Settings) -> Sequence[Path]:
    names = {
        name
        for course in known_courses(settings)
        for name in (course.directory, course.package_prefix, f"{course.number}-{course.run}")
    }
    return [base / name for name in sorted({*names, EDGE, UNKNOWN}) if (base / name).is_dir()]


def _clean_csv(path: Path, retired: Retired) -> None:
    """Take records and mentions out of a CSV file that was published."""
    csv.field_size_limit(sys.maxsize)
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    records = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    header = next(records, [])
    clean = record_cleaner("", header, retired)
    with replacing(path) as sink:
        writer = CsvWriter(sink)
        writer.text_record(header)
        for record in records:
            kept, _ = clean(record)
            if kept is not None:
                writer.text_record(kept)
        writer.flush()
