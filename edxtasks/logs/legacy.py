"""What the predecessor left in a log directory: shards without checkpoints, and markers of split files.

Such a shard is taken over as it is: counted once, put onto the list of its bucket, and treated as one
opaque part when raw logs add rows to its day. A marker is a file in META named like a raw log without
suffixes; the raw log counts as split as long as shards of the predecessor are there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import orjson

from edxtasks.compression import checksum
from edxtasks.digests import ContentHash
from edxtasks.logs.directory_scan import Found
from edxtasks.logs.garbage import without_collections
from edxtasks.logs.layout import Layout
from edxtasks.logs.raw_files import RawLog, RawLogError
from edxtasks.logs.rows.event_time import EPOCH, read_time
from edxtasks.logs.shard_lists import Entry, lists, mark_of, read_list, write_list
from edxtasks.logs.source_keys import LEGACY, LOST

_MICROSECONDS_OF_DAY = 86_400_000_000


def take_over(layout: Layout, bucket: str, days: Iterable[str], lost: Iterable[str] = ()) -> None:
    """Put shards of a bucket onto its list, those that no run made (`days`) and those whose checkpoints are
    `lost`, and off it those that are gone.

    The log directory must be locked.
    """
    entries = read_list(layout, bucket)
    files = layout.shard_files(bucket)
    kept = {day: entry for day, entry in entries.items() if entry.mark is None or day in files}
    kept.update({day: _with_checksum(layout.shard(bucket, day), day) for day in days})
    for day in lost:
        entry = _with_checksum(layout.shard(bucket, day), day)
        kept[day] = replace(entry, sources=((LOST, entry.digest),))
    write_list(layout, bucket, kept.values())


@dataclass(frozen=True)
class TakeOver:
    """The work of taking over shards of one bucket."""

    directory: Path
    bucket: str
    days: tuple[str, ...]
    lost: tuple[str, ...] = ()

    @without_collections()
    def run(self, report: Callable[[object], None]) -> None:
        """Do it; the log directory is locked by the run."""
        take_over(Layout(self.directory), self.bucket, self.days, self.lost)


def list_unusable(layout: Layout, work: TakeOver, message: str) -> None:
    """Put shards that could not be taken over onto the list as such, so that no run replaces them; the next
    run tries again."""
    entries = read_list(layout, work.bucket)
    for kind, days in ((LEGACY, work.days), (LOST, work.lost)):
        for day in days:
            entries[day] = Entry(day, "", 0, None, None, ((kind, ""),), mark=(0, 0), message=message)
    write_list(layout, work.bucket, entries.values())


def _with_checksum(path: Path, day: str) -> Entry:
    """As `count`, with the checksum of the file. It is taken before the file is read as a whole, which tells
    whether it is sound: who changes it in between gives it another one."""
    try:
        before = checksum(path)
    except OSError:
        before = ""  # reading it says what is wrong
    entry = count(path, day)
    return entry if entry.message else replace(entry, checksum=before)


def count(path: Path, day: str) -> Entry:
    """Read a shard of the predecessor: digest, rows, least and greatest time."""
    content = ContentHash()
    rows = 0
    times: set[int] = set()
    mark = mark_of(path.stat())
    entry = Entry(day, "", 0, None, None, ((LEGACY, ""),), mark=mark)
    try:
        with RawLog(path) as log:
            for block in log.blocks(tee=content.update):
                lines = [line for line in block.data.split(b"\n") if line.strip()]
                rows += len(lines)
                found = [time for line in lines if (time := _time_of(line)) is not None]
                times.update((min(found), max(found)) if found else ())
    except RawLogError as error:
        return replace(entry, message=f"a shard that no run made cannot be used: {error}")
    digest = content.hexdigest()
    return replace(
        entry,
        digest=digest,
        rows=rows,
        min_time_us=min(times, default=None),
        max_time_us=max(times, default=None),
        sources=((LEGACY, digest),),
    )


def dates_of(path: Path) -> set[date]:
    """The dates (UTC) of the events in a shard. Raises `RawLogError` where it cannot be read."""
    with RawLog(path) as log:
        times = (_time_of(line) for block in log.blocks() for line in block.data.split(b"\n"))
        days = {time // _MICROSECONDS_OF_DAY for time in times if time is not None}
    return {EPOCH.date() + timedelta(day) for day in days}


def _time_of(line: bytes) -> int | None:
    try:
        form = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    time = read_time(form.get("time")) if isinstance(form, dict) else None
    return None if time is None else time[0]


class Markers:
    """The predecessor's markers in META. `found` is what `DirectoryScan` found of all buckets."""

    def __init__(self, layout: Layout, found: Mapping[str, Found]) -> None:
        self._layout = layout
        self._found = found
        self._names: set[str] = set()
        self._shards_exist: bool | None = None
        if layout.meta.is_dir():
            with os.scandir(layout.meta) as entries:
                self._names = {e.name for e in entries if not e.name.startswith(".") and e.is_file()}

    def find(self, path: Path) -> str | None:
        """The marker that says that the predecessor split this raw log; None when there is none, or none
        of its shards is left."""
        if not self._names:
            return None
        name = next((name for name in _marker_names(path) if self._is_marker(name)), None)
        return name if name is not None and self._have_shards() else None

    def _is_marker(self, name: str) -> bool:
        return name in self._names and not (
            name.endswith(".json") and _is_object((self._layout.meta / name).read_bytes())
        )

    def _have_shards(self) -> bool:
        if self._shards_exist is None:
            listed = (entry for entries in lists(self._layout).values() for entry in entries.values())
            self._shards_exist = any(entry.is_legacy for entry in listed) or any(
                each.untracked for each in self._found.values()
            )
        return self._shards_exist


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _marker_names(path: Path) -> list[str]:
    """Names of markers of a raw log: without one or two suffixes; also with folders, joined by `__`."""
    *folders, name = (part.strip("/") for part in path.parts)
    one = os.path.splitext(name)[0]  # noqa: PTH122 -- a name, not a path
    two = os.path.splitext(one)[0]  # noqa: PTH122
    shortened = [two, one] if name.lower().endswith(".gz") else [one]
    prefixes = ["__".join([*folders[start:], ""]) for start in range(len(folders), -1, -1)]
    return [prefix + stem for prefix in prefixes for stem in shortened]
