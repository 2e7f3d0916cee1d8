"""Taking over what others have built: for each task of a plan whose table has no stamp."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edxtasks.build.adoption import Adopting, NotAdoptedError, adopt_table, is_foreign
from edxtasks.errors import UserError
from edxtasks.graph.plan import Planned, PlannedStatus, in_order, outlook_of, steps_before
from edxtasks.graph.table_step import TableStep
from edxtasks.graph.tasks import STEP
from edxtasks.steps.step import Run, Step


@dataclass(frozen=True)
class Adopted:
    """What became of a table: its rows where it was taken over, else why it was not (None: it was).

    `table` is the name of the task, for a log day that of the day table behind it. `exists` is False for a
    table that is to be built because there is none.
    """

    table: str
    rows: int = 0
    reason: str | None = None
    exists: bool = True


def adopt(
    run: Run, warehouse: Adopting, tasks: Mapping[str, Any], selected: Iterable[str]
) -> Iterator[Adopted]:
    """Take over the tables of the selected tasks and of all that they are made from, inputs first.

    A table one of whose inputs will be built first is left: it would be built again right after.
    """
    found: dict[str, Planned] = {}
    for name in in_order(tasks, selected):
        step = (tasks[name].meta or {}).get(STEP)
        if not isinstance(step, Step):
            continue
        taken = step.adopt(warehouse)
        if taken is not None:
            yield from (Adopted(f"{name} {part}", rows) for part, rows in taken.rows.items())
            yield from (Adopted(f"{name} {part}", reason=why) for part, why in taken.left.items())
        elif not isinstance(step, TableStep):
            continue
        before = [found[dep] for dep in steps_before(tasks, name) if dep in found]
        planned = outlook_of(step, before)
        if isinstance(step, TableStep):
            foreign = is_foreign(run.context, warehouse, step.table, step.course)
            if foreign:
                yield _taken(run, warehouse, name, step, before)
                planned = outlook_of(step, before)
            elif planned.planned is PlannedStatus.WILL_RUN:
                exists = run.context.state(step.table, step.course) is not None
                yield Adopted(name, reason=planned.reason, exists=exists)
        found[name] = planned


def _taken(run: Run, warehouse: Adopting, name: str, step: TableStep, before: list[Planned]) -> Adopted:
    first = [one.name for one in before if one.planned is PlannedStatus.WILL_RUN]
    if first:
        shown = ", ".join(first[:3]) + (" …" if len(first) > 3 else "")
        return Adopted(name, reason=f"{shown} will be built before it")
    try:
        return Adopted(name, adopt_table(run.context, warehouse, step.table, step.course).rows)
    except (NotAdoptedError, UserError) as reason:
        return Adopted(name, reason=str(reason))
