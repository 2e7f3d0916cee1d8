"""What this process may use of the machine: cores and memory, as the machine has them, and as a container, a
batch system or systemd limits them by control groups (Linux, cgroups(7))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")


def cores() -> int:
    """Cores that this process may use, by its affinity and by the CPU time that its groups get; a part of a
    core counts as one."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([own, *map(ceil, core_limits(_OWN_GROUPS, _GROUPS))]))


def memory() -> int:
    """Bytes of memory that this process may use."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *memory_limits(_OWN_GROUPS, _GROUPS)])


def memory_limits(own: Path, groups: Path) -> list[int]:
    """The limits of memory, in bytes, of the control groups that a process is in.

    `own` is the process's list of its groups, `groups` where they are mounted. In a container a group may be
    mounted as the root while the list names it by its path outside.
    """
    limits = []
    for folder, unified in _folders(own, groups, "memory"):
        with suppress(OSError, ValueError):  # "max", and groups that are not mounted here
            limits.append(int((folder / ("memory.max" if unified else "memory.limit_in_bytes")).read_text()))
    return limits


def core_limits(own: Path, groups: Path) -> list[float]:
    """How many cores the control groups that a process is in get at most; `own`, `groups` as in
    `memory_limits`."""
    limits = []
    for folder, unified in _folders(own, groups, "cpu"):
        with suppress(OSError, ValueError):  # "max", and groups that are not mounted here
            if unified:
                quota, period = map(int, (folder / "cpu.max").read_text().split())
            else:
                quota = int((folder / "cpu.cfs_quota_us").read_text())
                period = int((folder / "cpu.cfs_period_us").read_text())
            if quota > 0 and period > 0:  # the older form says -1 for no limit
                limits.append(quota / period)
    return limits


def _folders(own: Path, groups: Path, controller: str) -> Iterator[tuple[Path, bool]]:
    """The folders of a process's groups, and of those above them, that may have limits of a controller; and
    whether it is the form of one tree for all controllers."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return  # another system
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mounted = groups / controller if controllers else groups
        group = mounted / path.lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mounted):
                break
            yield folder, not controllers
