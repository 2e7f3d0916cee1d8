"""What a run shows: a line for each task that did something, and a short table at the end.

Lines about work go to stderr; the closing table, what was built and where, goes to doit's output stream.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from doit.exceptions import BaseFail, UnmetDependency

from edxtasks.build.freshness import Status
from edxtasks.caches import keeps_caches
from edxtasks.course import CourseKey
from edxtasks.errors import from_machine
from edxtasks.graph.tasks import STEP
from edxtasks.pages.runs import Span, keep, run_page
from edxtasks.printable import listed, number, printable_message
from edxtasks.steps.step import Step

LONGEST_TABLE = 40
"""Lines of the closing table that name single tasks; a longer run is added up by kind of task."""

_SLOW = 3.0
_EVERY = 2.0


@dataclass(frozen=True)
class _Line:
    """A line of the closing table."""

    name: str
    what: str
    amount: int
    unit: str
    seconds: float
    rejects: int


class RunReporter:
    """doit's reporter for a run. All methods are called in the parent; `progress` from any thread."""

    desc = "what was built, skipped and failed, with rows and times"

    def __init__(self, outstream: IO[str], options: dict[str, Any]) -> None:
        self._out = outstream
        self._began: dict[str, float] = {}
        self._start = time.monotonic()
        self._lines: list[_Line] = []
        self._counts: dict[str, int] = defaultdict(int)
        self._failed: list[tuple[str, str]] = []
        self._blocked: dict[str, list[str]] = defaultdict(list)
        self._told: dict[str, float] = {}
        self._lock = threading.Lock()
        self._tables: set[str] = set()
        self._noted: set[str] = set()
        # Kept here: while a task runs, doit puts something else in the place of sys.stderr.
        self._err = sys.stderr
        self._lost: set[int] = set()
        self.pages: Path | None = None
        """The folder in which a page of the run is kept; None for none."""
        self._wall = datetime.now(UTC)
        self._lanes: dict[int, int] = {}
        self._lane_of: dict[str, int] = {}
        self._spans: list[Span] = []
        self.nobody_reads: Callable[[], None] = lambda: None
        """Called, from any thread, when what is written here goes nowhere any more."""

    def initialize(self, tasks: dict[str, Any], selected_tasks: list[str]) -> None:
        """Called once, before the first check."""

    def get_status(self, task: Any) -> None:
        """Called before a task is checked."""

    def execute_task(self, task: Any) -> None:
        """Called when the work of a task begins; with several tasks at once, from its thread."""
        self._began[task.name] = time.monotonic()
        with self._lock:  # a thread has a worker of its own
            self._lane_of[task.name] = self._lanes.setdefault(threading.get_ident(), len(self._lanes))

    def progress(self, name: str, done: int, of: int, unit: str) -> None:
        """Tell how far a long task is, with rate and time left."""
        now = time.monotonic()
        passed = now - self._began.get(name, now)
        with self._lock:
            if passed < _SLOW or now - self._told.get(name, 0.0) < _EVERY:
                return
            self._told[name] = now
        rate = done / passed
        left = f", {(of - done) / rate:.0f} s left" if of and rate else ""
        total = f" of {number(of)}" if of else ""
        self._say(f"        {name}: {number(done)}{total} {unit}, {number(int(rate))} {unit}/s{left}")

    def add_success(self, task: Any) -> None:
        """Called when a task is done, before anything that depends on it is checked."""
        step = _step(task)
        if step is None:
            return
        trouble = step.refreshed()
        self._note_span(task.name, _outcome(step))
        seconds = time.monotonic() - self._began.get(task.name, time.monotonic())
        built = step.built
        if built is None or built.already:
            word = "skipped" if built is None else "fresh"
            self._counts[word] += 1
            self._say(f"{word:8}{task.name}: {step.reason or 'another run has built it'}")
            self._say_trouble(trouble)
            return
        self._counts["built"] += 1
        what = f"{number(built.rows)} {built.unit}" + (
            f", {built.dates} dates" if built.dates is not None else ""
        )
        rejects = built.messages.counts["rejects"]
        self._lines.append(_Line(task.name, what, built.rows, built.unit, seconds, rejects))
        self._say(f"built   {task.name}: {what}, {seconds:.1f} s  ({step.reason})")
        for line in built.messages.lines:
            if line not in self._noted:
                self._noted.add(line)
                self._say(f"        {line}")
        self._say_trouble(trouble)

    def skip_uptodate(self, task: Any) -> None:
        """Called for a task that has nothing to do."""
        step = _step(task)
        if step is None:
            return
        if step.status is Status.SKIPPED:
            self._counts["skipped"] += 1
            if step.reason:  # else it was told with another task
                self._say(f"skipped {task.name}: {step.reason}")
        else:
            self._counts["fresh"] += 1

    def skip_ignore(self, task: Any) -> None:
        """Called for a task that the user told doit to ignore."""
        self._counts["ignored"] += 1

    def add_failure(self, task: Any, fail: BaseFail) -> None:
        """Called when a task failed, or could not be tried."""
        step = _step(task)
        if isinstance(fail, UnmetDependency):
            if step is not None:
                self._counts["blocked"] += 1
                self._blocked[fail.message].append(task.name)
            return
        trouble = step.refreshed() if step is not None else None
        self._counts["failed"] += 1
        text = fail.message if step is not None else fail.get_msg()
        self._failed.append((task.name, text))
        self._note_span(task.name, text, failed=True)
        self._say(f"FAILED  {task.name}: {text}")
        self._say_trouble(trouble)

    def cleanup_error(self, exception: BaseFail) -> None:
        """Called when a teardown failed."""
        self._say(exception.get_msg())

    def runtime_error(self, message: str) -> None:
        """Called for an error of doit's own, such as an invalid task."""
        self._failed.append(("doit", message))
        self._say(message)

    def teardown_task(self, task: Any) -> None:
        """Called when a task is torn down."""

    def complete_run(self) -> None:
        """Called at the end: the closing table, and what failed."""
        self._closing_table()
        order = ("built", "fresh", "skipped", "failed", "blocked", "ignored")
        counts = ", ".join(
            f"{self._counts[word]} {word}" for word in order if self._counts[word] or word == "built"
        )
        ending = f"{counts} in {time.monotonic() - self._start:.1f} s"
        self._write(self._out, f"{ending}{self._where()}")
        for cause, names in self._blocked.items():
            self._say(f"{len(names)} not tried since {cause.split()[0]} failed: {listed(names)}")
        if self._failed:
            self._say("failed:")
            for name, text in self._failed:
                self._say(f"  {name}: {text.splitlines()[0] if text else 'no reason given'}")

        self._keep_page(f"{ending}.")

    def _note_span(self, name: str, text: str, failed: bool = False) -> None:
        now = time.monotonic()
        began = self._began.get(name, now)
        lane = self._lane_of.get(name, 0)
        shown = printable_message(text)
        self._spans.append(Span(name, lane, began - self._start, now - self._start, shown, failed))

    def _keep_page(self, ending: str) -> None:
        """Keep a page of a run in which something ran. Whatever goes wrong with it is a warning."""
        if self.pages is None or not self._spans or not keeps_caches():
            return
        try:
            keep(self.pages, self._wall, run_page(self._wall, self._spans, ending))
        except Exception as error:  # noqa: BLE001 - the run is over, and what it made is made
            self._say(f"warning: the page of the run could not be kept: {from_machine(error) or error!r}")

    def locate(self, where: str) -> None:
        """Say where the tables are, for the closing line."""
        self._tables.add(where)

    def _where(self) -> str:
        return (
            f"; tables in {', '.join(sorted(self._tables))}" if self._tables and self._counts["built"] else ""
        )

    def _closing_table(self) -> None:
        lines = self._lines
        if not lines:
            return
        if len(lines) > LONGEST_TABLE:
            lines = _by_kind(lines)
        width = max(len(line.name) for line in lines)
        what_width = max(len(line.what) for line in lines)
        for line in lines:
            told = f"  {number(line.rejects)} rejects" if line.rejects else ""
            what = f"{line.name:{width}}  {line.what:>{what_width}}"
            self._write(self._out, f"built   {what}  {line.seconds:7.1f} s{told}")

    def _say_trouble(self, trouble: str | None) -> None:
        if trouble is not None:
            self._say(f"        {trouble}")

    def _say(self, message: str) -> None:
        self._write(self._err, message)

    def _write(self, stream: IO[str], message: str) -> None:
        """Write a message. It never raises in the thread of a task: what cannot be written ends the run."""
        if id(stream) in self._lost:
            return
        try:
            with self._lock:
                print(printable_message(message), file=stream, flush=True)
        except OSError as error:
            self._lost.add(id(stream))
            if isinstance(error, BrokenPipeError):
                self.nobody_reads()
            elif stream is not self._err:  # a file on a full disk, say
                self._say(f"the closing table could not be written: {from_machine(error)}")


def _step(task: Any) -> Step | None:
    step = (task.meta or {}).get(STEP)
    return step if isinstance(step, Step) else None


def _outcome(step: Step) -> str:
    """What came of a task that did not fail: amounts and the reason."""
    built = step.built
    if built is None or built.already:
        return step.reason or "another run has built it"
    return f"{number(built.rows)} {built.unit} ({step.reason})"


def _by_kind(lines: list[_Line]) -> list[_Line]:
    kinds: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        name, _, course = line.name.partition(":")
        kinds[name if CourseKey.find(course) else line.name].append(line)
    added = []
    for kind, members in kinds.items():
        amount = sum(line.amount for line in members)
        courses = f", {len(members)} courses" if members[0].name != kind else ""
        added.append(
            _Line(
                kind,
                f"{number(amount)} {members[0].unit}{courses}",
                amount,
                members[0].unit,
                sum(line.seconds for line in members),
                sum(line.rejects for line in members),
            )
        )
    return added
