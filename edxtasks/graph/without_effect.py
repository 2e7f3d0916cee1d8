"""What is said on the command line and would do nothing: a setting or option that only other tasks heed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edxtasks.build.table_metadata import settings_of
from edxtasks.config import Options, Settings, setting_of
from edxtasks.config.needs import FOR_ALL, HEEDED_BY
from edxtasks.errors import SettingsError
from edxtasks.printable import listed
from edxtasks.steps.task import DUMP, PLACES_OF_REPORTS, Registry, Task
from edxtasks.table import REPORT, TRACKLOG, Scope, Table, commands_in

_FOR_ANY_TABLE = frozenset({"force_recompute"})
"""Options with which a command makes more tables, and that mean something to other tasks too."""
_DATES = ("start_date", "end_date", "skip_last_day")
_UNSET = Options()
_SHOWN = 6
"""Names of those who heed an option that are told."""


@dataclass(frozen=True)
class Reach:
    """What a run may do: the names of its tables; of its tasks, and of the commands and sets that these and
    the tables are part of; and the names that stand on the line."""

    tables: frozenset[str]
    names: frozenset[str]
    named: frozenset[str]


def read_without_table(registry: Registry, tables: Iterable[str]) -> set[str]:
    """What tables read that tasks without a table make: log days, and the sorted dump."""
    found = set()
    for table in (registry[name] for name in tables if name != TRACKLOG):
        if TRACKLOG in table.inputs:
            found.add(TRACKLOG)
        if table.reads_files:
            found.add(DUMP)
    return found


def reach_of(
    registry: Registry, targets: Iterable[str], tasks: Iterable[Task], options: Options, named: frozenset[str]
) -> Reach:
    """The reach of a run that may build these tables and do these tasks without a table; `named` are the
    names on its line, that of the command among them."""
    names = set(named)
    for task in tasks:
        names |= {*task.names, *task.groups(options), task.stands_for}
    tables = [registry[name] for name in targets if name != TRACKLOG]
    for table in tables:
        names |= {table.task, table.name, *table.sets, *(one.name for one in table.commands)}
    own = {name for table in tables for name in (table.name, table.declared)}
    return Reach(frozenset(own), frozenset(names), named)


@dataclass(frozen=True)
class _Heeding:
    """Who heeds one setting or option: tables (with the name that people know each by), tasks that are part
    of a run, commands that a person names."""

    tables: Mapping[str, str]
    tasks: Sequence[str]
    commands: Sequence[str]

    def is_in(self, reach: Reach) -> bool:
        """Whether one of them is in a run."""
        return bool(
            reach.tables & self.tables.keys()
            or reach.names.intersection(self.tasks)
            or reach.named.intersection(self.commands)
        )

    def names(self) -> list[str]:
        """All of them, for people."""
        return list(dict.fromkeys((*self.tasks, *self.commands, *sorted(self.tables.values()))))


def refuse_without_effect(
    written: Iterable[str], settings: Settings, registry: Registry, tasks: Mapping[str, Task], reach: Reach
) -> None:
    """Raise `SettingsError` for a setting or option among the names on the line (`written`) that something
    heeds, and nothing of this run. What a configuration file says is for all runs, and is not looked at.

    `registry` has the tables as they are declared. An option that says what holds anyway is let pass.
    """
    for name in (one.replace("-", "_") for one in written):
        place = setting_of(name)
        if place is None and getattr(settings.options, name, None) == getattr(_UNSET, name, None):
            continue
        heeding = _heeding(place or ("", name), registry, tasks, reach.named)
        if heeding.names() and not FOR_ALL.intersection(heeding.tasks) and not heeding.is_in(reach):
            raise SettingsError(
                f"{name} is for {listed(heeding.names(), _SHOWN)}: what is asked for does nothing with it. "
                "Take it off the line"
            )


def _heeding(
    place: tuple[str, str], registry: Registry, tasks: Mapping[str, Task], named: frozenset[str]
) -> _Heeding:
    """Who heeds the setting or option of this section and name."""
    name = place[1]
    tables = registry.values()
    memberships = (*(one for task in tasks.values() for one in commands_in(task.member_of)),)
    memberships += tuple(one for table in tables for one in table.commands)
    return _Heeding(
        {table.name: _known_by(table, named) for table in tables if _is_heeded(name, table)},
        (
            *HEEDED_BY.get(place, ()),
            *(task.name for task in tasks.values() if name in task.options),
        ),
        [one.name for one in memberships if one.option == name and name not in _FOR_ANY_TABLE],
    )


def _is_heeded(name: str, table: Table) -> bool:
    """Whether a table heeds a setting or option."""
    if name in _DATES:
        return table.partition is not None
    if name in PLACES_OF_REPORTS and _is_of_report(name, table):
        return True
    return any(one.name == name for one in settings_of(table))


def _is_of_report(option: str, table: Table) -> bool:
    """Whether a table is one of a report, or made of such; for the place of files also one that has files
    there."""
    if option == "output_bucket" and table.scope is Scope.GROUP and table.files:
        return True
    return any(one.startswith(f"{REPORT}.") for one in (table.name, *table.inputs))


def _known_by(table: Table, named: frozenset[str]) -> str:
    """The command that makes a table; its own name where the command is on the line and does not make it."""
    command = next((one.name for one in table.commands), table.task)
    return table.task if command in named else command
