"""Sets of tables that have a name of their own on the command line: `doall`, `weekly` and others.

A table says which sets it is part of. A set may have those of another one too, or only those of another one
that new logs reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edxtasks.table import TRACKLOG, Need, Table


@dataclass(frozen=True)
class TableSet:
    """A set: what it is for, the set whose tables it has too, and whether of these only what logs reach.

    `marked`: it is remembered for which courses it has succeeded (`skip_already_successful`).
    """

    text: str
    of: str = ""
    reached_by_logs: bool = False
    marked: bool = False


SETS: Mapping[str, TableSet] = {
    "setup_sql": TableSet("load a new SQL dump"),
    "doall": TableSet("everything that comes from dump, logs and content", marked=True),
    "nightly": TableSet("everything that new logs reach", of="doall", reached_by_logs=True, marked=True),
    "daily_logs": TableSet("read raw logs and load their days"),
    "weekly": TableSet("everything: raw logs, the chosen courses, then what is made over them", of="doall"),
}

WHOLE = "weekly"
"""The set of a run for which nothing is named."""


def tables_of_set(registry: Mapping[str, Table], name: str) -> list[str]:
    """The tables of a set, in order of the registry."""
    declared = SETS[name]
    chosen = {table.name for table in registry.values() if name in table.sets}
    if declared.of:
        others = tables_of_set(registry, declared.of)
        reached = set(reached_by_logs(registry)) if declared.reached_by_logs else set(others)
        chosen |= set(others) & reached
    return [name for name in registry if name in chosen]


def reached_by_logs(registry: Mapping[str, Table]) -> list[str]:
    """The tables that depend on the tracking log, directly or through others."""
    reached: dict[str, None] = {}
    for name, table in registry.items():
        needs = [source for source, need in table.inputs.items() if need is not Need.BORROWED]
        if any(source == TRACKLOG or source in reached for source in needs):
            reached[name] = None
    return list(reached)
