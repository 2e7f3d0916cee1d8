"""What a run would do, and why, without doing it.

A task is *fresh*, it *will run* (it is stale, or does not exist), or it *may run*: it is fresh as things
stand, but an input of it will or may run, and that input may come out unchanged. A task whose required
input is missing now will run when that input will. A table that has nothing to be made from any more *will be
set aside*; what reads it is looked at as if it were gone already.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edxtasks.build.freshness import Status
from edxtasks.course import base_and_course
from edxtasks.errors import ServiceError
from edxtasks.graph.screen import counted
from edxtasks.graph.tasks import ONLY_AFTER, STEP
from edxtasks.printable import listed
from edxtasks.steps.step import Step

_SHOWN = 4
"""Inputs that a reason names."""


class PlannedStatus(enum.Enum):
    """What would become of a task."""

    FRESH = "fresh"
    WILL_RUN = "will run"
    MAY_RUN = "may run"
    SET_ASIDE = "will be set aside"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Planned:
    """A task, what would become of it, and why."""

    name: str
    planned: PlannedStatus
    reason: str


def plan(tasks: Mapping[str, Any], selected: Iterable[str]) -> list[Planned]:
    """The outlook of the selected tasks and of all that they are made from, inputs first; no groups. Where
    that takes long, how far it is is shown."""
    found: dict[str, Planned] = {}
    with counted("looking at", in_order(tasks, selected)) as names:
        for name in names:
            step = (tasks[name].meta or {}).get(STEP)
            if isinstance(step, Step):
                before = [found[dep] for dep in steps_before(tasks, name) if dep in found]
                bringing = [found[dep] for dep in tasks[name].meta[ONLY_AFTER] if dep in found]
                found[name] = outlook_of(step, before, bringing)
    return list(found.values())


def outlook_of(step: Step, inputs: list[Planned], bringing: Sequence[Planned] = ()) -> Planned:
    """What would become of a step whose inputs have these outlooks. Looks whether the step is fresh.

    `bringing` are tasks that may bring what a step without anything to read is made for. Raises
    `ServiceError` where a service cannot be used that knows it: nothing can be told of other steps either.
    """
    status = step.look()
    if isinstance(step.fault, ServiceError):
        raise step.fault
    if status is Status.SKIPPED:
        inputs = [*inputs, *bringing]
    moving = [one for one in inputs if one.planned in {PlannedStatus.WILL_RUN, PlannedStatus.MAY_RUN}]
    if status is Status.STALE:
        return Planned(step.name, PlannedStatus.WILL_RUN, step.reason)
    certain = [one for one in moving if one.planned is PlannedStatus.WILL_RUN]
    if status is Status.SET_ASIDE and not moving:
        return Planned(step.name, PlannedStatus.SET_ASIDE, step.reason)
    if status in {Status.SKIPPED, Status.SET_ASIDE}:
        if not moving:
            return Planned(step.name, PlannedStatus.SKIPPED, step.reason)
        planned = PlannedStatus.WILL_RUN if certain else PlannedStatus.MAY_RUN
        inputs_told = _inputs(certain, "and", step.name) if certain else _inputs(moving, "or", step.name)
        return Planned(step.name, planned, f"{step.reason}; {inputs_told} {planned.value}")
    if moving:
        return Planned(step.name, PlannedStatus.MAY_RUN, f"if {_inputs(moving, 'or', step.name)} changes")
    return Planned(step.name, PlannedStatus.FRESH, step.reason)


def _inputs(planned: list[Planned], word: str, of: str) -> str:
    """Inputs of a task in words, the last after `word`, with their courses where these are not its own."""
    own = base_and_course(of)[1]
    courses: dict[str, list[str]] = {}
    for one in planned:
        base, course = base_and_course(one.name)
        courses.setdefault(base, []).extend([course] if course not in {"", own} else [])
    names = [f"{base} of {listed(found)}" if found else base for base, found in courses.items()]
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    *first, last = [*names[:_SHOWN], *more]
    return f"{', '.join(first)} {word} {last}" if first else last


def steps_before(tasks: Mapping[str, Any], name: str) -> Iterator[str]:
    """The tasks with a step that a task is made from, through groups."""
    only_after = (tasks[name].meta or {}).get(ONLY_AFTER, ())
    for dependency in tasks[name].task_dep:
        if dependency in only_after:
            continue
        if (tasks[dependency].meta or {}).get(STEP) is not None:
            yield dependency
        else:
            yield from steps_before(tasks, dependency)


def in_order(tasks: Mapping[str, Any], selected: Iterable[str]) -> list[str]:
    """The selected tasks and their dependencies, each after what it depends on."""
    ordered: dict[str, None] = {}
    waiting = [(name, False) for name in reversed(list(selected))]
    while waiting:
        name, ready = waiting.pop()
        if name in ordered:
            continue
        if ready:
            ordered[name] = None
            continue
        waiting.append((name, True))
        waiting += [(dep, False) for dep in reversed(tasks[name].task_dep) if dep not in ordered]
    return list(ordered)
