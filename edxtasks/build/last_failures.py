"""Which tasks failed when they were last tried, and why: kept below `state`, for people who ask later.

A build that fails leaves the old table, so nothing in the warehouse tells of it. What is kept here decides
nothing: a file that is gone or cannot be read says that nothing failed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from edxtasks.caches import read_cache, write_cache

LONGEST = 600
"""Characters of a reason that are kept."""


@dataclass(frozen=True)
class Failure:
    """When (UTC) a task failed, its name, and the reason as it was told."""

    when: datetime
    task: str
    reason: str

    @property
    def told(self) -> str:
        """The failure in a line: `2014-10-26 03:15 UTC: the reason`."""
        return f"{self.when:%Y-%m-%d %H:%M} UTC: {self.reason.partition(chr(10))[0]}"


@dataclass
class LastFailures:
    """The failures that no success has followed, by what was to be made: `dataset.table`, else the task."""

    path: Path
    found: dict[str, Failure]
    _changes: dict[str, Failure | None] = field(default_factory=dict)
    _seen: tuple[int, int] | None = None

    @classmethod
    def read(cls, state: Path) -> LastFailures:
        """Those that are kept below `state`."""
        path = state / "failures.json"
        mark = _mark(path)
        return cls(path, _read(path), _seen=mark)

    def failed(self, what: str, task: str, reason: str) -> None:
        """A task failed. It is kept at once: the run may be killed."""
        self._changes[what] = Failure(datetime.now(UTC), task, reason[:LONGEST])
        self.save()

    def succeeded(self, what: str) -> None:
        """What failed before is made, or there is nothing to make any more. It is kept at once: a page that
        this run makes later tells of failures."""
        self._hear_of_others()
        if what in self.found or self._changes.get(what) is not None:
            self._changes[what] = None
            self.save()

    def save(self) -> None:
        """Keep what this run found, beside what others have found in the meantime."""
        if not self._changes:
            return
        kept: dict[str, Failure | None] = {**_read(self.path), **self._changes}
        self.found = {what: failure for what, failure in kept.items() if failure is not None}
        written = {what: [one.when.isoformat(), one.task, one.reason] for what, one in self.found.items()}
        write_cache(self.path, orjson.dumps(written, option=orjson.OPT_SORT_KEYS))

    def _hear_of_others(self) -> None:
        """Read what another run has kept since it was read here."""
        mark = _mark(self.path)
        if mark != self._seen:
            self._seen, self.found = mark, _read(self.path)


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


def _read(path: Path) -> dict[str, Failure]:
    kept = read_cache(path)
    return {
        what: Failure(datetime.fromisoformat(when), task, reason)
        for what, (when, task, reason) in (kept if isinstance(kept, dict) else {}).items()
    }
