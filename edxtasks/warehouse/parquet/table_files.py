"""Which files of a dataset folder make up a table, and what they say of it.

A table is a file `TABLE.parquet`, or a folder `TABLE` with a file a month. What else lies in such a folder
(a copy that somebody made, a file under a name that is not a month's) is a *stray*: never read, and told. A
table of somebody else, which has no footer of ours, is read as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from edxtasks.warehouse.base import DateState, TableState, whole_version
from edxtasks.warehouse.parquet.footer import DamagedFileError, Footer, read_footer

SUFFIX = ".parquet"

NO_DATES = f"no_dates{SUFFIX}"
"""The one file of a partitioned table that has no dates: without it nothing could read the folder."""

FileMark = tuple[int, int]
"""Size and modification time (nanoseconds) of a file: while both are as noted, its footer is as noted."""

Pair = dict[str, Any]
"""What the footer of a month file says: `stamp`, `dates` (date → stamp, version, rows), perhaps `months`."""

_MONTH_FILE = re.compile(r"month=(\d{4}-\d{2})" + re.escape(SUFFIX))


@dataclass(frozen=True)
class TableFiles:
    """The files of a table, as paths below the dataset folder, and its state.

    `state` is None where there are strays only. `pairs` are the footers of month files.
    """

    files: tuple[str, ...] = ()
    state: TableState | None = None
    pairs: Mapping[str, Pair] = field(default_factory=dict)
    strays: tuple[str, ...] = ()
    ours: bool = False

    def dates(self) -> dict[date, DateState]:
        """The dates of a partitioned table, in order."""
        merged = {
            date.fromisoformat(day): DateState(*values)
            for pair in self.pairs.values()
            for day, values in pair["dates"].items()
        }
        return dict(sorted(merged.items()))


def table_files(
    folder: Path, name: str, marks: Mapping[str, FileMark], known: Mapping[str, Pair]
) -> TableFiles:
    """The table `name` of a dataset folder.

    `marks` are all files that may be its own, `known` the footers of month files that need not be read.
    """
    single = f"{name}{SUFFIX}"
    inner = {file: mark for file, mark in marks.items() if file != single}
    found = []
    if inner:
        found.append(_in_folder(folder, inner, known))
    if single in marks:
        found.append(_alone(folder, single, marks[single]))
    # Where a table stands in both forms, ours is meant: the other was put there, or is the form it had.
    best = max(found, key=lambda one: (one.ours and _is_whole(one), one.ours, one.state is not None))
    strays = tuple(sorted(set(marks) - set(best.files)))
    return TableFiles(best.files, best.state, best.pairs, strays, best.ours)


def _is_whole(found: TableFiles) -> bool:
    return found.state is not None and found.state.stamp is not None


def _alone(folder: Path, file: str, mark: FileMark) -> TableFiles:
    footer, fault = _footer(folder / file)
    pair = footer.pair if footer is not None else None
    rows = 0
    if footer is not None and (pair is None or "rows" not in pair):
        rows, fault = _rows(footer)
    if pair is None or "version" not in pair:
        return TableFiles((file,), TableState(None, _by_mark({file: mark}), rows, fault=fault))
    state = TableState(
        pair.get("stamp"),
        pair["version"],
        pair.get("rows", rows),
        first_time=pair.get("first_time"),
        last_time=pair.get("last_time"),
        event_dates=pair.get("event_dates", ""),
        fault=fault,
    )
    return TableFiles((file,), state, ours=True)


def _in_folder(folder: Path, marks: Mapping[str, FileMark], known: Mapping[str, Pair]) -> TableFiles:
    pairs: dict[str, Pair] = {}
    faults: dict[str, str] = {}
    foreign: dict[str, Footer] = {}
    for file in marks:
        if file in known:
            pairs[file] = known[file]
            continue
        month = _month(file)
        footer, fault = _footer(folder / file)
        if footer is None:
            if month is not None:
                faults[file] = fault
        elif footer.pair is None:
            foreign[file] = footer
        elif month is not None and all(day.startswith(month) for day in footer.pair.get("dates", ("?",))):
            pairs[file] = footer.pair
    if pairs or faults:
        return _by_date(pairs, faults)
    if not foreign:
        return TableFiles()
    counts = [_rows(footer) for footer in foreign.values()]
    fault = next((fault for _, fault in counts if fault), "")
    version = _by_mark({file: marks[file] for file in foreign})
    return TableFiles(
        tuple(sorted(foreign)), TableState(None, version, sum(rows for rows, _ in counts), fault=fault)
    )


def _by_date(pairs: dict[str, Pair], faults: Mapping[str, str]) -> TableFiles:
    stamps = {pair.get("stamp") for pair in pairs.values()}
    months = next((pair["months"] for pair in pairs.values() if "months" in pair), None)
    names = sorted(Path(file).name for file in pairs)
    complete = not faults and len(stamps) == 1 and (months is None or sorted(months) == names)
    found = TableFiles(tuple(sorted([*pairs, *faults])), None, pairs, ours=bool(pairs))
    dates = found.dates()
    state = TableState(
        stamps.pop() if complete else None,
        whole_version(dates),
        sum(one.rows for one in dates.values()),
        partitioned=True,
        fault=next((f"{file}: {fault}" for file, fault in faults.items()), ""),
    )
    return TableFiles(found.files, state, pairs, ours=found.ours)


def _footer(path: Path) -> tuple[Footer | None, str]:
    """The footer of a file, or what is wrong with it."""
    try:
        return read_footer(path), ""
    except DamagedFileError as damaged:
        return None, str(damaged)
    except OSError as error:
        return None, f"it cannot be read ({error.strerror})"


def _rows(footer: Footer) -> tuple[int, str]:
    try:
        return footer.rows(), ""
    except DamagedFileError as damaged:
        return 0, str(damaged)


def _by_mark(marks: Mapping[str, FileMark]) -> str:
    """A version of files of somebody else: replaced ones count as changed."""
    return ";".join(f"file:{size}:{time}" for _, (size, time) in sorted(marks.items()))


def is_month_file(name: str) -> bool:
    """Whether a file has a name of those that hold a month, or no dates."""
    return _month(name) is not None


def _month(file: str) -> str | None:
    """What the dates in a month file begin with, by its name; None for a file that is none."""
    name = Path(file).name
    if name == NO_DATES:
        return ""
    match = _MONTH_FILE.fullmatch(name)
    return None if match is None else match[1]
