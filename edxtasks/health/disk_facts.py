"""Free room on the disks, and what the newest week took there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.health.disk_rules import Disk
from edxtasks.health.log_facts import LogFacts
from edxtasks.printable import printable_path


def read_disks(settings: Settings, logs: LogFacts, dump_folders: Iterable[Path]) -> list[Disk]:
    """The disks that a week's work writes to.

    A week needs room for its raw logs, for what they are split into (parts, shards, and tables of the
    embedded warehouse: each about the same), for the dumps of all courses, and for the largest file of the
    warehouse, which is written beside the old one.
    """
    needs: list[tuple[Path, int]] = []
    paths = settings.paths
    if paths.tlfn is not None:
        needs.append((Path(paths.tlfn).parent, logs.week_raw))
    if paths.tracking_logs_directory is not None:
        needs.append((paths.tracking_logs_directory, 2 * logs.week_split))
    dumps = sum(size for folder in dump_folders for size in _sizes(folder))
    needs.append((paths.course_sql_base_dir, dumps))
    if settings.warehouse.engine != "bigquery":
        folder = settings.warehouse.path
        needs.append((folder, logs.week_split + max(_sizes(folder), default=0)))
    found: dict[int, Disk] = {}
    for path, need in needs:
        place = _existing(path)
        device = place.stat().st_dev
        before = found.get(device)
        if before is None:
            found[device] = Disk(printable_path(place), shutil.disk_usage(place).free, need)
        else:
            found[device] = Disk(before.folder, before.free, before.week + need)
    return list(found.values())


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _sizes(folder: Path) -> Iterator[int]:
    for above, _, names in os.walk(folder):
        for name in names:
            try:
                yield Path(above, name).lstat().st_size
            except FileNotFoundError:
                continue  # another run has just removed it
