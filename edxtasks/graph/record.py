"""The record of a run: what each task came to, and what is being worked on.

There is one of it. The lines that scroll by, the live place of a terminal, the totals, the lines of
`log_json` and the page of the run are all made from it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from edxtasks.graph.tasks import STEP


class Outcome(StrEnum):
    """What a task came to, in the words and the order of the totals."""

    BUILT = "built"
    FRESH = "fresh"
    SKIPPED = "skipped"
    FAILED = "failed"
    BLOCKED = "blocked"
    IGNORED = "ignored"


@dataclass(frozen=True)
class TaskRecord:
    """A task that is done with.

    `reason` says why it was built or skipped, or why it failed; of a blocked one it names the tasks that
    failed. `began` and `ended` are seconds from the start of the run, the same where nothing ran; `lane` is
    the worker, from 0. `rows` (of `unit`), `dates` (None: not built by date) and `bytes` are of what is
    there now; None where that is not known.
    """

    name: str
    outcome: Outcome
    reason: str = ""
    began: float = 0.0
    ended: float = 0.0
    lane: int = 0
    rows: int | None = None
    unit: str = "rows"
    dates: int | None = None
    bytes: int | None = None
    rejects: int = 0
    warnings: tuple[str, ...] = ()
    ran: bool = False

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass
class Running:
    """A task at work: since when, and how far it is (`of` 0: of an unknown amount, `unit` "": not told)."""

    name: str
    began: float
    lane: int = 0
    done: int = 0
    of: int = 0
    unit: str = ""


@dataclass(frozen=True)
class Snapshot:
    """A moment of a run, as the live place and the line of a log show it.

    `done` of `total` tasks; `running` are the longest first; `looking_at` is the task that is checked, ""
    for none.
    """

    seconds: float
    done: int
    total: int
    failed: int
    warned: int
    running: tuple[Running, ...]
    looking_at: str = ""


@dataclass
class RunRecord:
    """Everything that is known of a run. Called from any thread."""

    wall: datetime = field(default_factory=lambda: datetime.now(UTC))
    start: float = field(default_factory=time.monotonic)
    counts: Counter[Outcome] = field(default_factory=Counter)
    warned: int = 0
    ran: list[TaskRecord] = field(default_factory=list)
    """The tasks that ran, in the order in which they ended."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Running] = {}
        self._lanes: dict[int, int] = {}
        self._looking_at = ""
        self._tasks: Mapping[str, Any] = {}
        self._selected: Sequence[str] = ()
        self._total: int | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self.start

    def expect(self, tasks: Mapping[str, Any], selected: Sequence[str]) -> None:
        """Note what the run is about. How many tasks that is, is counted when somebody asks."""
        self._tasks, self._selected, self._total = tasks, selected, None

    def look_at(self, name: str) -> None:
        """A task is checked."""
        self._looking_at = name

    def begin(self, name: str) -> None:
        """The work of a task begins, in the thread that calls."""
        with self._lock:  # a thread has a worker of its own
            lane = self._lanes.setdefault(threading.get_ident(), len(self._lanes))
            self._running[name] = Running(name, self.seconds, lane)
            self._looking_at = ""

    def progress(self, name: str, done: int, of: int, unit: str) -> None:
        """A task at work tells how far it is."""
        with self._lock:
            running = self._running.get(name)
            if running is not None:
                running.done, running.of, running.unit = done, of, unit

    def end(self, name: str) -> Running | None:
        """The work of a task is over. Gives what was known of it; None where it never began."""
        with self._lock:
            return self._running.pop(name, None)

    def count(self, outcome: Outcome) -> None:
        """A task is done with, of which nothing else is to be known."""
        with self._lock:
            self.counts[outcome] += 1

    def add(self, record: TaskRecord) -> None:
        """A task is done with."""
        with self._lock:
            self.counts[record.outcome] += 1
            self.warned += bool(record.warnings)
            if record.ran:
                self.ran.append(record)

    def snapshot(self) -> Snapshot:
        """The run as it is now."""
        if self._total is None:
            self._total = _steps(self._tasks, self._selected)
        with self._lock:
            running = sorted(self._running.values(), key=lambda one: one.began)
            done = sum(self.counts.values())
            return Snapshot(
                self.seconds,
                done,
                max(self._total, done),
                self.counts[Outcome.FAILED],
                self.warned,
                tuple(Running(**vars(one)) for one in running),
                self._looking_at,
            )


def _steps(tasks: Mapping[str, Any], selected: Iterable[str]) -> int:
    """How many tasks with a step the selected ones come to, with all that they depend on."""
    reached = set(selected)
    waiting = list(reached)
    while waiting:
        new = [name for name in tasks[waiting.pop()].task_dep if name not in reached]
        reached.update(new)
        waiting += new
    return sum(STEP in (tasks[name].meta or {}) for name in reached)
