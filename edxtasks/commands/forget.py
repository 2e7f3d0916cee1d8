"""`doit forget TASK`: take the stamp of a table away, so that the next run builds it anew."""

from __future__ import annotations

from doit.exceptions import InvalidCommand

from edxtasks.commands.base import GraphCommand
from edxtasks.graph.steps import Step
from edxtasks.graph.tasks import STEP


class Forget(GraphCommand):
    """Take stamps away. Rows stay until the tables are built again. Inputs of the tasks are left alone."""

    name = "forget"
    doc_purpose = "take the stamp of a table away, so that it is built anew"
    doc_usage = "TASK ..."
    doc_description = None

    def _execute(self) -> int:
        if self.sel_default_tasks:
            raise InvalidCommand("forget needs a task: doit forget TASK")
        tasks, selected = self.chosen()
        steps = {}
        for name in selected:
            for one in [name, *(sub for sub in tasks[name].task_dep if _step(tasks[name]) is None)]:
                for inner in [one, *(sub for sub in tasks[one].task_dep if _step(tasks[one]) is None)]:
                    step = _step(tasks[inner])
                    if step is not None:
                        steps[inner] = step
        for name, step in steps.items():
            print(f"{name} {'forgotten' if step.forget() else 'has nothing to forget'}")
        return 0


def _step(task: object) -> Step | None:
    step = (getattr(task, "meta", None) or {}).get(STEP)
    return step if isinstance(step, Step) else None
