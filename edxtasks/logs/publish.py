"""Published shards: made from the parts of all raw logs that feed a course and day.

A shard is one gzip member. Its rows are those of the parts in the order of their sources; a part that is
alone is the shard, linked. A shard whose content would be the same keeps its file and its time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from edxtasks.compression import HEADER, TRAILER_SIZE, MemberWriter, checksum, crc32, inflate
from edxtasks.digests import ContentHash
from edxtasks.files import writing
from edxtasks.logs.copy_notes import note_withdrawn
from edxtasks.logs.flushing import flush, flush_names
from edxtasks.logs.garbage import without_collections
from edxtasks.logs.layout import Layout, naming, new_beside
from edxtasks.logs.legacy import count
from edxtasks.logs.parts import Part, checksum_in
from edxtasks.logs.raw_files import RawLogError
from edxtasks.logs.shard_lists import Entry, read_list, write_list
from edxtasks.logs.shard_rows import differences, digests_of, has_lines, lines_of, text_of
from edxtasks.logs.source_keys import LEGACY, LOST
from edxtasks.outcomes import described
from edxtasks.printable import quantity

ROWS_AT_ONCE = 1_000_000
"""Most rows whose digests are kept in memory while equal rows are looked for."""


class DamagedError(Exception):
    """A shard that cannot be made. `sources` are the keys of raw logs whose part is missing or not what its
    checkpoint says: a new split of them mends it."""

    def __init__(self, message: str, *sources: str) -> None:
        super().__init__(message)
        self.sources = sources


class _Kept(Exception):
    """A shard whose raw logs are not known stays as it is: no row that it lacks is at hand."""


@dataclass(frozen=True)
class Supply:
    """A part and the source that it is of."""

    key: str
    path: Path
    part: Part

    @property
    def is_short(self) -> bool:
        """Whether its file is missing, or of another size than its checkpoint says."""
        try:
            return self.path.stat().st_size != self.part.size
        except FileNotFoundError:
            return True


@dataclass(frozen=True)
class PublishBucket:
    """The work of making shards of one bucket anew: for each day the parts, in order, that feed it now."""

    directory: Path
    bucket: str
    days: Mapping[str, tuple[Supply, ...]]
    level: int
    deduplicate: bool = False
    without_legacy: frozenset[str] = frozenset()
    """Days whose rows of the predecessor are withdrawn."""
    without_lost: frozenset[str] = frozenset()
    """Days whose rows of unknown raw logs are withdrawn."""

    @without_collections()
    def run(self, report: Callable[[object], None]) -> PublishedBucket:
        """Make the shards, then the list. A shard that cannot be made stays as it is."""
        layout = Layout(self.directory)
        entries = read_list(layout, self.bucket)
        changed: list[str] = []
        failed: dict[str, str] = {}
        damaged: set[str] = set()
        gone: list[str] = []
        written: list[Path] = []
        for day, supplies in sorted(self.days.items()):
            maker = _Maker(self, layout, day, entries.get(day))
            try:
                entry = maker.make(supplies)
            except (DamagedError, RawLogError, OSError) as error:
                failed[day] = described(error) if isinstance(error, OSError) else str(error)
                if isinstance(error, DamagedError) and error.sources:
                    damaged |= {*error.sources, *(supply.key for supply in supplies if supply.is_short)}
                continue
            if entry is None:
                gone.append(day)
                if entries.pop(day, None) is not None:
                    changed.append(day)
                continue
            if day not in entries or entries[day].digest != entry.digest:
                changed.append(day)
            entries[day] = entry
            if maker.has_written:
                written.append(layout.shard(self.bucket, day))
            report(day)
        flush(written)  # what is linked was flushed when it was written
        if not entries.keys().isdisjoint(changed):
            flush_names(layout.root / self.bucket)
        note_withdrawn(layout, self.bucket, gone, entries)
        write_list(layout, self.bucket, entries.values())
        for day in gone:
            layout.shard(self.bucket, day).unlink(missing_ok=True)
        for day in self.without_legacy - set(failed):
            layout.legacy_part(self.bucket, day).unlink(missing_ok=True)
        if not entries:
            with contextlib.suppress(OSError):  # not there, or other files in it
                (layout.root / self.bucket).rmdir()
        return PublishedBucket(self.bucket, tuple(changed), failed, frozenset(damaged))


@dataclass(frozen=True)
class PublishedBucket:
    """The days of a bucket whose shard is another one now (or gone), and those that failed, with messages.

    `damaged` are the sources for whose parts a shard failed.
    """

    bucket: str
    changed: tuple[str, ...]
    failed: Mapping[str, str]
    damaged: frozenset[str] = frozenset()


class _Maker:
    """Makes one shard."""

    def __init__(self, job: PublishBucket, layout: Layout, day: str, old: Entry | None) -> None:
        self._job = job
        self._layout = layout
        self._day = day
        self._old = None if old is not None and old.is_lost and day in job.without_lost else old
        self._target = layout.shard(job.bucket, day)
        self._temporary = new_beside(self._target)
        self._exists = self._target.exists()
        self._is_as_listed: bool | None = None
        self.has_written = False
        """Whether what the shard holds was written for it, and not linked."""

    def make(self, supplies: tuple[Supply, ...]) -> Entry | None:
        """The new line of the list, None when there is no row left; the shard stands in its place."""
        self._temporary.unlink(missing_ok=True)
        try:
            return self._made(supplies)
        except _Kept:
            return self._old

    def _made(self, supplies: tuple[Supply, ...]) -> Entry | None:
        legacy = self._legacy()
        if not supplies and legacy is None:
            return self._old if self._is_lost else None
        if not supplies and legacy == self._target:
            return self._old
        if self._old is not None and self._old.message and legacy is not None:
            raise DamagedError(
                f"{self._old.message}; remove that file, or withdraw it: {self._forget_legacy()}"
            )
        if self._is_unchanged(legacy, supplies):
            return self._old
        self._target.parent.mkdir(parents=True, exist_ok=True)
        if not supplies and legacy is not None:
            return self._restore_legacy(legacy)
        if len(supplies) == 1 and legacy is None:
            return self._link(supplies[0])
        return self._merge(legacy, supplies)

    def _legacy(self) -> Path | None:
        """The file with the rows of the predecessor: kept apart, or still the shard."""
        if self._day in self._job.without_legacy:
            return None
        kept = self._layout.legacy_part(self._job.bucket, self._day)
        if kept.exists():
            return kept
        if self._old is not None and self._old.mark is not None and self._exists and not self._is_lost:
            return self._target
        return None

    @property
    def _is_lost(self) -> bool:
        return self._exists and self._old is not None and self._old.is_lost

    def _replaces_lost(self, candidate: Path) -> None:
        """Return when `candidate` may take the place of the shard: not where the raw logs of the shard are
        unknown, and it has rows that `candidate` lacks."""
        if not self._is_lost:
            return
        assert self._old is not None
        rounds = min(self._old.rows // ROWS_AT_ONCE + 1, 256)
        lacking, more = differences(self._target, candidate, rounds, self._job.deduplicate)
        if lacking and more:
            raise DamagedError(
                f"its checkpoints are lost; {lacking} of its "
                f"{quantity(self._old.rows, 'row is', 'rows are')} of no raw log that "
                f"was split again (or made by other rules), and {quantity(more, 'row')} of those "
                "that were are not in "
                "it. Deliver its other raw logs again, or withdraw its rows: "
                f"split forget='{LOST}:{self._job.bucket}:{self._day}'"
            )
        if lacking:
            raise _Kept

    def _forget_legacy(self) -> str:
        return f"split forget='{LEGACY}:{self._job.bucket}:{self._day}'"

    @property
    def _stands(self) -> bool:
        """Whether the shard has the lines that the list says. A run that was killed before it wrote the list
        has left others there, and what feeds the shard may be as before that run again."""
        if self._is_as_listed is None:
            old = self._old
            try:
                self._is_as_listed = old is not None and has_lines(self._target, old.digest, old.checksum)
            except OSError:  # one that cannot be read is made anew
                self._is_as_listed = False
        return self._is_as_listed

    def _is_unchanged(self, legacy: Path | None, supplies: tuple[Supply, ...]) -> bool:
        old = self._old
        if old is None or not self._exists or old.mark is not None or old.is_legacy != (legacy is not None):
            return False
        sources = old.sources[1:] if old.is_legacy else old.sources
        if len(old.sources) > 1 and old.deduplicated != self._job.deduplicate:
            return False
        feeding = tuple((supply.key, supply.part.digest) for supply in supplies)
        return sources == feeding and self._stands

    def _link(self, supply: Supply) -> Entry:
        part = supply.part
        entry = Entry(
            day=self._day,
            digest=part.digest,
            rows=part.rows,
            min_time_us=part.min_time_us,
            max_time_us=part.max_time_us,
            sources=((supply.key, part.digest),),
            checksum=self._checksum(part.digest, checksum_in(part.file)),
        )
        if not self._has(part.digest):
            try:
                size = supply.path.stat().st_size
            except FileNotFoundError:
                size = 0
            if size != part.size:
                raise _damaged(supply, f"{size} bytes, expected {part.size}")
            self._replaces_lost(supply.path)
            self._put(supply.path)
        return entry

    def _restore_legacy(self, legacy: Path) -> Entry:
        entry = self._inherited(legacy)
        assert entry is not None
        entry = replace(entry, mark=None)
        if not self._has(entry.digest):
            self._replaces_lost(legacy)
            self._put(legacy)
        return entry

    def _has(self, digest: str) -> bool:
        return self._old is not None and self._old.digest == digest and self._stands

    def _checksum(self, digest: str, new: str) -> str:
        """The checksum of the shard: `new`, or that of the file that is there, where it has these lines and
        stays; "" where that is not known."""
        if self._old is None or not self._has(digest):
            return new
        return self._old.checksum or (new if checksum(self._target) == new else "")

    def _put(self, file: Path) -> None:
        """Let `file` be the shard: linked, or copied where links are not possible."""
        if self._exists and self._target.samefile(file):
            return
        self.has_written = not _put(file, self._temporary, self._target)

    def _merge(self, legacy: Path | None, supplies: tuple[Supply, ...]) -> Entry:
        if legacy == self._target:
            kept = self._layout.legacy_part(self._job.bucket, self._day)
            kept.parent.mkdir(parents=True, exist_ok=True)
            before = new_beside(kept)
            before.unlink(missing_ok=True)
            _put(legacy, before, kept)
            legacy = kept
        inherited = self._inherited(legacy)
        dropped = self._repeated(legacy, inherited, supplies)
        try:
            with naming(self._temporary), self._temporary.open("wb") as file:
                writer = _MemberWriter(file, self._job.level)
                if legacy is not None:
                    writer.add_rows(lines_of(text_of(legacy)))
                for supply, repeated in zip(supplies, dropped, strict=True):
                    if any(repeated):
                        kept_rows = (
                            row for row, drop in zip(_rows(supply), repeated, strict=True) if not drop
                        )
                        writer.add_rows(kept_rows)
                    else:
                        writer.add_part(supply)
                digest, of_file = writer.finish()
            parts = [supply.part for supply in supplies]
            known = [inherited] if inherited is not None and inherited.min_time_us is not None else []
            least = [*(part.min_time_us for part in parts), *(e.min_time_us for e in known)]
            greatest = [*(part.max_time_us for part in parts), *(e.max_time_us for e in known)]
            entry = Entry(
                day=self._day,
                digest=digest,
                rows=sum(p.rows for p in parts)
                - sum(map(sum, dropped))
                + (inherited.rows if inherited is not None else 0),
                min_time_us=min(time for time in least if time is not None),
                max_time_us=max(time for time in greatest if time is not None),
                sources=(
                    *(inherited.sources if inherited is not None else ()),
                    *((supply.key, supply.part.digest) for supply in supplies),
                ),
                deduplicated=self._job.deduplicate,
                checksum=self._checksum(digest, of_file),
            )
            if not self._has(digest):
                self._replaces_lost(self._temporary)
                self._temporary.replace(self._target)
                self.has_written = True
            return entry
        finally:
            self._temporary.unlink(missing_ok=True)

    def _inherited(self, legacy: Path | None) -> Entry | None:
        if legacy is None:
            return None
        entry = count(legacy, self._day)
        if entry.message:
            raise DamagedError(f"{entry.message}; {self._forget_legacy()} withdraws it")
        return entry

    def _repeated(
        self, legacy: Path | None, inherited: Entry | None, supplies: tuple[Supply, ...]
    ) -> list[bytearray]:
        """For each supply and row, 1 when the row equals one of an earlier source."""
        repeated = [bytearray(supply.part.rows) for supply in supplies]
        if not self._job.deduplicate:
            return repeated
        rows = sum(map(len, repeated)) + (inherited.rows if inherited is not None else 0)
        rounds = min(rows // ROWS_AT_ONCE + 1, 256)
        for turn in range(rounds):
            seen = (
                set() if legacy is None else set(digests_of(lines_of(text_of(legacy)), rounds, turn).values())
            )
            for supply, marks in zip(supplies, repeated, strict=True):
                found = digests_of(_rows(supply), rounds, turn)
                for number, digest in found.items():
                    marks[number] = digest in seen
                seen.update(found.values())
        return repeated


class _Summing:
    """A file that is written, and the checksum of its bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.checksum = 0

    def write(self, data: bytes, /) -> None:
        self.checksum = crc32(data, self.checksum)
        self._file.write(data)


class _MemberWriter:
    """Joins parts and rows to one gzip member."""

    def __init__(self, file: BinaryIO, level: int) -> None:
        self._file = _Summing(file)
        self._content = ContentHash()
        self._member = MemberWriter(self._file, level)

    def add_part(self, supply: Supply) -> None:
        """Append the rows of a part: its deflated pieces, as they are."""
        of_part = ContentHash()
        held = b""
        begin = True
        try:
            for compressed, content in inflate(supply.path):
                held += compressed
                of_part.update(content)
                self._content.update(content)
                self._member.count(content)
                if begin and len(held) >= len(HEADER):
                    if not held.startswith(HEADER):
                        raise ValueError("another header")
                    held = held[len(HEADER) :]
                    begin = False
                if not begin and len(held) > TRAILER_SIZE:
                    self._file.write(held[:-TRAILER_SIZE])
                    held = held[-TRAILER_SIZE:]
        except (FileNotFoundError, ValueError) as error:
            raise _damaged(supply, str(error)) from None
        if of_part.hexdigest() != supply.part.digest:
            raise _damaged(supply, "other content than its checkpoint says")

    def add_rows(self, rows: Iterator[bytes]) -> None:
        """Append rows, deflated here."""
        for row in rows:
            line = row + b"\n"
            self._content.update(line)
            self._member.write(line)
        self._member.end_piece()

    def finish(self) -> tuple[str, str]:
        """Complete the member; the digest of its content, and the checksum of the file."""
        self._member.finish()
        return self._content.hexdigest(), f"{self._file.checksum:08x}"


def _rows(supply: Supply) -> Iterator[bytes]:
    try:
        yield from lines_of(content for _, content in inflate(supply.path))
    except (FileNotFoundError, ValueError) as error:
        raise _damaged(supply, str(error)) from None


def _damaged(supply: Supply, what: str) -> DamagedError:
    return DamagedError(
        f"the rows of {supply.key} for {supply.part.bucket}, {supply.part.day} are damaged "
        f"({supply.path}: {what}); name that raw log in a split (with force_recompute=1 where it was split "
        f"with other rules), or withdraw it: split forget='{supply.key}'",
        supply.key,
    )


def _put(source: Path, temporary: Path, target: Path) -> bool:
    try:
        with naming(temporary):
            linked = link_or_copy(source, temporary)
        temporary.replace(target)
        return linked
    finally:
        temporary.unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> bool:
    """Let `target`, which does not exist, have the content of `source`: a hard link, else a copy. Gives
    whether it is linked."""
    try:
        os.link(source, target)
        return True
    except OSError:  # another file system, or one without links
        with source.open("rb") as origin, writing(target) as copy:
            shutil.copyfileobj(origin, copy, 1024 * 1024)
        return False
