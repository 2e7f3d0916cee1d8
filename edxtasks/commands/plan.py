"""`doit plan [TASK…]`: what would run, and why."""

from __future__ import annotations

from collections import Counter

from edxtasks.build.removed import removed_tables
from edxtasks.commands.base import GraphCommand
from edxtasks.graph.plan import PlannedStatus, plan
from edxtasks.printable import printable_message


class Plan(GraphCommand):
    """Say what a run of the tasks would do, and why, without doing it."""

    name = "plan"
    only_looks = True
    doc_purpose = "say what would run, and why"
    doc_usage = "[TASK ...]"
    doc_description = "Without a task: the plan of weekly. Fresh tasks are only counted."

    def _execute(self) -> int:
        planned = plan(*self.chosen())
        for one in planned:
            if one.planned not in {PlannedStatus.FRESH, PlannedStatus.SKIPPED}:
                print(printable_message(f"{one.planned.value:9} {one.name}: {one.reason}"))
        for table in removed_tables(self.run.context):
            print(f"removed   {table}: edxtasks does not make it any more; doit clean removes it")
        counts = Counter(one.planned for one in planned)
        print(
            ", ".join(f"{counts[planned]} {planned.value}" for planned in PlannedStatus if counts[planned])
            or "no task"
        )
        return 0
