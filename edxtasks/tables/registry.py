"""The registry: every table, once. Models are read from their files, loaded tables from their room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from edxtasks.tables.awaited import AWAITED
from edxtasks.tables.declaration import TRACKLOG, Need, Scope, Table
from edxtasks.tables.loaded import LOADED
from edxtasks.tables.model import read_models

MODELS = Path(__file__).parent
"""Models lie in folders by area below this one."""


class RegistryError(ValueError):
    """A registry that does not hold together: an input nobody makes, a cycle."""


def read_registry(state: Path | None) -> dict[str, Table]:
    """All tables by name, inputs before what reads them. `state` is the folder for the cache of models."""
    cache = state / "models.json" if state is not None else None
    declared = {table.name: table.schema for table in (*LOADED, *AWAITED)}
    tables = read_models(MODELS, cache, declared)
    for table in (*LOADED, *AWAITED):
        if table.name in tables:
            if table.awaited:
                continue
            raise RegistryError(f"{table.name} is declared twice")
        tables[table.name] = table
    return _in_order(tables)


def _in_order(tables: Mapping[str, Table]) -> dict[str, Table]:
    ordered: dict[str, Table] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name in path:
            raise RegistryError("a cycle of inputs: " + " <- ".join([*path, name]))
        path.append(name)
        for source in tables[name].inputs:
            if source == TRACKLOG:
                if tables[name].partition is None:
                    raise RegistryError(
                        f"{name} reads tracklog and is not partitioned: it could not heed start_date and "
                        "end_date. Count by date in a table of its own, and read that"
                    )
                continue
            if source not in tables:
                raise RegistryError(f"{name} reads {source}, which no table of the registry is")
            visit(source)
        path.pop()
        ordered[name] = tables[name]

    for name in sorted(tables):
        visit(name)
    return ordered


def upstream(registry: Mapping[str, Table], names: Iterable[str]) -> set[str]:
    """The tables named and all that they are made from (`tracklog` among them), borrowed ones left out."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name != TRACKLOG:
            inputs = registry[name].inputs
            waiting += [source for source, need in inputs.items() if need is not Need.BORROWED]
    return found


def commands(registry: Mapping[str, Table]) -> dict[str, list[str]]:
    """Command name → the tables that it makes, in order of the registry; awaited tables left out."""
    made: dict[str, list[str]] = {}
    for table in registry.values():
        if not table.awaited:
            made.setdefault(table.command, []).append(table.name)
    return made


def of_scope(registry: Mapping[str, Table], scope: Scope) -> list[Table]:
    """The tables of a scope that this version makes, in order of the registry."""
    return [table for table in registry.values() if table.scope is scope and not table.awaited]
