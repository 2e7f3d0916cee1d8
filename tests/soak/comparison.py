"""What stands in two projects, compared; and how much of each kind stands in one."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from standing import differences, standing

Sizes = Mapping[str, list[int]]
"""Number of files and of bytes by area."""

_NOTES = re.compile(r"^warehouse/[^/]+/_edxtasks/")
_AREAS = (
    ("tables set aside", re.compile(r"^warehouse/[^/]+/_edxtasks/aside/")),
    ("notes of tables", _NOTES),
    ("tables", re.compile(r"^warehouse/")),
    ("checkpoints of logs", re.compile(r"^TRACKING_LOGS/META/")),
    ("parts of shards", re.compile(r"^TRACKING_LOGS/PARTS/")),
    ("rejects", re.compile(r"^TRACKING_LOGS/REJECTS/")),
    ("shards", re.compile(r"^TRACKING_LOGS/")),
    ("sorted dumps", re.compile(r"^SQL/")),
    ("files for people", re.compile(r"^storage/")),
    ("pages of runs", re.compile(r"^state/runs/")),
    ("marks of courses", re.compile(r"^state/successful/")),
    ("results kept", re.compile(r"^state/(translations|checks|exported_videos)/")),
    ("state", re.compile(r"^state/")),
)


def found_differences(rebuilt: Path, soaked: Path, sql_date: str) -> list[str]:
    """What differs between tables, shards, files for people, and the sorted dump of a date.

    Of shards the order of rows may differ: a raw log that was moved keeps the place of its first name.
    """
    expected, found = (_compared(folder, sql_date) for folder in (rebuilt, soaked))
    lines = differences(expected, found)
    return [line for line in lines if not _in_another_order(line.partition(": ")[2], rebuilt, soaked)]


def _compared(folder: Path, sql_date: str) -> dict[str, str]:
    return {
        name: digest
        for name, digest in standing(folder).items()
        if (area := area_of(name)) in {"tables", "shards", "files for people"}
        or (area == "sorted dumps" and f"/{sql_date}/" in name)
        if not name.endswith(".lock")
    }


def _in_another_order(name: str, rebuilt: Path, soaked: Path) -> bool:
    if area_of(name) != "shards" or not name.endswith(".json.gz"):
        return False
    files = [rebuilt / name, soaked / name]
    if not all(file.is_file() for file in files):
        return False
    one, other = (sorted(gzip.decompress(file.read_bytes()).split(b"\n")) for file in files)
    return one == other


def area_of(name: str) -> str:
    """The area that a file of a project counts to, by its path; "" for deliveries and configuration."""
    return next((area for area, pattern in _AREAS if pattern.match(name)), "")


def sizes(folder: Path) -> Sizes:
    """How much stands in each area. A hard link counts as a file of its own."""
    files: Counter[str] = Counter()
    amount: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file():
            area = area_of(str(path.relative_to(folder)))
            files[area] += 1
            amount[area] += path.stat().st_size
    return {area: [files[area], amount[area]] for area, _ in _AREAS if files[area]}


_AS_REBUILT = ("tables", "shards", "parts of shards", "checkpoints of logs", "rejects", "files for people")
"""Areas in which a project that lived through a term has as many files as a rebuild, and as many bytes but
for the room that compression takes."""
_PAGES = 31
"""Pages of runs that are kept, and the newest one."""
_OF_STATE = 10
"""Files of state beyond those of a first run: what health and failed runs keep."""
_RESULTS = 3_000
"""Results that three caches keep at most: two of translations, one of course exports."""


def grown(soaked: Sizes, rebuilt: Sizes) -> list[str]:
    """What a project has beyond the data's: more files or bytes than a rebuild, beside what is meant to stay
    (tables set aside with note and lock, older packages, the newest pages of runs)."""
    faults = []
    for area in _AS_REBUILT:
        (files, amount), (expected, room) = (part.get(area, [0, 0]) for part in (soaked, rebuilt))
        if files > expected:
            faults.append(f"{area}: {files} files, a rebuild has {expected}")
        if amount > 1.1 * room + 65_536:
            faults.append(f"{area}: {amount} bytes, a rebuild has {room}")
    aside = soaked.get("tables set aside", [0, 0])[0]
    notes = rebuilt.get("notes of tables", [0, 0])[0]
    most = {
        "notes of tables": notes * 11 // 10 + 2 * aside,
        "marks of courses": notes,  # one for a course and a set of tasks, which makes many tables
        "results kept": _RESULTS,
        "state": rebuilt.get("state", [0, 0])[0] + _OF_STATE,
        "pages of runs": _PAGES,
    }
    for area, limit in most.items():
        if soaked.get(area, [0, 0])[0] > limit:
            faults.append(f"{area}: {soaked[area][0]} files, expected at most {limit}")
    return faults
