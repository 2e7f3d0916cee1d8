"""The state of tasks for people: fresh, stale, never built, failed last time, …"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edxtasks.build.last_failures import LastFailures
from edxtasks.graph.plan import Planned, PlannedStatus, plan, steps_before
from edxtasks.graph.tasks import STEP
from edxtasks.steps.step import Step


class State(enum.Enum):
    """What a task that was looked at is, worst first."""

    FAILED = "failed"
    """It is stale, and its last try failed."""
    NEVER_BUILT = "never built"
    STALE = "stale"
    SET_ASIDE = "to be set aside"
    MAY_CHANGE = "may change"
    """It is fresh, and something that it is made from is not."""
    NO_SOURCE = "no source"
    """There is nothing to make it from."""
    FRESH = "fresh"


_OF_OTHERS = {
    PlannedStatus.MAY_RUN: State.MAY_CHANGE,
    PlannedStatus.SET_ASIDE: State.SET_ASIDE,
    PlannedStatus.SKIPPED: State.NO_SOURCE,
    PlannedStatus.FRESH: State.FRESH,
}


def states(tasks: Mapping[str, Any], names: Iterable[str], failures: LastFailures) -> dict[str, State]:
    """The state of the tasks with a step among these and all that they are made from. Looks at each."""
    return {one.name: state_of(tasks[one.name].meta[STEP], one, failures) for one in plan(tasks, list(names))}


def state_of(step: Step, planned: Planned, failures: LastFailures) -> State:
    """The state of a step that was looked at."""
    if planned.planned is not PlannedStatus.WILL_RUN:
        return _OF_OTHERS[planned.planned]
    if step.makes in failures.found:
        return State.FAILED
    return State.STALE if step.exists else State.NEVER_BUILT


def steps_of(tasks: Mapping[str, Any], name: str) -> Iterator[str]:
    """The tasks with a step that a name stands for: itself, else the members of the group, each once."""
    if isinstance((tasks[name].meta or {}).get(STEP), Step):
        yield name
    else:
        yield from dict.fromkeys(steps_before(tasks, name))


def summary(found: Iterable[State]) -> str:
    """States in words: the one that all have, else how many have which, worst first."""
    counts = Counter(found)
    if len(counts) == 1:
        return next(iter(counts)).value
    return ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state]) or "-"
