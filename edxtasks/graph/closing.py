"""The end of a run in words: totals, and a short table of what was built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from edxtasks.course import CourseKey
from edxtasks.graph.progress_words import of_unit
from edxtasks.graph.record import Outcome, RunRecord, TaskRecord
from edxtasks.printable import number, quantity

LONGEST_TABLE = 40
"""Lines of the table that name single tasks, with `verbose=1`; a longer run is added up by kind of task."""
SHORT_TABLE = 12
"""Lines of it otherwise: the totals above it are to stay in sight."""


@dataclass(frozen=True)
class _Line:
    name: str
    what: str
    amount: int
    unit: str
    seconds: float
    rejects: int


def totals(record: RunRecord) -> str:
    """How many tasks came to what, in how many seconds."""
    told = [
        f"{number(record.counts[one])} {one}" for one in Outcome if record.counts[one] or one is Outcome.BUILT
    ]
    warned = [f"{number(record.warned)} warned"] if record.warned else []
    return f"{', '.join([*told, *warned])} in {record.seconds:.1f} s"


def what(record: TaskRecord) -> str:
    """What a task has built: rows, and dates of a table by date. It may have been of dates that are to go."""
    built = quantity(record.dates, "date") if record.dates else "no new dates"
    dates = f", {built}" if record.dates is not None else ""
    return of_unit(record.rows or 0, record.unit) + dates


def table(records: Sequence[TaskRecord], verbose: bool = False) -> list[str]:
    """A line for each task that was built, or for each kind of task where they are many: those that took
    longest, unless with `verbose` all."""
    lines = [
        _Line(one.name, what(one), one.rows or 0, one.unit, one.seconds, one.rejects)
        for one in records
        if one.outcome is Outcome.BUILT
    ]
    if len(lines) > (LONGEST_TABLE if verbose else SHORT_TABLE):
        lines = _by_kind(lines)
    rest: set[str] = set()
    if not verbose and len(lines) > SHORT_TABLE:
        by_time = sorted(lines, key=lambda line: (not line.rejects, -line.seconds))
        rest = {line.name for line in by_time[SHORT_TABLE:]}
    shown = [line for line in lines if line.name not in rest]
    width = max((len(line.name) for line in shown), default=0)
    what_width = max((len(line.what) for line in shown), default=0)
    told = []
    for line in shown:
        rejects = f"  {quantity(line.rejects, 'reject')}" if line.rejects else ""
        built = f"{line.name:{width}}  {line.what:>{what_width}}"
        told.append(f"built   {built}  {line.seconds:7.1f} s{rejects}")
    if rest:
        seconds = sum(line.seconds for line in lines if line.name in rest)
        told.append(
            f"and {quantity(len(rest), 'more kind', 'more kinds')} of tasks in "
            f"{seconds:.1f} s (verbose=1 names them)"
        )
    return told


def _by_kind(lines: list[_Line]) -> list[_Line]:
    kinds: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        name, _, course = line.name.partition(":")
        kinds[name if CourseKey.find(course) else line.name].append(line)
    added = []
    for kind, members in kinds.items():
        amount = sum(line.amount for line in members)
        courses = f", {quantity(len(members), 'course')}" if members[0].name != kind else ""
        added.append(
            _Line(
                kind,
                of_unit(amount, members[0].unit) + courses,
                amount,
                members[0].unit,
                sum(line.seconds for line in members),
                sum(line.rejects for line in members),
            )
        )
    return added
