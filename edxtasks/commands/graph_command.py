"""What the commands that work on the graph have in common."""

from __future__ import annotations

from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.control import TaskControl
from doit.exceptions import InvalidCommand

from edxtasks.commands.ending import EndsWell
from edxtasks.commands.old_forms import AnswersOldForms
from edxtasks.graph.tasks import STEP
from edxtasks.steps.step import Step


class GraphCommand(AnswersOldForms, EndsWell, DoitCmdBase):  # type: ignore[misc]
    """A command over the tasks of dodo.py; `self.run` is the run that they belong to."""

    execute_tasks = False
    cmd_options: tuple[dict[str, Any], ...] = ()

    @property
    def run(self) -> Any:
        """The run behind the tasks. Raises doit's error for people where dodo.py is another project's."""
        run = self.loader.namespace.get("EDXTASKS_RUN")
        if run is None:
            raise InvalidCommand(
                f"this dodo.py is none of edxtasks: {self.get_name()} has nothing to look at"
            )
        return run

    def chosen(self) -> tuple[dict[str, Any], list[str]]:
        """All tasks by name, and the names of those that the command line selects."""
        control = TaskControl(self.task_list)
        control.process(self.sel_tasks)
        return control.tasks, control.selected_tasks

    def chosen_steps(self) -> dict[str, Step]:
        """The steps of the selected tasks by name, those of a group in its place; not their inputs."""
        tasks, selected = self.chosen()
        steps: dict[str, Step] = {}
        waiting = list(reversed(selected))
        while waiting:
            name = waiting.pop()
            step = (tasks[name].meta or {}).get(STEP)
            if isinstance(step, Step):
                steps[name] = step
            else:
                waiting += reversed(tasks[name].task_dep)
        return steps
