"""What the catalog says of each table: what the registry declares, and what the warehouse has of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from edxtasks.build.described import NEEDS, SCOPES, SettingOf, defined_in, files_of, files_read, settings_of
from edxtasks.build.sets import SETS, tables_of_set
from edxtasks.printable import listed
from edxtasks.table import ALL_EARLIER, Command, Table
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.schema import Column

_SHOWN = 5
"""Courses that are named where a check fails in several."""


@dataclass(frozen=True)
class Found:
    """What the warehouse has of a table.

    `rows` of all its instances together, how many of them are `there`, of how many that there could be;
    `built` are the times of the oldest and newest of them (seconds since 1970). `results` are those of
    checks by the course, "" for a table of none; `faults` say which of them cannot be read.
    """

    rows: int = 0
    there: int = 0
    of: int = 0
    built: tuple[float, float] | None = None
    results: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
    faults: Sequence[str] = ()


@dataclass(frozen=True)
class Link:
    """Another table: what people call it, its place on the page ("" for one that is not on it), and a note
    on how it is needed."""

    name: str
    anchor: str
    note: str


@dataclass(frozen=True)
class CheckShown:
    """A check with what it found when it was last made: `outcome` in words, `bad` where it fails."""

    name: str
    level: str
    expected: str
    outcome: str
    bad: bool


@dataclass(frozen=True)
class ColumnShown:
    """A column, or a member of a record (`RECORD.MEMBER`); `key`: it is of the grain."""

    name: str
    type: str
    meaning: str
    key: bool


@dataclass(frozen=True)
class Entry:
    """A table as the page shows it."""

    name: str
    anchor: str
    description: str
    scope: str
    grain: str
    rebuilt: str
    made_from: Sequence[Link]
    read_by: Sequence[Link]
    files_read: Sequence[tuple[str, str]]
    files_written: Sequence[str]
    commands: Sequence[str]
    sets: Sequence[str]
    settings: Sequence[SettingOf]
    defined_in: str
    fault: str
    internal: bool
    columns: Sequence[ColumnShown]
    checks: Sequence[CheckShown]
    found: Found
    there: str
    built: str

    @property
    def first_sentence(self) -> str:
        """What it is, in a sentence."""
        return self.description.partition(". ")[0].rstrip(".")

    @property
    def newest(self) -> str:
        """The date of its newest build, UTC; "" where it is not known."""
        built = self.found.built
        return "" if built is None else f"{datetime.fromtimestamp(built[1], UTC):%Y-%m-%d}"

    @property
    def failing(self) -> int:
        """How many of its checks fail."""
        return sum(check.bad for check in self.checks)


def entries(registry: Mapping[str, Table], found: Mapping[str, Found]) -> list[Entry]:
    """The tables of a registry, by name in the order of the alphabet; `found` by the name of the registry."""
    readers: dict[str, list[Link]] = {name: [] for name in registry}
    for table in registry.values():
        for source, need in table.inputs.items():
            readers.setdefault(source, []).append(_link(table, NEEDS[need]))
    sets = {name: set(tables_of_set(registry, name)) for name in SETS}
    members = {name: [one for one in SETS if name in sets[one]] for name in registry}
    shown = [
        _entry(table, registry, readers[name], members[name], found.get(name, Found()))
        for name, table in registry.items()
    ]
    return sorted(shown, key=lambda entry: entry.name)


def _entry(
    table: Table, registry: Mapping[str, Table], readers: list[Link], sets: list[str], found: Found
) -> Entry:
    made_from = [
        _link(registry[name], NEEDS[need]) if name in registry else Link(name, "", NEEDS[need])
        for name, need in table.inputs.items()
    ]
    return Entry(
        name=table.task,
        anchor=anchor_of(table.task),
        description=table.description,
        scope=SCOPES[table.scope],
        grain=table.grain,
        rebuilt=_rebuilt(table),
        made_from=sorted(made_from, key=lambda link: link.name),
        read_by=sorted(readers, key=lambda link: link.name),
        files_read=[(name, NEEDS[need]) for name, need in files_read(table).items()],
        files_written=[name.partition(":")[2] for name in files_of(table)],
        commands=[_command(command) for command in table.commands],
        sets=sets,
        settings=settings_of(table),
        defined_in=defined_in(table),
        fault=table.fault,
        internal=table.internal,
        columns=_columns(table),
        checks=[_check(check, found) for check in table.checks],
        found=found,
        there=_there(found),
        built=_built(found),
    )


def anchor_of(name: str) -> str:
    """The id of a table's entry, safe as the fragment of an address too."""
    return "table-" + quote(name, safe="").replace("%", "_")


def _link(table: Table, note: str) -> Link:
    return Link(table.task, anchor_of(table.task), note)


def _rebuilt(table: Table) -> str:
    if table.external:
        return ""
    if table.partition is None:
        return "as a whole"
    back = table.lookback
    looks = (
        "" if not back else ", with all events before" if back == ALL_EARLIER else f", looking back {back}"
    )
    return f"by date ({table.partition}){looks}"


def _command(command: Command) -> str:
    if not command.option:
        return f"doit {command.name}"
    return f"doit {command.name} {'without' if command.unless else 'with'} {command.option}"


def _columns(table: Table) -> list[ColumnShown]:
    key = set(table.key or ())
    return [shown for column in table.schema for shown in _with_members(column, "", column.name in key)]


def _with_members(column: Column, before: str, key: bool = False) -> list[ColumnShown]:
    name = f"{before}{column.name}"
    kind = f"{column.type}{' list' if column.repeated else ''}"
    own = ColumnShown(name, kind, column.description, key)
    return [own, *(shown for field in column.fields for shown in _with_members(field, f"{name}."))]


def _check(check: Check, found: Found) -> CheckShown:
    share = "" if check.share == 1 else f" for {check.share:.12g} of the rows"
    expected = f"{check.condition}{share}{' (of the table)' if check.of_table else ''}"
    results = {
        course: result
        for course, given in (found.results or {}).items()
        for result in given
        if result.get("name") == check.name and result.get("condition") == check.condition
    }
    failing = [course for course, result in results.items() if result.get("fails")]
    if not results:
        return CheckShown(check.name, check.level, expected, "not made yet", False)
    broken = sum(int(result.get("broken", 0)) for result in results.values())
    rows = sum(int(result.get("rows", 0)) for result in results.values())
    of_rows = "" if check.of_table else f": {broken} of {rows} rows break it"
    if not failing:
        return CheckShown(check.name, check.level, expected, "holds" + (of_rows if broken else ""), False)
    where = f" in {listed(sorted(filter(None, failing)), _SHOWN)}" if any(failing) else ""
    return CheckShown(check.name, check.level, expected, f"fails{where}{of_rows}", True)


def _there(found: Found) -> str:
    if not found.there:
        return "not built"
    return "built" if found.of <= 1 else f"built for {found.there} of {found.of} courses"


def _built(found: Found) -> str:
    """When it was built, UTC, by the minute; of several instances the oldest and the newest."""
    if found.built is None:
        return ""
    oldest, newest = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" for at in found.built)
    return f"{newest} UTC" if oldest == newest else f"{oldest} to {newest} UTC"
