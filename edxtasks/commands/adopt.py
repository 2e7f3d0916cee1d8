"""`doit adopt [TASK…]`: take over tables of BigQuery that the predecessor, or somebody else, has made."""

from __future__ import annotations

from edxtasks.build.adoption import Adopting
from edxtasks.commands.graph_command import GraphCommand
from edxtasks.graph.adopting import Adopted, adopt
from edxtasks.printable import printable_message, quantity


class Adopt(GraphCommand):
    """Give tables without stamp the stamp that they would get now. Nothing is built, no row is touched."""

    name = "adopt"
    doc_purpose = "take over tables of BigQuery that others have made"
    doc_usage = "[TASK ...]"
    doc_description = (
        "Without a task: the tables of weekly. A table is taken over when its columns are those of the "
        "registry and none of its inputs will be built first; what is left is listed, with what the next run "
        "does and why."
    )

    def _execute(self) -> int:
        if self.run.context.settings.warehouse.engine != "bigquery":
            print(
                "nothing to adopt: the tables of the embedded warehouse were all built here; "
                'adopt is for engine = "bigquery"'
            )
            return 0
        warehouse: Adopting = self.run.context.warehouse
        taken = left = missing = 0
        for one in adopt(self.run, warehouse, *self.chosen()):
            print(printable_message(_told(one)))
            taken += one.reason is None
            left += one.reason is not None and one.exists
            missing += not one.exists
        print(f"{quantity(taken, 'table')} adopted, {left} to be built again, {missing} to be built")
        self.run.context.digests.save()
        return 0


def _told(one: Adopted) -> str:
    if one.reason is None:
        return f"adopted {one.table}: {quantity(one.rows, 'row')}"
    return f"{'left   ' if one.exists else 'missing'} {one.table}: {one.reason}"
