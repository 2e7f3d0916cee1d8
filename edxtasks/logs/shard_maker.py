"""One shard: made from the parts of all raw logs that feed its course and day.

A shard is one gzip member. Its rows are those of the parts in the order of their sources; a part that is
alone is the shard, linked. A shard whose content would be the same keeps its file and its time.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from edxtasks.compression import checksum
from edxtasks.files import writing
from edxtasks.logs.layout import Layout, naming, new_beside
from edxtasks.logs.legacy import count
from edxtasks.logs.parts import checksum_in
from edxtasks.logs.shard_lists import Entry
from edxtasks.logs.shard_rows import differences, digests_of, has_lines, lines_of, text_of
from edxtasks.logs.shard_writer import ShardWriter
from edxtasks.logs.source_keys import LEGACY, LOST
from edxtasks.logs.supplies import DamagedError, Supply, damaged, rows_of
from edxtasks.printable import quantity

ROWS_AT_ONCE = 1_000_000
"""Most rows whose digests are kept in memory while equal rows are looked for."""


class _Kept(Exception):
    """A shard whose raw logs are not known stays as it is: no row that it lacks is at hand."""


@dataclass(frozen=True)
class ShardJob:
    """The work of making one shard anew. `old` is its line of the list.

    With `without_legacy` its rows of the predecessor are withdrawn, with `without_lost` those of unknown raw
    logs. `level` is that of gzip; with `deduplicate` a row goes that equals one of a source before it.
    """

    layout: Layout
    bucket: str
    day: str
    old: Entry | None
    level: int
    deduplicate: bool
    without_legacy: bool
    without_lost: bool


class ShardMaker:
    """Makes one shard."""

    def __init__(self, job: ShardJob) -> None:
        self._job = job
        self._layout = job.layout
        self._day = job.day
        self._old = None if job.old is not None and job.old.is_lost and job.without_lost else job.old
        self._target = job.layout.shard(job.bucket, job.day)
        self._temporary = new_beside(self._target)
        self._exists = self._target.exists()
        self._is_as_listed: bool | None = None
        self.has_written = False
        """Whether what the shard holds was written for it, and not linked."""

    def make(self, supplies: tuple[Supply, ...]) -> Entry | None:
        """The new line of the list, None when there is no row left; the shard stands in its place.

        Raises `DamagedError`, or `RawLogError` or `OSError` where a file cannot be read or written.
        """
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
        if self._job.without_legacy:
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
                raise damaged(supply, f"{size} bytes, expected {part.size}")
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
                writer = ShardWriter(file, self._job.level)
                if legacy is not None:
                    writer.add_rows(lines_of(text_of(legacy)))
                for supply, repeated in zip(supplies, dropped, strict=True):
                    if any(repeated):
                        kept_rows = (
                            row for row, drop in zip(rows_of(supply), repeated, strict=True) if not drop
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
                found = digests_of(rows_of(supply), rounds, turn)
                for number, digest in found.items():
                    marks[number] = digest in seen
                seen.update(found.values())
        return repeated


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
