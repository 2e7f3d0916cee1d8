"""What a run says: failures and warnings at once and once, at the end the totals and a short table.

Lines about work go to stderr; totals and table, what was built and where, go to doit's output stream.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from doit.exceptions import BaseFail, UnmetDependency

from edxtasks.build.freshness import Status
from edxtasks.caches import keeps_caches
from edxtasks.errors import UserError, from_machine
from edxtasks.graph.causes import Causes
from edxtasks.graph.closing import table, totals, what
from edxtasks.graph.json_lines import JsonLines
from edxtasks.graph.record import Outcome, RunRecord, TaskRecord
from edxtasks.graph.screen import Screen
from edxtasks.graph.tasks import STEP
from edxtasks.messages import Messages
from edxtasks.printable import listed, number, printable_message
from edxtasks.steps.step import Size, Step

if TYPE_CHECKING:  # many runs make no page
    from edxtasks.pages.runs import Span

_MOST_GROUPS = 10
"""Groups of tasks, and names of failed ones, that the end of a run lists."""
_FEW_NOTES = 5
"""Notes that are told at the end also to whoever did not ask for them: the place of a page, for one."""
_OTHER_RUN = "another run has built it"


class RunReporter:
    """doit's reporter for a run. All methods are called in the parent."""

    desc = "what was built, skipped and failed, with rows and times"

    def __init__(self, outstream: IO[str], options: dict[str, Any]) -> None:
        self._out = outstream
        self.record = RunRecord()
        self.screen = Screen()
        self.verbose = False
        """Whether what was built, skipped, or fresh after all has a line at once, with its notes."""
        self.json: JsonLines | None = None
        """The lines of `log_json`; None for none."""
        self.pages: Path | None = None
        """The folder in which a page of the run is kept; None for none."""
        self.places: set[str] = set()
        """Where the tables are, for the totals."""
        self._failures = Causes()
        self._warnings = Causes()
        self._skipped = Causes()
        self._blocked: dict[str, tuple[str, ...]] = {}
        self._failed: list[str] = []
        self._notes: dict[str, None] = {}

    def initialize(self, tasks: dict[str, Any], selected_tasks: list[str]) -> None:
        """Called once, before the first check."""
        self.record.expect(tasks, selected_tasks)
        self.screen.show(self.record.snapshot)

    def get_status(self, task: Any) -> None:
        """Called before a task is checked."""
        self.record.look_at(task.name)

    def execute_task(self, task: Any) -> None:
        """Called when the work of a task begins; with several tasks at once, from its thread."""
        self.record.begin(task.name)

    def add_success(self, task: Any) -> None:
        """Called when a task is done, before anything that depends on it is checked."""
        step = _step(task)
        if step is None:
            return
        trouble = step.refreshed()
        if step.built is None:
            self._skip(task.name, step, trouble)
        elif step.built.already:
            record = self._done(task.name, step, Outcome.FRESH, step.reason or _OTHER_RUN, trouble)
            self._remark(f"fresh   {record.name}: {record.reason}")
        else:
            record = self._done(task.name, step, Outcome.BUILT, step.reason, trouble)
            self._remark(f"built   {record.name}: {what(record)}, {record.seconds:.1f} s  ({record.reason})")
            self._tell_notes(step.built.messages)

    def skip_uptodate(self, task: Any) -> None:
        """Called for a task that has nothing to do."""
        step = _step(task)
        if step is None:
            return
        if step.status is Status.SKIPPED:
            self._skip(task.name, step)
        elif self.json is None:  # tens of thousands of tasks have nothing to do, and nothing to tell
            self.record.count(Outcome.FRESH)
        else:
            self._done(task.name, step, Outcome.FRESH, step.reason)

    def skip_ignore(self, task: Any) -> None:
        """Called for a task that the user told doit to ignore."""
        self._done(task.name, _step(task), Outcome.IGNORED, "")

    def add_failure(self, task: Any, fail: BaseFail) -> None:
        """Called when a task failed, or could not be tried."""
        step = _step(task)
        if isinstance(fail, UnmetDependency):
            if step is not None:
                causes = self._causes_of(fail.message.split())
                self._blocked[task.name] = causes
                self._done(task.name, step, Outcome.BLOCKED, f"{listed(causes)} failed")
            return
        trouble = step.refreshed() if step is not None else None
        text = fail.message if step is not None else fail.get_msg()
        trouble = None if trouble == text else trouble  # the failure is told once
        self._failed.append(task.name)
        first = self._failures.add(text, task.name)
        if not first:
            self.screen.say(f"FAILED  {task.name}: {text}")
        else:
            self._remark(f"FAILED  {task.name}: as {first}")
        self._done(task.name, step, Outcome.FAILED, text, trouble)

    def cleanup_error(self, exception: BaseFail) -> None:
        """Called when a teardown failed."""
        self.screen.say(exception.get_msg())

    def runtime_error(self, message: str) -> None:
        """Called for an error of doit's own, such as an invalid task."""
        self._failed.append("doit")
        self.screen.say(message)

    def teardown_task(self, task: Any) -> None:
        """Called when a task is torn down."""

    def complete_run(self) -> None:
        """Called at the end: totals, what was built, and once more the names of what failed."""
        self.screen.stop()
        told = totals(self.record)
        tables = any(one.outcome is Outcome.BUILT and one.unit == "rows" for one in self.record.ran)
        where = f"; tables in {', '.join(sorted(self.places))}" if self.places and tables else ""
        for line in (f"{told}{where}", *table(self.record.ran, self.verbose)):
            self.screen.write(self._out, line)
        page = self._keep_page(f"{told}.")
        for line in self._endings(page):
            self.screen.say(line)

    def _endings(self, page: Path | None) -> Iterator[str]:
        """What is told behind the table: what was skipped, not tried, or had the same cause as others, and
        the names of what failed."""
        if not self.verbose:
            if len(self._notes) <= _FEW_NOTES:
                yield from self._notes
            skipped = [f"skipped {listed(names)}: {reason}" for reason, names in self._skipped.grouped()]
            yield from _first(skipped, "reasons of skipped tasks (verbose=1 tells all)")
        yield from self._not_tried()
        warned = [
            f"{number(len(names))} warned as {first}: {listed(names)}"
            for first, names in self._warnings.repeated()
        ]
        yield from _first(warned, "groups of tasks with the same warnings")
        for first, names in self._failures.repeated():
            yield f"{number(len(names))} failed as {first}: {listed(names)}"
        if self._failed:
            where = f"; the page of this run: {page}" if page is not None else ""
            yield f"failed: {listed(self._failed, _MOST_GROUPS)}{where}"

    def _causes_of(self, names: Sequence[str]) -> tuple[str, ...]:
        """The tasks that failed, of inputs that failed or were not tried since others did."""
        causes = (cause for name in names for cause in self._blocked.get(name, (name,)))
        return tuple(dict.fromkeys(causes))

    def _skip(self, name: str, step: Step, trouble: str | None = None) -> None:
        reason = step.reason
        self._done(name, step, Outcome.SKIPPED, reason, trouble)
        if reason:  # else it was told with another task
            self._skipped.add(reason, name)
            self._remark(f"skipped {name}: {reason}")

    def _done(
        self, name: str, step: Step | None, outcome: Outcome, reason: str, trouble: str | None = None
    ) -> TaskRecord:
        """Record what a task came to, and tell its warnings; `trouble` is one more."""
        built = step.built if step is not None else None
        warnings = [*(built.messages.warnings if built is not None else ()), *([trouble] if trouble else ())]
        record = self._recorded(name, step, outcome, reason, warnings)
        self.record.add(record)
        if self.json is not None:
            self.json.task(record)
        self._warn(name, warnings)
        return record

    def _recorded(
        self, name: str, step: Step | None, outcome: Outcome, reason: str, warnings: Sequence[str]
    ) -> TaskRecord:
        running = self.record.end(name)
        now = self.record.seconds
        built = step.built if step is not None and outcome is Outcome.BUILT else None
        size = Size()
        if self.json is not None and step is not None and outcome in {Outcome.BUILT, Outcome.FRESH}:
            size = step.size()
        return TaskRecord(
            name,
            outcome,
            reason,
            began=running.began if running is not None else now,
            ended=now,
            lane=running.lane if running is not None else 0,
            rows=built.rows if built is not None else size.rows,
            unit=built.unit if built is not None else "rows",
            dates=built.dates if built is not None else None,
            bytes=size.bytes if built is None or built.bytes is None else built.bytes,
            rejects=built.messages.counts["rejects"] if built is not None else 0,
            warnings=tuple(warnings),
            ran=running is not None or outcome is Outcome.FAILED,
        )

    def _warn(self, name: str, warnings: Sequence[str]) -> None:
        new = [line for line in warnings if not self._warnings.add(line, name)]
        if new:
            self.screen.say(f"warning {name}: " + "\n".join(new))

    def _tell_notes(self, messages: Messages) -> None:
        """Tell notes that are new: at once, or at the end where they are few."""
        new = {line: None for line in messages.lines if line in messages.notes and line not in self._notes}
        self._notes.update(new)
        for line in new:
            self._remark(f"        {line}")

    def _remark(self, line: str) -> None:
        """Tell what only those want to know who asked for it."""
        if self.verbose:
            self.screen.say(line)

    def _not_tried(self) -> Iterator[str]:
        blocked: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for name, causes in self._blocked.items():
            blocked[causes].append(name)
        for causes, names in blocked.items():
            yield f"{number(len(names))} not tried since {listed(causes)} failed: {listed(names)}"

    def _keep_page(self, ending: str) -> Path | None:
        """Keep a page of a run in which something ran. Whatever goes wrong with it is a warning."""
        if self.pages is None or not self.record.ran or not keeps_caches():
            return None
        from edxtasks.pages.runs import keep, run_page

        try:
            spans = [_span(one) for one in self.record.ran]
            page = run_page(self.record.wall, spans, ending, list(self._not_tried()))
            return keep(self.pages, self.record.wall, page)
        except Exception as error:  # noqa: BLE001 - the run is over, and what it made is made
            told = error if isinstance(error, UserError) else from_machine(error) or repr(error)
            self.screen.say(f"warning: the page of the run could not be kept: {told}")
            return None


def _step(task: Any) -> Step | None:
    step = (task.meta or {}).get(STEP)
    return step if isinstance(step, Step) else None


def _span(record: TaskRecord) -> Span:
    """A task as the page of the run shows it: amounts and the reason, or why it failed."""
    from edxtasks.pages.runs import Span

    text = f"{what(record)} ({record.reason})" if record.outcome is Outcome.BUILT else record.reason
    failed = record.outcome is Outcome.FAILED
    return Span(record.name, record.lane, record.began, record.ended, printable_message(text), failed)


def _first(lines: Sequence[str], of: str) -> Iterator[str]:
    """The first of many lines, and how many more there are."""
    yield from lines[:_MOST_GROUPS]
    if len(lines) > _MOST_GROUPS:
        yield f"and {number(len(lines) - _MOST_GROUPS)} more {of}"
