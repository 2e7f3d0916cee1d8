"""`doit why TASK`: why a task would run, or why not."""

from __future__ import annotations

from doit.exceptions import InvalidCommand

from edxtasks.build.last_failures import LastFailures
from edxtasks.commands.graph_command import GraphCommand
from edxtasks.graph.plan import PlannedStatus, plan
from edxtasks.graph.tasks import STEP
from edxtasks.printable import printable_message


class Why(GraphCommand):
    """Say why a task would run, with the tasks before it that would."""

    name = "why"
    only_looks = True
    doc_purpose = "say why a task would run, or why not"
    doc_usage = "TASK ..."
    doc_description = None

    def _execute(self) -> int:
        if self.sel_default_tasks:
            raise InvalidCommand("why needs a task: doit why TASK")
        failures = LastFailures.read(self.run.context.settings.engine.state)
        tasks, selected = self.chosen()
        planned = plan(tasks, selected)
        groups = [name for name in selected if STEP not in (tasks[name].meta or {})]
        asked = set(selected) | {sub for name in groups for sub in tasks[name].task_dep}
        for one in planned:
            if one.name in asked or one.planned in {PlannedStatus.WILL_RUN, PlannedStatus.SET_ASIDE}:
                reason = f": {one.reason}" if one.reason else ""
                print(printable_message(f"{one.name} {_verb(one.planned)}{reason}"))
                failure = failures.found.get(tasks[one.name].meta[STEP].makes)
                if failure is not None:
                    print(printable_message(f"        it failed when it was last tried, {failure.told}"))
        return 0


def _verb(planned: PlannedStatus) -> str:
    return (
        "is skipped"
        if planned is PlannedStatus.SKIPPED
        else f"is {planned.value}"
        if planned is PlannedStatus.FRESH
        else planned.value
    )
