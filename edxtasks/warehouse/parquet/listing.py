"""The listing of a dataset folder: every table with its stamp and version, without opening an engine.

The truth stands in the footers of the Parquet files. `_edxtasks/states.json` of the dataset repeats it
together with size and time of each file, so that a listing reads one small file and asks the file system
once for each table; where size or time differ, or the file is missing, the footer is read. A process that
lists a dataset again keeps what it found before, looks at the tables that it is asked for, and writes the
file once, when its run ends.

What an engine found wrong in a file whose footer is in order is noted in `_edxtasks/damaged.json`: the table
has no stamp, and so is rebuilt, until the file is another.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import orjson

from edxtasks.caches import read_cache, write_cache
from edxtasks.files import write_atomically
from edxtasks.printable import printable, printable_path
from edxtasks.scratch import PRIVATE
from edxtasks.warehouse.base import NAME, DateState, TableState
from edxtasks.warehouse.parquet.table_files import NO_DATES, SUFFIX, FileMark, Pair, TableFiles, table_files

CACHE = "states.json"
DAMAGED = "damaged.json"

_UNKNOWN: FileMark = (-1, -1)


@dataclass
class _Entry:
    """A table as the cache keeps it: all files that may be its own, and what was found in them."""

    marks: dict[str, FileMark]
    found: TableFiles


class Listing:
    """The tables of one dataset folder as they stand at one moment.

    `identity` is that of the folder (device and number), None where there is none.
    """

    def __init__(self, folder: Path, cached: bool = True, before: Listing | None = None) -> None:
        """`cached`: what was found is kept in the cache of the folder, and read from it. `before` is the
        listing that this process had until now: it is looked at instead, and what is new is kept when the
        process saves it; until then others read the footers. Then each table is looked at when it is first
        asked for: a build asks for a few, and there may be a hundred, or a day table for each of years."""
        self.folder = folder
        self.identity = _identity(folder)
        self.states: Mapping[str, TableState] = _States(self)
        """State by table name. What is asked of it is looked up in the folder then, once."""
        self.unsaved: bool = before is not None and before.unsaved
        self._entries: dict[str, _Entry | None] = {}
        """What was looked at, without the stamps of what is damaged; None where there is no such table."""
        self._found: dict[str, _Entry]
        self._odd: list[str]
        self._is_whole = False
        if before is not None:
            self._found, self._odd = before._found, before._odd
            self._damaged = self._damages()
            if self._damaged:
                self.names()  # when all is in order again, the notes go
            return
        scanned, self._odd = _scan(folder)
        self._found = self._read_cache() if scanned and cached else {}
        self._damaged = self._damages()
        if self._take(scanned) and scanned and cached:
            self.save()

    def names(self) -> list[str]:
        """The names of all tables."""
        if not self._is_whole:
            scanned, self._odd = _scan(self.folder)
            self.unsaved |= self._take(scanned)
        return [name for name, entry in self._entries.items() if entry is not None]

    def has_any(self) -> bool:
        """Whether there is any table: one of those that were there before, as a rule."""
        before = any(self.state(name) is not None for name in list(self._found))
        return before or any(self.state(name) is not None for name in self.names())

    def _take(self, scanned: Mapping[str, dict[str, FileMark]]) -> bool:
        """Note all tables, as their files were found. Whether any is another than before."""
        new = {name: marks for name, marks in scanned.items() if name not in self._entries}
        changed = [self._look_at(name, marks) for name, marks in new.items()]
        gone = set(self._found) - set(self._entries)
        for name in gone:
            del self._found[name]
        self._entries = dict(sorted(self._entries.items()))
        self._is_whole = True
        self._forget_damages()
        return any(changed) or bool(gone)

    def _look_at(self, name: str, marks: dict[str, FileMark]) -> bool:
        """Note a table with these files. Whether it is another than before."""
        entry = self._found.get(name)
        # What could not be read may be in order again without a trace in size and time.
        changed = entry is None or entry.marks != marks or bool(_fault(entry))
        if entry is None or changed:
            entry = _Entry(marks, table_files(self.folder, name, marks, _unchanged(entry, marks)))
            self._found[name] = entry
        self._entries[name] = self._heeding_damages(entry)
        return changed

    def _entry(self, table: str) -> _Entry | None:
        """A table, as it is now or was when it was first asked for."""
        if table not in self._entries and not self._is_whole:
            marks = _marks_of(self.folder, table)
            if marks:
                self.unsaved |= self._look_at(table, marks)
            else:
                self.unsaved |= self._found.pop(table, None) is not None
                self._entries[table] = None
        return self._entries.get(table)

    def state(self, table: str) -> TableState | None:
        """The state of a table, None where there is none."""
        entry = self._entry(table)
        return None if entry is None else entry.found.state

    def dates(self, table: str) -> dict[date, DateState]:
        """The dates of a partitioned table, in order."""
        entry = self._entry(table)
        return {} if entry is None else entry.found.dates()

    def files(self, table: str) -> list[Path]:
        """The files that a table is read from."""
        entry = self._entry(table)
        return [] if entry is None else [self.folder / file for file in entry.found.files]

    def marks(self, table: str) -> Mapping[str, FileMark]:
        """Size and time of each file that may belong to a table."""
        entry = self._entry(table)
        return {} if entry is None else entry.marks

    def strays(self, table: str) -> frozenset[Path]:
        """The files among those of a table that are not its own: they are not read, and never removed."""
        entry = self._entry(table)
        return frozenset() if entry is None else frozenset(self.folder / file for file in entry.found.strays)

    def ours(self, table: str) -> bool:
        """Whether the product has built a table."""
        entry = self._entry(table)
        return entry is not None and entry.found.ours

    def remarks(self) -> list[str]:
        """What lies among the tables and is not read, in lines for people."""
        self.names()
        odd = [
            f"{printable_path(self.folder / name)} is not read: its name is not one of a table"
            for name in self._odd
        ]
        return odd + [
            f"{printable_path(self.folder / file)} is not read: it is not a file of the table "
            f"{printable(name)}. Remove it, or move it out of the warehouse"
            for name, entry in self._entries.items()
            if entry is not None
            for file in entry.found.strays
        ]

    def note_signature(self, table: str, signature: str) -> None:
        """Keep `signature` with the state of a table, as long as its files stay as they are."""
        for entry in (self._entry(table), self._found.get(table)):
            if entry is not None and entry.found.state is not None:
                state = replace(entry.found.state, signature=signature)
                entry.found = replace(entry.found, state=state)
        self.unsaved = True

    def save(self) -> None:
        """Write the cache. A lost race with another run costs a few footers, never a wrong answer."""
        self.unsaved = False
        if self._found:
            write_cache(self.folder / PRIVATE / CACHE, orjson.dumps(self._found))

    def note_damage(self, path: Path, reason: str) -> None:
        """Note that a file cannot be read, until it is replaced."""
        damages = self._damages()
        damages[str(path.relative_to(self.folder))] = (*_mark_now(path), reason)
        write_atomically(self.folder / PRIVATE / DAMAGED, orjson.dumps(damages))

    def _heeding_damages(self, entry: _Entry) -> _Entry:
        """A table without the stamps of what is noted as damaged."""
        found = entry.found
        for file in entry.found.files:
            if (reason := self._damage(entry, file)) is not None:
                found = _without_stamp(found, file, reason)
        return entry if found is entry.found else _Entry(entry.marks, found)

    def _damage(self, entry: _Entry, file: str) -> str | None:
        """What is noted about a file, as long as it is the one that it was noted about."""
        *mark, reason = self._damaged.get(file, (None,))
        return f"{reason}" if mark and tuple(mark) == entry.marks[file] else None

    def _forget_damages(self) -> None:
        """Remove the notes when they are about no file that is there any more."""
        if self._damaged and not any(
            self._damage(entry, file) is not None
            for entry in self._found.values()
            for file in entry.found.files
        ):
            (self.folder / PRIVATE / DAMAGED).unlink(missing_ok=True)

    def _damages(self) -> dict[str, tuple[object, ...]]:
        try:
            form = orjson.loads((self.folder / PRIVATE / DAMAGED).read_bytes())
            return {file: (note[0], note[1], str(note[2])) for file, note in form.items()}
        except (OSError, orjson.JSONDecodeError, AttributeError, TypeError, LookupError):
            return {}  # without a note the next reader of the file finds out again

    def _read_cache(self) -> dict[str, _Entry]:
        try:
            form = read_cache(self.folder / PRIVATE / CACHE) or {}
            return {
                name: _Entry(
                    {file: (mark[0], mark[1]) for file, mark in entry["marks"].items()},
                    TableFiles(
                        tuple(entry["found"]["files"]),
                        TableState(**entry["found"]["state"]) if entry["found"]["state"] else None,
                        entry["found"]["pairs"],
                        tuple(entry["found"]["strays"]),
                        entry["found"]["ours"],
                    ),
                )
                for name, entry in form.items()
            }
        except (LookupError, TypeError, AttributeError):  # another version wrote it
            return {}  # only a cache: the footers know


class _States(Mapping[str, TableState]):
    """The states of a listing, by table. What is not asked for is not looked up."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def __getitem__(self, table: str) -> TableState:
        state = self._listing.state(table)
        if state is None:
            raise KeyError(table)
        return state

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._listing.names() if self._listing.state(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return self._listing.has_any()


def _fault(entry: _Entry) -> str:
    return entry.found.state.fault if entry.found.state is not None else ""


def _unchanged(entry: _Entry | None, marks: Mapping[str, FileMark]) -> dict[str, Pair]:
    """The footers of month files that are as they were."""
    if entry is None:
        return {}
    return {
        file: pair for file, pair in entry.found.pairs.items() if entry.marks.get(file) == marks.get(file)
    }


def _without_stamp(found: TableFiles, file: str, reason: str) -> TableFiles:
    """A table of which a file is damaged: it has no stamp, nor have the dates in that file."""
    assert found.state is not None
    pairs = dict(found.pairs)
    if file in pairs:
        dates = {day: [None, *values[1:]] for day, values in pairs[file]["dates"].items()}
        pairs[file] = {**pairs[file], "dates": dates}
    state = replace(found.state, stamp=None, signature=None, fault=reason)
    return replace(found, pairs=pairs, state=state)


def _mark_now(path: Path) -> FileMark:
    try:
        status = path.stat()
    except OSError:
        return _UNKNOWN
    return status.st_size, status.st_mtime_ns


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _scan(folder: Path) -> tuple[dict[str, dict[str, FileMark]], list[str]]:
    """All files that may belong to a table, by its name; and what has no name of a table.

    Raises `OSError` for a folder that cannot be read.
    """
    found: dict[str, dict[str, FileMark]] = {}
    odd: list[str] = []
    try:
        entries = _visible(folder)
    except FileNotFoundError:
        return {}, []
    for entry in entries:
        if _is_folder(entry):
            name, marks = entry.name, _marks_in(Path(entry.path), entry.name)
        elif entry.name.endswith(SUFFIX):
            name, marks = entry.name.removesuffix(SUFFIX), _marks([entry], "")
        else:
            continue
        if not marks:
            continue
        if NAME.fullmatch(name):
            found.setdefault(name, {}).update(marks)
        else:
            odd.append(entry.name)
    return {name: dict(sorted(found[name].items())) for name in sorted(found)}, sorted(odd)


def _marks_of(folder: Path, name: str) -> dict[str, FileMark]:
    """All files that may belong to one table, as `_scan` finds them."""
    marks: dict[str, FileMark] = {}
    single, inner = folder / f"{name}{SUFFIX}", folder / name
    try:
        status = single.stat()
    except FileNotFoundError:
        if single.is_symlink():
            marks[single.name] = _UNKNOWN
    except OSError:
        marks[single.name] = _UNKNOWN
    else:
        if not stat.S_ISDIR(status.st_mode):
            marks[single.name] = (status.st_size, status.st_mtime_ns)
    if inner.is_dir():
        marks.update(_marks_in(inner, name))
    return dict(sorted(marks.items()))


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return [entry for entry in entries if not entry.name.startswith(("_", "."))]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a symbolic link to itself, for one: reading it says what is wrong


def _marks_in(folder: Path, name: str) -> dict[str, FileMark]:
    try:
        return _marks([entry for entry in _visible(folder) if entry.name.endswith(SUFFIX)], f"{name}/")
    except FileNotFoundError:
        return {}
    except OSError:
        return {f"{name}/{NO_DATES}": _UNKNOWN}  # reading it says what is wrong


def _marks(entries: Iterable[os.DirEntry[str]], beginning: str) -> dict[str, FileMark]:
    marks = {}
    for entry in entries:
        try:
            status = entry.stat()
        except FileNotFoundError:
            if not entry.is_symlink():
                continue  # it has just been removed
            marks[beginning + entry.name] = _UNKNOWN
        except OSError:
            marks[beginning + entry.name] = _UNKNOWN
        else:
            marks[beginning + entry.name] = (status.st_size, status.st_mtime_ns)
    return marks
