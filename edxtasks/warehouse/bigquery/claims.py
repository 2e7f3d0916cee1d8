"""Who changes a table: said in its labels before its rows change, and looked at after.

While rows change, a table says nothing of itself: a crash leaves it stale, never wrongly fresh. No lock
reaches other machines; two builds of one table at once end with one of them, or with no stamp at all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edxtasks.errors import UserError
from edxtasks.warehouse.base import TableName, TableState, digest
from edxtasks.warehouse.bigquery import labels
from edxtasks.warehouse.bigquery.service import Service


def job_key(kind: str, service: Service, name: TableName, stamp: str, listed: labels.Listed | None) -> str:
    """What the ids of the jobs of a build are made of: for what, and after which build.

    The same stamp after another build is another job.
    """
    built = listed.labels.get(labels.BUILT, "") if listed is not None else ""
    return digest(kind, service.projects.of(name.dataset), str(name), stamp, built)


@dataclass(frozen=True)
class Claim:
    """What a table said before it was claimed: all its labels, and those that the claim changed."""

    said: Mapping[str, str]
    changed: labels.Labels

    def begun_by(self, key: str) -> bool:
        """Whether the build of `key` was the last that began to change the table."""
        return self.said.get(labels.RUN) == key

    def undo(self, service: Service, name: TableName) -> None:
        """Let the table say again what it said: its rows did not change."""
        table = service.find(name) if self.changed else None
        if table is not None:
            service.relabel(table, self.changed)


def begin(service: Service, name: TableName, key: str, series: str | None = None) -> Claim:
    """Say who changes a table, and take away what it says of itself."""
    table = service.find(name)
    if table is None:
        return Claim({}, {})
    changes: dict[str, str | None] = {**labels.UNKNOWN, labels.RUN: key}
    if series is not None:
        changes[labels.SERIES] = series
    said = dict(table.labels)
    before = {label: said.get(label) for label in changes}
    if before != changes:
        service.relabel(table, changes)
    return Claim(said, before)


def end(service: Service, name: TableName, key: str, state: TableState, description: str) -> Any:
    """Say of a table what it is now; the table.

    Raises `UserError`, and leaves it without stamp, when another run has begun to change it.
    """
    table = service.get(name)
    run = table.labels.get(labels.RUN)
    if run != key and (run is not None or labels.STAMP in table.labels):
        service.relabel(table, labels.UNKNOWN)
        raise UserError(
            f"{name}: another run has built the table at the same time; it is left without stamp, run again"
        )
    table.description = description
    return service.relabel(table, labels.written(state) | {labels.RUN: key, labels.BUILT: now()})


def made_by(table: Any, key: str) -> bool:
    """Whether the last build of a table that is there is that of `key`."""
    return table is not None and table.labels.get(labels.RUN) == key


def now() -> str:
    """This moment, as a label."""
    return str(time.time_ns() // 1_000)
