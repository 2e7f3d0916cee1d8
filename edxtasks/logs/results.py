"""What a split tells: on the way, and in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Progress:
    """How far a run is. `stage`: `waiting` (another run has the log directory), `splitting`, `publishing`.

    `bytes` and `bytes_done` are bytes of the raw logs to split, as they lie on disk; `path` is the raw log
    that was worked on last; `waiting` says who has the log directory. The same object is handed out each
    time.
    """

    files: int = 0
    bytes: int = 0
    files_done: int = 0
    bytes_done: int = 0
    stage: str = "splitting"
    path: Path | None = None
    waiting: str = ""


@dataclass(frozen=True)
class FileResult:
    """What became of one raw log.

    `state` as `decisions.Decision.action`; `split` and `failed` here mean that it was. `complete` is False
    when only the readable part was taken. lines = blank + rows + rejects, and lines of retired
    learners; of a failed log they tell how far it was read. `shards`: the days that it feeds, by bucket.
    `new_keys`: unknown keys that no raw log had before. `warnings`: what a person should know of a raw
    log that was split all the same.
    """

    path: Path
    key: str
    state: str
    message: str
    complete: bool = True
    lines: int = 0
    blank: int = 0
    rows: int = 0
    rejects: Mapping[str, int] = field(default_factory=dict)
    shards: Mapping[str, list[str]] = field(default_factory=dict)
    new_keys: tuple[str, ...] = ()
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def courses(self) -> int:
        """Number of buckets that it feeds."""
        return len(self.shards)

    @property
    def days(self) -> int:
        """Number of days that it feeds."""
        return len({day for days in self.shards.values() for day in days})


@dataclass
class SplitResult:
    """What a run did.

    `changed`: the shards (bucket, day) that are others now, or gone. `unpublished`: shards that could not
    be rebuilt, and why; they stay as they were, and the next run tries them again. `taken_over`: number
    of shards that no run made and that are listed now. `lost`: shards whose checkpoints are gone, and which
    keep their rows, since not all of them are of raw logs at hand. `old_rejects`: number of files of rejected
    lines that were removed, since they were older than they are kept.
    """

    files: list[FileResult] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    unpublished: dict[tuple[str, str], str] = field(default_factory=dict)
    taken_over: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)
    old_rejects: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing failed and every raw log was read to its end."""
        return not self.unpublished and all(f.state != "failed" and f.complete for f in self.files)
