"""How tasks that run side by side share the machine: cores and memory are one budget."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.warehouse.base import ResourceLimits

PART_OF_MEMORY = 0.8
"""Of the memory of the machine or of its control group, what all task processes together may take."""

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


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
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *group_limits(_OWN_GROUPS, _GROUPS)])


def group_limits(own: Path, groups: Path) -> list[int]:
    """The limits of memory, in bytes, of the control groups that a process is in (Linux, cgroups(7)), as a
    container, a batch system or systemd sets them.

    `own` is the process's list of its groups, `groups` where they are mounted. In a container a group may be
    mounted as the root while the list names it by its path outside.
    """
    limits = []
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []  # another system
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        mounted, file = (
            (groups / "memory", "memory.limit_in_bytes") if controllers else (groups, "memory.max")
        )
        group = mounted / path.lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mounted):
                break
            with suppress(OSError, ValueError):  # "max", and groups that are not mounted here
                limits.append(int((folder / file).read_text()))
    return limits
