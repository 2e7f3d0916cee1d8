"""`doit forget TASK`: take the stamp of a table away, so that the next run builds it again."""

from __future__ import annotations

from doit.exceptions import InvalidCommand

from edxtasks.commands.graph_command import GraphCommand


class Forget(GraphCommand):
    """Take stamps away. Rows stay until the tables are built again. Inputs of the tasks are left alone."""

    name = "forget"
    doc_purpose = "take the stamp of a table away, so that it is rebuilt"
    doc_usage = "TASK ..."
    doc_description = None

    def _execute(self) -> int:
        if self.sel_default_tasks:
            raise InvalidCommand("forget needs a task: doit forget TASK")
        for name, step in self.chosen_steps().items():
            print(f"{name} {'forgotten' if step.forget() else 'has nothing to forget'}")
        return 0
