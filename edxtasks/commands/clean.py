"""`doit clean TASK`: remove the tables of tasks, and the files written beside the dump."""

from __future__ import annotations

from doit.exceptions import InvalidCommand

from edxtasks.build.removed import removed_tables
from edxtasks.commands.ending import FAILED
from edxtasks.commands.graph_command import GraphCommand

_DRY_RUN = {
    "name": "dryrun",
    "short": "n",
    "long": "dry-run",
    "type": bool,
    "default": False,
    "help": "only name what would be removed",
}


class Clean(GraphCommand):
    """Remove the tables of the named tasks: neither their inputs nor what is made from them."""

    name = "clean"
    doc_purpose = "remove the tables of tasks"
    doc_usage = "[-n] [TASK ...]"
    doc_description = (
        "The tables of the named tasks, and the files that were written beside the dump, are removed; the "
        "next run makes them again. With -n they are only named. Without a task those tables of the chosen "
        "courses are removed that an earlier version made, and this one does not make any more."
    )
    cmd_options = (_DRY_RUN,)

    def _execute(self, dryrun: bool) -> int:
        if self.sel_default_tasks:
            return self._remove_removed(dryrun)
        removable = 0
        for name, step in self.chosen_steps().items():
            there = step.removable()
            if there is None:
                print(f"{name} makes no table: clean leaves it alone")
                continue
            removable += 1
            if not there:
                print(f"{name} has nothing to remove")
            if there and not dryrun:
                step.clean()
            for one in there:
                print(f"{name}: {'would remove' if dryrun else 'removed'} {one}")
        return 0 if removable else FAILED

    def _remove_removed(self, dryrun: bool) -> int:
        """Remove the tables that are in the registry no more."""
        warehouse = self.run.context.warehouse
        tables = removed_tables(self.run.context)
        if not tables:
            raise InvalidCommand(
                "clean needs a task: doit clean TASK removes its tables, doit clean -n TASK only names them"
            )
        for table in tables:
            if not dryrun:
                with warehouse.lock(table):
                    warehouse.drop(table)
            print(f"{'would remove' if dryrun else 'removed'} {table}: edxtasks does not make it any more")
        return 0
