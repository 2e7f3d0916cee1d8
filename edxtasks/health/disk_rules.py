"""The rule over disks: whether a week more fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edxtasks.config import Settings
from edxtasks.health.findings import PROBLEM, Finding, share_of

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Disk:
    """One file system: a folder on it for people, its free bytes, and what the newest week took there."""

    folder: str
    free: int
    week: int


def full_disks(disks: Sequence[Disk], settings: Settings) -> Iterator[Finding]:
    """Disks on which the next week may not fit."""
    for disk in disks:
        needed = share_of(settings.health_disk_weeks, disk.week)
        if disk.free < needed:
            yield Finding(
                "disk_full",
                PROBLEM,
                f"{_megabytes(disk.free)} free where {disk.folder} lies, and "
                f"{settings.health_disk_weeks:g} weeks need about {_megabytes(int(needed))}. Make room",
                file=disk.folder,
                number=disk.free,
                expected=float(needed),
            )


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:,.0f} MB".replace(",", " ")
