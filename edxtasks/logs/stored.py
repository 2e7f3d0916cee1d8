"""Shards in storage: the copies of a course's shards that others fetch, and that a cloud warehouse loads.

A copy is `COURSE/DAILY/tracklog-YYYY-MM-DD.json.gz`. Which rows it holds is known without fetching it where
the digest of its lines is noted (`copy_notes`). A lost note costs a comparison of contents, no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.logs.copy_notes import CopyNotes, read_copies, read_withdrawn, write_copies
from edxtasks.logs.layout import SHARD_NAME, Layout, bucket_of, is_day
from edxtasks.logs.shards import Shard
from edxtasks.storage import Stat, Storage

FOLDER = "DAILY"


class StoredShards:
    """The copies of one course's shards, as one listing tells; what is stored here is added to it."""

    def __init__(self, storage: Storage, directory: Path, course: CourseKey) -> None:
        self.where = storage.where
        self._storage = storage
        self._layout = Layout(directory)
        self._course = course
        self._stats = {
            date.fromisoformat(match[1]): stat
            for name, stat in storage.stats(f"{course.directory}/{FOLDER}/").items()
            if (match := SHARD_NAME.fullmatch(name.rpartition("/")[2])) and is_day(match[1])
        }
        self._notes = self._read_notes()
        withdrawn = read_withdrawn(self._layout, bucket_of(course))
        here = withdrawn.stored if withdrawn.where == self.where else {}
        self._withdrawn = {date.fromisoformat(day): mark for day, mark in here.items()}

    def days(self) -> set[date]:
        """The days that are stored, without those that are `withdrawn`."""
        return set(self._stats) - self.withdrawn()

    def withdrawn(self) -> set[date]:
        """The days of which a copy is left, though their shard was withdrawn after it was stored."""
        return {
            day
            for day, mark in self._withdrawn.items()
            if day in self._stats and _mark(self._stats[day]) == mark
        }

    def updated(self, day: date) -> datetime:
        """When the copy of a day was stored."""
        return datetime.fromtimestamp(self._stats[day].updated, UTC)

    def digest(self, day: date) -> str | None:
        """The digest of the uncompressed lines of the copy of a day; None when that is not known."""
        stat = self._stats.get(day)
        noted = self._notes.get(day)
        return noted[0] if stat is not None and noted is not None and noted[1] == _mark(stat) else None

    def holds(self, day: date, path: Path) -> bool:
        """Whether the copy of a day has the content of a file. Both are compared."""
        return day in self._stats and self._storage.holds(path, self._name(day))

    def put(self, day: date, path: Path, digest: str | None) -> bool:
        """Store a shard, whose lines have this digest (None: not known), and verify the copy.

        False when the same content was stored already. Raises `UserError` when it cannot be stored.
        """
        name = self._name(day)
        sent = self._storage.put(path, name)
        stat = self._storage.stat(name)
        if stat is None or not self._storage.holds(path, name):
            raise InputError(f"{path}: the copy in {self.where} ({name}) is another one; run again")
        self._stats[day] = stat
        if digest is not None:
            self.note(day, digest)
        return sent

    def get(self, day: date, folder: Path) -> Path:
        """Fetch the copy of a day into `folder`, under the names that it has in a log directory."""
        path = folder / self._course.directory / self._name(day).rpartition("/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._storage.get(self._name(day), path)
        return path

    def delete(self, day: date) -> bool:
        """Remove the copy of a day. False when there was none."""
        self._stats.pop(day, None)
        return self._storage.delete(self._name(day))

    def note(self, day: date, digest: str) -> None:
        """Note the digest of the lines of a copy."""
        self._notes[day] = (digest, _mark(self._stats[day]))

    def save_notes(self) -> None:
        """Write the notes, as far as they are about copies that are still there."""
        days = [day for day in self._notes if self.digest(day) is not None]
        notes = CopyNotes(
            self.where,
            {day.isoformat(): self._notes[day][1] for day in days},
            {day.isoformat(): self._notes[day][0] for day in days},
        )
        write_copies(self._layout, bucket_of(self._course), notes)

    def _read_notes(self) -> dict[date, tuple[str, str]]:
        notes = read_copies(self._layout, bucket_of(self._course))
        if notes.where != self.where:
            return {}
        return {date.fromisoformat(day): (lines, notes.stored[day]) for day, lines in notes.digests.items()}

    def _name(self, day: date) -> str:
        return f"{self._course.directory}/{FOLDER}/tracklog-{day.isoformat()}.json.gz"


def not_stored(
    shards: Iterable[Shard], stored: StoredShards, not_before: date | None = None, again: bool = False
) -> list[Shard]:
    """The shards whose copy is missing or not known to be the same (`again`: all of them).

    With `not_before` copies that were stored before that date (UTC) are left alone.
    """
    present = stored.days()
    found = []
    for shard in shards:
        if shard.day in present:
            if not_before is not None and stored.updated(shard.day).date() < not_before:
                continue
            if not again and stored.digest(shard.day) == shard.digest:
                continue
        found.append(shard)
    return found


def _mark(stat: Stat) -> str:
    """What tells one stored file from another: its checksum, or size and time where there is none."""
    return stat.crc32c or f"{stat.size} {stat.updated}"
