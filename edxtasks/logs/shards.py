"""The shards of a course: what loading, and the check whether there is anything to load, read.

Nothing here opens a shard, but for shards that no run made (`legacy`), and where one is to be sent or loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from edxtasks.course import CourseKey
from edxtasks.errors import InputError, UserError
from edxtasks.logs.checkpoints import read_failures
from edxtasks.logs.directory_scan import DirectoryScan
from edxtasks.logs.layout import Layout, bucket_of
from edxtasks.logs.legacy import take_over
from edxtasks.logs.shard_lists import mark_of, read_list
from edxtasks.logs.shard_rows import has_lines
from edxtasks.printable import printable_path

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """One published shard: the rows of a course and day from all raw logs.

    `digest` is that of its uncompressed lines (`ContentHash`). `rows` is their number, `min_time_us` and
    `max_time_us` the least and greatest event time in microseconds since 1970 (UTC); None only where no
    line of a shard of the predecessor tells a time. `sources` are the keys of the raw logs that feed it,
    in the order of their rows; "legacy" stands for the rows of a shard that the predecessor made. `checksum`
    is that of the file as it was written; "" where it is not known.
    """

    day: date
    path: Path
    digest: str
    rows: int
    min_time_us: int | None
    max_time_us: int | None
    sources: tuple[str, ...]
    checksum: str = field(default="", compare=False)

    @property
    def is_as_listed(self) -> bool:
        """Whether its lines are those that the list says. Raises `OSError` where it cannot be read."""
        try:
            return has_lines(self.path, self.digest, self.checksum)
        except FileNotFoundError:
            return False

    def refuse_changed(self) -> None:
        """Raise `InputError` where its lines are not those that the list says: they may still be JSON, and
        DuckDB heeds no checksum of gzip."""
        if not self.is_as_listed:
            raise InputError(
                f"{printable_path(self.path)}: its content is not what the list of shards says. It was "
                "changed or cut off after it was written, or a split was killed. Remove it and run split, "
                "which makes it again"
            )


def shards(directory: Path, course: CourseKey | str) -> list[Shard]:
    """The published shards of a course (or of a bucket, such as `UNKNOWN`), ordered by day.

    Only the list is read, and the names in the course's folder. Shards that are not on it, made by the
    predecessor or put there by another tool, are read once and taken onto it; so are such shards that were
    replaced since. Those that cannot be read are left out: see `unreadable`. Raises `InputError` when the
    list was lost.
    """
    layout, bucket = Layout(directory), _bucket(course)
    entries = read_list(layout, bucket)
    files = layout.shard_files(bucket)
    found = DirectoryScan(layout).look_at(bucket, entries, files)
    if found.untracked or found.lost:
        with layout.locked():
            # Another process may have been faster.
            found = DirectoryScan(layout).look_at(
                bucket, read_list(layout, bucket), layout.shard_files(bucket)
            )
            take_over(layout, bucket, found.untracked, found.lost)
        entries = read_list(layout, bucket)
        files = layout.shard_files(bucket)
    if found.unlisted:
        raise InputError(
            f"the list of the shards of {bucket} ({layout.shard_list(bucket)}) lacks "
            f"{len(found.unlisted)} of them; run split, which rebuilds it"
        )
    return [
        Shard(
            day=date.fromisoformat(entry.day),
            path=layout.shard(bucket, entry.day),
            digest=entry.digest,
            rows=entry.rows,
            min_time_us=entry.min_time_us,
            max_time_us=entry.max_time_us,
            sources=tuple(key for key, _ in entry.sources),
            checksum=entry.checksum,
        )
        for _, entry in sorted(entries.items())
        if not entry.message and (entry.mark is None or entry.day in files)
    ]


def used(
    directory: Path,
    course: CourseKey,
    shard: Shard,
    use: Callable[[Shard], T],
    waiting: Callable[[str], None] | None = None,
) -> T:
    """What `use` makes of a shard that has the lines which the list says, from the beginning of the use to
    its end; repeated where a run that splits has replaced it in between.

    Such a run puts shards in their places before it writes the list, and is waited for (`waiting` is told
    so). Raises `InputError` where the shard is another one all the same.
    """
    while True:
        before = _mark(shard.path)
        if not shard.is_as_listed:
            with Layout(directory).locked(waiting):
                pass
            listed = {one.day: one for one in shards(directory, course)}
            if shard.day not in listed:
                raise InputError(f"{printable_path(shard.path)}: another run has removed it; run again")
            shard = listed[shard.day]
            shard.refuse_changed()
        try:
            made = use(shard)
        except (UserError, OSError):
            if _mark(shard.path) == before:
                raise
            continue
        if _mark(shard.path) == before:
            return made


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        return mark_of(path.stat())
    except FileNotFoundError:
        return None


def unreadable(directory: Path, course: CourseKey | str) -> dict[date, str]:
    """Shards of the predecessor that cannot be read, by day, and why."""
    layout, bucket = Layout(directory), _bucket(course)
    files = layout.shard_files(bucket)
    return {
        date.fromisoformat(entry.day): entry.message
        for entry in read_list(layout, bucket).values()
        if entry.message and entry.day in files
    }


def held_back(directory: Path, course: CourseKey | str) -> set[date]:
    """The days of a course whose tables had better stay as they are.

    A raw log feeds them whose last try failed, so that what is published of them is old or not all (this
    counts as long as the raw log is where it was), or their shard is one of the predecessor that cannot
    be read.
    """
    failures = read_failures(Layout(directory)).values()
    return set(unreadable(directory, course)) | {
        date.fromisoformat(day)
        for failure in failures
        if (directory.resolve() / failure.path).exists()
        for day in failure.shards.get(_bucket(course), ())
    }


def _bucket(course: CourseKey | str) -> str:
    return bucket_of(course) if isinstance(course, CourseKey) else course
