"""The listing of a dataset folder: every table with its stamp and version, without opening an engine.

The truth stands in the footers of the Parquet files. `_edxtasks/states.json` of the dataset repeats it
together with size and time of each file, so that a listing reads one small file and asks the file system
once for each table; where size or time differ, or the file is missing, the footer is read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from edxtasks.caches import write_cache
from edxtasks.scratch import PRIVATE
from edxtasks.warehouse.base import DateState, TableState, whole_version
from edxtasks.warehouse.footer import read_footer

CACHE = "states.json"
SUFFIX = ".parquet"

FileMark = tuple[int, int]
"""Size and modification time (nanoseconds) of a file: while both are as noted, its footer is as noted."""


@dataclass
class _Entry:
    """A table as the cache keeps it. `dates` per month file: date → stamp, version, rows."""

    files: dict[str, FileMark]
    state: TableState
    dates: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


class Listing:
    """The tables of one dataset folder as they stand at one moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries: dict[str, _Entry] = {}
        found = _scan(folder)
        known = self._read_cache() if found else {}
        changed = set(known) != set(found)
        for name, (partitioned, files) in found.items():
            entry = known.get(name)
            if entry is None or entry.files != files or entry.state.partitioned != partitioned:
                entry = self._look(name, partitioned, files, entry)
                changed = True
            self._entries[name] = entry
        if changed and found:
            self.save()

    @property
    def states(self) -> Mapping[str, TableState]:
        """State by table name."""
        return {name: entry.state for name, entry in self._entries.items()}

    def dates(self, table: str) -> dict[date, DateState]:
        """The dates of a partitioned table, in order."""
        entry = self._entries.get(table)
        if entry is None:
            return {}
        merged = {
            date.fromisoformat(day): DateState(*values)
            for days in entry.dates.values()
            for day, values in days.items()
        }
        return dict(sorted(merged.items()))

    def note_signature(self, table: str, signature: str) -> None:
        """Keep `signature` with the state of a table, as long as its files stay as they are."""
        entry = self._entries[table]
        entry.state = replace(entry.state, signature=signature)

    def save(self) -> None:
        """Write the cache. A lost race with another run costs a few footers, never a wrong answer."""
        form = {
            name: {"files": entry.files, "state": entry.state, "dates": entry.dates}
            for name, entry in self._entries.items()
        }
        write_cache(self.folder / PRIVATE / CACHE, orjson.dumps(form))

    def _read_cache(self) -> dict[str, _Entry]:
        try:
            form = orjson.loads((self.folder / PRIVATE / CACHE).read_bytes())
            return {
                name: _Entry(
                    {file: (mark[0], mark[1]) for file, mark in entry["files"].items()},
                    TableState(**entry["state"]),
                    entry["dates"],
                )
                for name, entry in form.items()
            }
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return {}  # only a cache: the footers know

    def _look(
        self, name: str, partitioned: bool, files: dict[str, FileMark], before: _Entry | None
    ) -> _Entry:
        if not partitioned:
            footer = read_footer(self.folder / f"{name}{SUFFIX}")
            [mark] = files.values()
            return _Entry(
                files,
                TableState(
                    footer.get("stamp"),
                    # Without a version (a file of somebody else) a replaced file counts as changed.
                    footer.get("version", f"file:{mark[0]}:{mark[1]}"),
                    footer.get("rows", 0),
                    first_time=footer.get("first_time"),
                    last_time=footer.get("last_time"),
                ),
            )
        dates: dict[str, dict[str, list[Any]]] = {}
        stamps: set[str | None] = set()
        months: list[str] | None = None
        for file, mark in files.items():
            if before is not None and before.files.get(file) == mark and file in before.dates:
                dates[file] = before.dates[file]
                stamps.add(before.state.stamp)
                continue
            footer = read_footer(self.folder / name / file)
            dates[file] = footer.get("dates", {})
            stamps.add(footer.get("stamp"))
            months = footer.get("months", months)
        complete = len(stamps) == 1 and (months is None or sorted(months) == sorted(files))
        states = {
            date.fromisoformat(day): DateState(*values)
            for days in dates.values()
            for day, values in days.items()
        }
        return _Entry(
            files,
            TableState(
                stamps.pop() if complete else None,
                whole_version(states),
                sum(state.rows for state in states.values()),
                partitioned=True,
            ),
            dates,
        )


def _scan(folder: Path) -> dict[str, tuple[bool, dict[str, FileMark]]]:
    found: dict[str, tuple[bool, dict[str, FileMark]]] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(("_", ".")):
                    continue
                if entry.is_dir():
                    files = _files(entry.path)
                    if files:
                        found[entry.name] = (True, files)
                elif entry.name.endswith(SUFFIX):
                    status = entry.stat()
                    mark = (status.st_size, status.st_mtime_ns)
                    found[entry.name.removesuffix(SUFFIX)] = (False, {entry.name: mark})
    except FileNotFoundError:
        return {}
    return dict(sorted(found.items()))


def _files(folder: str) -> dict[str, FileMark]:
    with os.scandir(folder) as entries:
        marks = {
            entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns)
            for entry in entries
            if entry.name.endswith(SUFFIX) and not entry.name.startswith((".", "_"))
        }
    return dict(sorted(marks.items()))
