"""What a run would cost on BigQuery: for each task of its plan, what its queries would read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edxtasks.build.estimates import Estimate, Estimating, estimate
from edxtasks.errors import UserError
from edxtasks.graph.plan import PlannedStatus, plan, steps_before
from edxtasks.graph.table_step import TableStep
from edxtasks.graph.tasks import STEP
from edxtasks.steps.step import Run
from edxtasks.table import SqlModel

_MOVING = {PlannedStatus.WILL_RUN, PlannedStatus.MAY_RUN}


@dataclass(frozen=True)
class Cost:
    """What a task that will or may run reads.

    `estimate` is None where `unknown` says what has to be built first, or `fault` why it cannot be told.
    `changing` are its inputs that will or may be built before it: their size may be another one then.
    """

    task: str
    planned: PlannedStatus
    estimate: Estimate | None = None
    unknown: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()
    every_date: bool = False
    fault: str = ""


def costs(run: Run, warehouse: Estimating, tasks: Mapping[str, Any], selected: Iterable[str]) -> list[Cost]:
    """The cost of each task that will or may run and queries the warehouse, inputs first.

    Tasks that load files are left out: loads are free.
    """
    found = []
    planned = {one.name: one for one in plan(tasks, selected)}
    for name, one in planned.items():
        step = tasks[name].meta[STEP]
        if one.planned not in _MOVING or not isinstance(step, TableStep):
            continue
        if not isinstance(step.table.builder, SqlModel):
            continue
        before = [planned[dep] for dep in steps_before(tasks, name) if dep in planned]
        moving = [dep.name for dep in before if dep.planned in _MOVING]
        unknown = tuple(dep for dep in moving if not tasks[dep].meta[STEP].exists)
        if unknown or (step.verdict is not None and step.verdict.lacks):
            lacks = step.verdict.lacks if step.verdict is not None else ""
            found.append(Cost(name, one.planned, unknown=unknown or (lacks,)))
            continue
        every_date = bool(moving) or name in run.forced
        try:
            told = estimate(run.context, warehouse, step.table, step.course, every_date)
        except UserError as fault:
            found.append(Cost(name, one.planned, fault=str(fault)))
            continue
        dated = every_date and step.table.partition is not None
        found.append(Cost(name, one.planned, told, changing=tuple(moving), every_date=dated))
    return found
