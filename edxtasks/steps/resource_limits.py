"""How tasks that run side by side share the machine: cores and memory are one budget."""

from __future__ import annotations

import os

from edxtasks.config import Settings
from edxtasks.warehouse.base import ResourceLimits

PART_OF_MEMORY = 0.8
"""Of the machine's memory, what all task processes together may take."""


def share(settings: Settings, processes: int) -> ResourceLimits:
    """What one of `processes` task processes may take: threads of the engine, memory."""
    side_by_side = max(1, processes)
    memory = settings.engine.memory_limit
    if not memory:
        megabytes = int(_memory() * PART_OF_MEMORY / side_by_side) >> 20
        memory = f"{megabytes}MiB"
    return ResourceLimits(max(1, cores() // side_by_side), memory)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def split_workers(settings: Settings) -> int:
    """Processes inside one split: the setting `workers`, 0 meaning as many as cores."""
    return settings.engine.workers or cores()


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
