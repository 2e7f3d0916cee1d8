"""The registry: every table, once, found by its file below `edxtasks/tables/`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from edxtasks.build.model import read_models
from edxtasks.build.model_checks import with_checks
from edxtasks.build.model_errors import with_fault, with_place
from edxtasks.build.python_modules import read_modules
from edxtasks.config import Options
from edxtasks.errors import nearest
from edxtasks.table import TRACKLOG, Need, SqlModel, Table

TABLES = Path(__file__).parents[1] / "tables"
"""Tables lie in folders by area below this one: models, and modules of the package of this name."""
PACKAGE = "edxtasks.tables"


_NOT_BY_DATE = (
    "it reads tracklog and is not partitioned: it could not heed start_date and end_date. Count by date in a "
    "table of its own, and read that"
)


class RegistryError(ValueError):
    """Two tables of the product itself with one name: a defect."""


def read_registry(state: Path | None, reserved: Collection[str] = ()) -> dict[str, Table]:
    """All tables by name, inputs before what reads them. `state` is the folder for the cache of models.

    A model that is wrong by itself, or beside the others (it reads what no table is, or itself by a
    detour; a column that its input has not; an order that has ties by the grain of its inputs), is in it as
    a table with a `fault`. So is a table whose name or command is one of `reserved`, words that mean
    something else on the command line: here it is called NAME_table, so that it can fail by itself.
    """
    cache = state / "models.json" if state is not None else None
    modules = list(read_modules(TABLES, PACKAGE))
    declared = {table.name: table.schema for table in modules}
    tables = put_together(read_models(TABLES, cache, declared), modules, reserved)
    return with_checks(tables, state / "model_checks.json" if state is not None else None)


def put_together(
    models: Mapping[str, Table], others: Iterable[Table], reserved: Collection[str] = ()
) -> dict[str, Table]:
    """The registry of models and of the tables that are none."""
    tables = dict(models)
    for table in others:
        model = models.get(table.name)
        if model is not None:
            if table.external:
                continue
            tables[table.name] = with_fault(
                model, _told(model, "a table that is not a model has this name already")
            )
            continue
        if table.name in tables:
            raise RegistryError(f"{table.name} is declared twice")
        tables[table.name] = table
    tables = {table.name: table for table in (_renamed(table, reserved) for table in tables.values())}
    tables = {name: _checked(table, tables) for name, table in tables.items()}
    while cycle := _cycle(tables):
        text = "a cycle of inputs: " + " <- ".join([*cycle, cycle[0]])
        for name in cycle:
            tables[name] = with_fault(tables[name], _told(tables[name], text))
    return _in_order(tables)


def _checked(table: Table, tables: Mapping[str, Table]) -> Table:
    """The table, with a fault where its inputs are not what they must be."""
    for source in table.inputs:
        if source == TRACKLOG:
            if table.partition is None:
                return with_fault(table, _told(table, _NOT_BY_DATE, TRACKLOG))
        elif source not in tables:
            known = nearest(source, tables)
            return with_fault(table, _told(table, f"it reads {source}, which is not a table{known}", source))
    return table


def _renamed(table: Table, reserved: Collection[str]) -> Table:
    """The table, under another name and with a fault where its own, or that of its command, is reserved."""
    words = [word for word in (table.task, *(one.name for one in table.commands)) if word in reserved]
    if not words or table.external:
        return table
    fault = (
        f"{words[0]} is a task or command of doit or of edxtasks already: give the "
        f"{'table' if words[0] == table.task else 'command of the table'} another name"
    )
    name = f"{table.name}_table" if table.task in reserved else table.name
    return dataclasses.replace(
        with_fault(table, _told(table, fault)), name=name, command=name.rpartition(".")[2]
    )


def _told(table: Table, fault: str, word: str = "") -> str:
    """A fault with file and, where `word` stands in the query, line."""
    if isinstance(table.builder, SqlModel):
        return with_place(table.builder, fault, *([word] if word else []))
    return f"{table.name}: {fault}"


def _cycle(tables: Mapping[str, Table]) -> list[str]:
    """The names of some cycle of inputs, [] when there is none."""
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done or name == TRACKLOG:
            return []
        path.append(name)
        for source in tables[name].inputs:
            if found := visit(source):
                return found
        done.add(path.pop())
        return []

    return next((found for name in sorted(tables) if (found := visit(name))), [])


def _in_order(tables: Mapping[str, Table]) -> dict[str, Table]:
    ordered: dict[str, Table] = {}

    def visit(name: str) -> None:
        if name in ordered or name == TRACKLOG:
            return
        for source in tables[name].inputs:
            visit(source)
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


def commands(registry: Mapping[str, Table], options: Options | None = None) -> dict[str, list[str]]:
    """By command the tables that it makes with these options (None: no option), in order of the registry."""
    made: dict[str, list[str]] = {}
    given = options or Options()
    for table in registry.values():
        for command in table.commands:
            if command.holds(given):
                made.setdefault(command.name, []).append(table.name)
    return made


def chosen_by(registry: Mapping[str, Table], option: str) -> set[str]:
    """The commands that make more tables with an option (`NAME when OPTION`): for them it means no more."""
    given = (one for table in registry.values() for one in table.commands)
    return {one.name for one in given if one.option == option and not one.unless}
