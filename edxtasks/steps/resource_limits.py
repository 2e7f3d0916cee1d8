"""How tasks that run side by side share the machine: cores and memory are one budget."""

from __future__ import annotations

from dataclasses import replace

from edxtasks.config import Settings
from edxtasks.machine import cores, memory
from edxtasks.warehouse.base import ResourceLimits

PART_OF_MEMORY = 0.8
"""Of the memory of the machine or of its control group, what all task processes together may take."""


def share(settings: Settings, processes: int) -> ResourceLimits:
    """What one of `processes` task processes may take: threads of the engine, memory. Loads take all of what
    a person gave a process, and else no more than they need at the speed of two cores."""
    side_by_side = max(1, processes)
    threads = max(1, cores() // side_by_side)
    given = ResourceLimits(threads, settings.engine.memory_limit)
    if given.megabytes is not None:
        return replace(given, memory_of_loads=int(given.megabytes))
    megabytes = int(memory() * PART_OF_MEMORY / side_by_side) >> 20
    return ResourceLimits(threads, f"{megabytes}MiB")


def split_workers(settings: Settings) -> int:
    """Processes inside one split: the setting `workers`, 0 meaning as many as cores."""
    return settings.engine.workers or cores()
