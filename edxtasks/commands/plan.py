"""`doit plan [TASK…]`: what would run, and why."""

from __future__ import annotations

from collections import Counter

from edxtasks.commands.base import GraphCommand
from edxtasks.graph.plan import Outlook, plan
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
            if one.outlook not in {Outlook.FRESH, Outlook.SKIPPED}:
                print(printable_message(f"{one.outlook.value:9} {one.name}: {one.reason}"))
        counts = Counter(one.outlook for one in planned)
        print(
            ", ".join(f"{counts[outlook]} {outlook.value}" for outlook in Outlook if counts[outlook])
            or "no task"
        )
        return 0
