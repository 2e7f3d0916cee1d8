"""Tracking logs that an office keeps in MongoDB: a shard for each day of a course, made of its documents.

A document is an event as it was logged; its extended JSON is a line like one of a raw log, and becomes a row
by the same rules. Shards that are made here are taken over by splitting and loading like any that no run of
theirs made. A day is done when its shard is there (in storage, where shards are copied to one), so that a run
goes on where the last one stopped.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edxtasks.config import Mongo, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, UserError
from edxtasks.locks import Lock
from edxtasks.logs.bookkeeping import FEW_LINES
from edxtasks.logs.layout import LONGEST_NAME, Layout, bucket_of, fitting, remove_tree
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.parts import FOREIGN_HEADER, Part, PartsWriter
from edxtasks.logs.rejects import RejectsWriter
from edxtasks.logs.rows.rephrase import Reject, Rephraser
from edxtasks.logs.shard_lists import read_list
from edxtasks.logs.stored import StoredShards
from edxtasks.messages import Messages
from edxtasks.mongodb import (
    Document,
    NoServerError,
    ServerFaultError,
    ServerRefusesError,
    extended_json,
    opened,
    told,
)
from edxtasks.printable import quantity
from edxtasks.retired import of_row

if TYPE_CHECKING:
    from pymongo.collection import Collection

COLLECTION = "tracking_log"
FIRST_DAY = date(2012, 9, 5)
"""Where the window begins when no `start_date` is given, as in edx2bigquery."""

MOST_FAULTS = 3
"""Days on end for which the server fails, after which no more are asked for."""

_ONE_DAY = timedelta(days=1)
_ROWS_AT_A_TIME = 500


@dataclass(frozen=True)
class MongoLogs:
    """Where the documents are, and how shards are made of them.

    `keep_local` is the number of newest shards that stay in the log directory when all are copied to storage.
    """

    mongo: Mongo
    options: SplitOptions
    collection: str = COLLECTION
    keep_local: int = 20

    @classmethod
    def from_settings(cls, settings: Settings) -> MongoLogs:
        """As settings and options of a run say. Raises `SettingsError` where there is no log directory."""
        return cls(
            settings.mongo,
            SplitOptions.from_settings(settings),
            settings.options.collection or COLLECTION,
            settings.mongo_keep_local,
        )


def window(settings: Settings, today: date) -> list[date]:
    """The days from `start_date` up to but not including `end_date`, else `default_end_date`, else today."""
    first = settings.options.start_date or FIRST_DAY
    end = settings.options.end_date or settings.default_end_date or today
    return [first + number * _ONE_DAY for number in range(max(0, (end - first).days))]


def unfinished(
    course: CourseKey, days: Sequence[date], directory: Path, stored: StoredShards | None
) -> list[date]:
    """Those of `days` that have no shard yet: no copy in storage, or without one none in `directory`."""
    if stored is not None:
        done = stored.days()
    else:
        done = {date.fromisoformat(day) for day in Layout(directory).shard_files(bucket_of(course))}
    return [day for day in days if day not in done]


def fetch_days(
    course: CourseKey,
    days: Sequence[date],
    logs: MongoLogs,
    stored: StoredShards | None,
    messages: Messages,
    again: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, int]:
    """Make the shards of `days` and copy them to storage; `again` also those that are there.

    Gives the number of rows and of days fetched that had any. A shard that is there and not stored is only
    copied. A day whose documents do not come to their end fails, nothing is written of it and the other days
    go on; when the server is gone, has failed for some days on end, or storage takes nothing, all ends.
    Raises `InputError`, or `NoServerError`, naming each day that failed.
    """
    with _alone(logs.options.directory, course), opened(logs.mongo, [logs.collection]) as database:
        fetch = _Fetch(course, database[logs.collection], logs, stored, messages)
        faults: list[str] = []
        on_end = 0
        gone: NoServerError | None = None
        try:
            for number, day in enumerate(days, 1):
                try:
                    with told(logs.mongo):
                        fetch.shard(day, again)
                    on_end = 0
                except UserError as error:
                    faults.append(f"{day}: {error}")
                    on_end = on_end + 1 if isinstance(error, ServerFaultError) else 0
                    if isinstance(error, NoServerError):
                        gone = error
                    if gone is not None or isinstance(error, ServerRefusesError):
                        break
                    if on_end == MOST_FAULTS and number < len(days):
                        faults.append(f"{quantity(len(days) - number, 'day')} after it not asked for")
                        break
                    continue
                try:
                    fetch.copy(day)
                except UserError as error:
                    faults.append(f"{day}: {error}")
                    break
                finally:
                    if progress is not None:
                        progress(number, len(days))
        finally:
            if stored is not None:
                stored.save_notes()
        if gone is not None:
            raise NoServerError(gone.outage, "\n".join(faults))
        if faults:
            raise InputError("\n".join(faults))
        fetch.tell()
    return fetch.rows, fetch.fetched


class _Fetch:
    """The days of one course, one after the other."""

    def __init__(
        self,
        course: CourseKey,
        collection: Collection[Document],
        logs: MongoLogs,
        stored: StoredShards | None,
        messages: Messages,
    ) -> None:
        self.rows = 0
        self.fetched = 0
        self._empty = 0
        self._copied = 0
        self._removed = 0
        self._course = course
        self._bucket = bucket_of(course)
        self._collection = collection
        self._logs = logs
        self._layout = Layout(logs.options.directory)
        self._stored = stored
        self._notes = messages
        self._digests: dict[date, str] = {}
        # Either form of the key, though the logs of the years that offices keep have the slash form.
        self._either = {"$in": [course.slash, course.opaque]}

    def shard(self, day: date, again: bool) -> None:
        """Let there be the shard of a day, unless it has no documents."""
        path = self._path(day)
        if path.exists() and not again:
            return
        self._refuse_split(day)
        folder = path.parent / ".mongo2gs"
        remove_tree(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part, counts = self._rows(day, folder)
            self._judge(day, folder, part, counts)
            with self._layout.locked():
                self._refuse_split(day)
                self._put(day, folder, part)
        finally:
            remove_tree(folder)
            with contextlib.suppress(OSError):  # there are shards in it
                path.parent.rmdir()
        if part is not None:
            self.rows += part.rows
            self.fetched += 1
            self._digests[day] = part.digest
        else:
            self._empty += 1

    def copy(self, day: date) -> None:
        """Copy the shard of a day to storage, if there is one, and remove local shards beyond the newest."""
        path = self._path(day)
        if self._stored is None or not path.exists():
            return
        self._copied += self._stored.put(day, path, self._digests.get(day))
        self._remove_old(self._stored)

    def tell(self) -> None:
        """Say what was done besides the rows."""
        copies = quantity(self._removed, "local copy", "local copies")
        where = self._stored.where if self._stored is not None else ""
        told = (
            (self._empty, quantity(self._empty, "day") + " without documents"),
            (self._copied, quantity(self._copied, "shard") + f" copied to {where}"),
            (self._removed, f"{copies} removed (mongo_keep_local)"),
        )
        for number, what in told:
            if number:
                self._notes.add(what)

    def _path(self, day: date) -> Path:
        return self._layout.shard(self._bucket, day.isoformat())

    def _refuse_split(self, day: date) -> None:
        entry = read_list(self._layout, self._bucket).get(day.isoformat())
        if entry is not None and (entry.mark is None or entry.is_lost):
            raise InputError(
                f"raw logs that were split feed {self._path(day)}; its documents are not fetched, so that "
                "no event is counted twice"
            )

    def _rows(self, day: date, folder: Path) -> tuple[Part | None, Counter[str]]:
        """The rows of a day in a file of `folder`, and its rejects in another one, counted by reason."""
        options = self._logs.options
        writer = PartsWriter(folder, options.gzip_level, header=FOREIGN_HEADER)
        rejects = RejectsWriter(folder / "rejects", options.gzip_level)
        rephraser = Rephraser(options.rules)
        texts: list[bytes] = []
        times: list[int] = []

        def write() -> None:
            if texts:
                text = b"\n".join([*texts, b""])
                writer.add(self._bucket, day.isoformat(), len(times), min(times), max(times), text)
                texts.clear()
                times.clear()

        try:
            for number, document in enumerate(self._documents(day), 1):
                line = extended_json(document)
                row = rephraser.line(line)
                if isinstance(row, Reject):
                    names = bool(options.retired) and options.retired.hits(line)
                    rejects.add(number, row.reason, "" if names else row.detail, b"" if names else line)
                elif row is not None:
                    text = of_row(row[2], options.retired)[0] if options.retired else row[2]
                    if text is None:
                        continue
                    texts.append(text)
                    times.append(row[1])
                    if len(texts) == _ROWS_AT_A_TIME:
                        write()
            write()
            rejects.finish()
            parts = writer.finish()
        finally:
            writer.close()
            rejects.close()
        return (parts[0] if parts else None), rejects.counts

    def _documents(self, day: date) -> Iterator[Document]:
        """The documents of a day. Times are compared as text, as they are logged."""
        begin, end = (f"{one.isoformat()}T00:00:00.000000" for one in (day, day + _ONE_DAY))
        return self._collection.find({"course_id": self._either, "time": {"$gte": begin, "$lt": end}})

    def _judge(self, day: date, folder: Path, part: Part | None, counts: Counter[str]) -> None:
        """Keep the rejects; raise `InputError` when there are too many of them."""
        rejected = counts.total()
        read = rejected + (part.rows if part is not None else 0)
        key = fitting(f"mongo2gs-{self._course.directory}-{day}", LONGEST_NAME - 16)
        limit = self._logs.options.max_reject_fraction
        self._layout.create()
        if read > FEW_LINES and rejected > limit * read:
            (folder / "rejects").replace(self._layout.failed_rejects_of(key))
            raise InputError(
                f"{rejected} of {read} documents were rejected ({_told(counts)}), more than "
                f"max_reject_fraction = {limit} allows: {self._layout.failed_rejects_of(key)}"
            )
        if rejected:
            (folder / "rejects").replace(self._layout.rejects_of(key))
            self._notes.count("rejects", rejected)
            self._notes.add(
                f"{day}: {rejected} documents rejected ({_told(counts)}): {self._layout.rejects_of(key)}"
            )
        else:
            self._layout.rejects_of(key).unlink(missing_ok=True)

    def _put(self, day: date, folder: Path, part: Part | None) -> None:
        if part is not None:
            (folder / part.file).replace(self._path(day))
            return
        if self._path(day).exists() or (self._stored is not None and day in self._stored.days()):
            self._notes.add(f"{day}: no documents any more, its shard was removed")
            self._path(day).unlink(missing_ok=True)
            if self._stored is not None:
                self._stored.delete(day)

    def _remove_old(self, stored: StoredShards) -> None:
        """Remove local shards beyond the newest, where their copy is verified and no raw log feeds them."""
        old = sorted(self._layout.shard_files(self._bucket), reverse=True)[self._logs.keep_local :]
        if not old:
            return
        with self._layout.locked():
            entries = read_list(self._layout, self._bucket)
            for text in old:
                entry, day = entries.get(text), date.fromisoformat(text)
                of_raw_logs = entry is not None and (entry.mark is None or entry.is_lost)
                if not of_raw_logs and stored.holds(day, self._path(day)):
                    self._path(day).unlink()
                    self._removed += 1


@contextlib.contextmanager
def _alone(directory: Path, course: CourseKey) -> Iterator[None]:
    """Hold a course: two runs must not fetch it at once."""
    layout = Layout(directory)
    layout.create()
    path = layout.meta / f".{fitting(course.directory, LONGEST_NAME - 16)}.mongo2gs.lock"
    with Lock(path, f"the days of {course}"):
        yield


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{reason}: {number}" for reason, number in sorted(counts.items()))
