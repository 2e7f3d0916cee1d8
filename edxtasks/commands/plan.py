"""`doit plan [TASK…]`: what would run, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from edxtasks.build.removed import removed_tables
from edxtasks.commands.graph_command import GraphCommand
from edxtasks.course import base_and_course
from edxtasks.graph.plan import Planned, PlannedStatus, plan
from edxtasks.graph.table_step import TableStep
from edxtasks.graph.tasks import STEP
from edxtasks.printable import printable_message

LONG = 30
"""A plan of more lines than this begins with a summary by command."""

_QUIET = (PlannedStatus.FRESH, PlannedStatus.SKIPPED)
_COLUMNS = (PlannedStatus.WILL_RUN, PlannedStatus.MAY_RUN, PlannedStatus.SET_ASIDE)

_SUMMARY = {
    "name": "summary",
    "short": "",
    "long": "summary",
    "type": bool,
    "default": False,
    "help": "only the summary by command and the totals",
}


class Plan(GraphCommand):
    """Say what a run of the tasks would do, and why, without doing it."""

    name = "plan"
    only_looks = True
    doc_purpose = "say what would run, and why"
    doc_usage = "[--summary] [TASK ...]"
    doc_description = (
        "Without a task: the plan of weekly. Fresh tasks are only counted. A task that will run is stale, or "
        "does not exist; one that may run is fresh, but what it is made from will be built, and may change. "
        "A long plan begins with a summary: how many tasks of each command, of how many courses."
    )
    cmd_options = (_SUMMARY,)

    def _execute(self, summary: bool) -> int:
        tasks, selected = self.chosen()
        planned = plan(tasks, selected)
        moving = [one for one in planned if one.planned not in _QUIET]
        if moving and (summary or len(moving) > LONG):
            for line in _summary([(_command_of(tasks[one.name], one.name), one) for one in moving]):
                print(printable_message(line))
            print()
        for one in () if summary else moving:
            print(printable_message(f"{one.planned.value:9} {one.name}: {one.reason}"))
        for table in removed_tables(self.run.context):
            print(f"removed   {table}: edxtasks does not make it any more; doit clean removes it")
        counts = Counter(one.planned for one in planned)
        print(
            ", ".join(f"{counts[planned]} {planned.value}" for planned in PlannedStatus if counts[planned])
            or "no task"
        )
        return 0


def _command_of(task: Any, name: str) -> str:
    """The command that makes the table of a task, else the task without its course."""
    step = task.meta[STEP]
    if isinstance(step, TableStep) and step.table.commands:
        return step.table.commands[0].name
    return base_and_course(name)[0]


def _summary(planned: Sequence[tuple[str, Planned]]) -> Iterator[str]:
    """A line for each command: how many of its tasks have which outlook, and of how many courses."""
    commands = list(dict.fromkeys(command for command, _ in planned))
    counts = Counter((command, one.planned) for command, one in planned)
    columns = [column for column in _COLUMNS if any(counts[command, column] for command in commands)]
    width = max(len("command"), *map(len, commands))
    yield f"{'command':{width}}  " + "  ".join(column.value for column in columns) + "  courses"
    for command in commands:
        courses = {base_and_course(one.name)[1] for of, one in planned if of == command} - {""}
        cells = "  ".join(f"{counts[command, column]:>{len(column.value)}}" for column in columns)
        yield f"{command:{width}}  {cells}  {len(courses) or '-':>7}"
