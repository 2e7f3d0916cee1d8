"""How many records the dumps of a course have, and a history of it for dumps whose folders are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from edxtasks.caches import read_cache, write_cache
from edxtasks.config import Settings
from edxtasks.config.kinds import day
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory, dated_directories, sql_directory
from edxtasks.dumps.file_pieces import pieces
from edxtasks.dumps.sources import FORUM_ENDINGS, TABLE_ENDINGS, logical_file
from edxtasks.errors import InputError, NoDumpDirectory, SourceAbsentError
from edxtasks.health.dump_rules import Dump
from edxtasks.printable import printable_path
from edxtasks.table import PythonModel, Table

KEPT = 8
"""Dumps of a course in the history."""

_FILE = "file:"


def delivered_sources(registry: Mapping[str, Table]) -> dict[str, tuple[str, ...]]:
    """The sources of a dump that tables are made from, with the endings that their files may have."""
    found: dict[str, tuple[str, ...]] = {}
    for table in registry.values():
        for read in table.builder.reads if isinstance(table.builder, PythonModel) else ():
            name, dot, ending = read.removeprefix(_FILE).partition(".")
            if read.startswith(_FILE) and "/" not in name and f"{dot}{ending}" in (".csv", ".mongo"):
                found[name] = TABLE_ENDINGS if ending == "csv" else FORUM_ENDINGS
    return found


@dataclass
class DumpHistory:
    """The records of each source of the dumps of each course that were looked at, by date.

    Kept below `state`: a file is counted once, and a dump is known when its folder is gone.
    """

    path: Path
    courses: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    progress: Callable[[str], None] = lambda line: None

    @classmethod
    def read(cls, state: Path, progress: Callable[[str], None] = lambda line: None) -> DumpHistory:
        """The history that is kept below `state`; an empty one where there is none that can be read."""
        path = state / "health" / "dumps.json"
        found = read_cache(path)
        return cls(path, found if isinstance(found, dict) else {}, progress)

    def save(self) -> None:
        """Keep it: of each course the newest dumps."""
        for course, dumps in self.courses.items():
            self.courses[course] = {when: dumps[when] for when in sorted(dumps)[-KEPT:]}
        write_cache(self.path, orjson.dumps(self.courses, option=orjson.OPT_SORT_KEYS))

    def look(self, course: str, when: date, files: Mapping[str, Path]) -> Dump:
        """The dump of a course in these files; those that it knows are not read again."""
        known = self.courses.setdefault(course, {}).get(when.isoformat(), {})
        noted, faults = {}, {}
        for source, path in files.items():
            status = path.stat()
            mark = [status.st_size, status.st_mtime_ns]
            before = known.get(source)
            self.progress(f"counting the records of {printable_path(path)}")
            try:
                noted[source] = before if before and before[1:] == mark else [records_in(path), *mark]
            except InputError as error:
                faults[source] = str(error)
        self.courses[course][when.isoformat()] = noted
        return replace(_dump(when, noted), faults=faults)

    def before(self, course: str, when: date) -> Dump | None:
        """The newest dump of a course before a day."""
        days = [one for one in self.courses.get(course, {}) if one < when.isoformat()]
        return _dump(date.fromisoformat(max(days)), self.courses[course][max(days)]) if days else None


def records_in(path: Path) -> int:
    """The lines of a delivered file, its header not counted: a record each, but for few.

    Raises `InputError` for a file that cannot be read.
    """
    lines, last = 0, b"\n"
    for piece in pieces(path):
        lines += piece.count(b"\n")
        last = piece[-1:]
    lines += last != b"\n"
    has_header = not path.name.removesuffix(".gz").endswith(".mongo")
    return max(0, lines - has_header)


@dataclass(frozen=True)
class DumpFacts:
    """The dump of a course that is read, and the one before; `is_absent`: there is none at all.

    A course directory without dates has neither.
    """

    new: Dump | None = None
    old: Dump | None = None
    folder: Path | None = None
    is_absent: bool = False


def read_dumps(
    course: CourseKey, settings: Settings, sources: Mapping[str, tuple[str, ...]], history: DumpHistory
) -> DumpFacts:
    """The dump of a course, and the one before. Raises `UserError` for a folder that cannot be read."""
    try:
        home, folder = course_directory(course, settings), sql_directory(course, settings)
    except (SourceAbsentError, NoDumpDirectory):
        return DumpFacts(is_absent=True)
    when = day(folder.name) if folder != home else None
    if when is None:
        return DumpFacts(folder=folder)
    earlier = [name for name in dated_directories(course, settings) if name < folder.name]
    for name in earlier[-1:]:
        history.look(str(course), date.fromisoformat(name), dict(_files(home / name, sources.items())))
    new = history.look(str(course), when, dict(_files(folder, sources.items())))
    return DumpFacts(new, history.before(str(course), when), folder)


def _files(folder: Path, sources: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, Path]]:
    for name, endings in sources:
        path = logical_file(folder, name, endings)
        if path is not None:
            yield name, path


def _dump(when: date, noted: Mapping[str, Any]) -> Dump:
    return Dump(when, {source: values[0] for source, values in noted.items()})
