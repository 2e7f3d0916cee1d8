"""What the catalog says of each table: what the registry declares, and what the warehouse has of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from edxtasks.build.lineage import Lineage, Origin
from edxtasks.build.sets import SETS, tables_of_set
from edxtasks.build.table_metadata import (
    NEEDS,
    SCOPES,
    SettingOf,
    defined_in,
    files_of,
    files_read,
    settings_of,
)
from edxtasks.printable import listed, quantity
from edxtasks.table import ALL_EARLIER, Command, Table
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.schema import PARAMETERS, Column

_TABLE = "table-"
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
class ColumnLink:
    """A column of another table, or of a parameter (`table` is ""): its place on the page, "" where it has
    none."""

    table: str
    column: str
    anchor: str


@dataclass(frozen=True)
class ColumnShown:
    """A column, or a member of a record (`RECORD.MEMBER`); `key`: it is of the grain.

    `made_from` are the columns from which its values come, None where that is not known; `used_by` those of
    other tables that come from it.
    """

    name: str
    type: str
    meaning: str
    key: bool
    anchor: str
    made_from: Sequence[ColumnLink] | None = None
    used_by: Sequence[ColumnLink] = ()


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
    def traced(self) -> bool:
        """Whether it is known from which columns its columns come."""
        return any(column.made_from is not None for column in self.columns)

    @property
    def newest(self) -> str:
        """The date of its newest build, UTC; "" where it is not known."""
        built = self.found.built
        return "" if built is None else f"{datetime.fromtimestamp(built[1], UTC):%Y-%m-%d}"

    @property
    def failing(self) -> int:
        """How many of its checks fail."""
        return sum(check.bad for check in self.checks)


def entries(
    registry: Mapping[str, Table], found: Mapping[str, Found], lineage: Lineage | None = None
) -> list[Entry]:
    """The tables of a registry, by name in the order of the alphabet; `found` by the name of the registry,
    `lineage` of those tables whose columns' origins are known."""
    flow = _Flow(registry, lineage or {})
    readers: dict[str, list[Link]] = {name: [] for name in registry}
    for table in registry.values():
        for source, need in table.inputs.items():
            readers.setdefault(source, []).append(_link(table, NEEDS[need]))
    sets = {name: set(tables_of_set(registry, name)) for name in SETS}
    members = {name: [one for one in SETS if name in sets[one]] for name in registry}
    shown = [
        _entry(table, registry, readers[name], members[name], found.get(name, Found()), flow)
        for name, table in registry.items()
    ]
    return sorted(shown, key=lambda entry: entry.name)


class _Flow:
    """The columns of a registry in both directions: from which ones each comes, which ones come from it."""

    def __init__(self, registry: Mapping[str, Table], lineage: Lineage) -> None:
        self._registry = registry
        self._lineage = lineage
        self._readers: dict[Origin, list[ColumnLink]] = {}
        for name, columns in lineage.items():
            for column, origins in columns.items():
                for origin in origins:
                    self._readers.setdefault(origin, []).append(self._link((name, column)))

    def made_from(self, table: str, column: str) -> list[ColumnLink] | None:
        """The columns and parameters from which a column comes; None where that is not known."""
        origins = self._lineage.get(table, {}).get(column)
        return None if origins is None else [self._link(origin) for origin in origins]

    def used_by(self, table: str, column: str) -> list[ColumnLink]:
        """The columns that come from a column."""
        return sorted(self._readers.get((table, column), ()), key=lambda link: (link.table, link.column))

    def _link(self, origin: Origin) -> ColumnLink:
        name, column = origin
        if name == PARAMETERS:
            return ColumnLink("", column, "")
        if name not in self._registry:
            return ColumnLink(name, column, "")
        task = self._registry[name].task
        return ColumnLink(task, column, anchor_of_column(task, column))


def _entry(
    table: Table,
    registry: Mapping[str, Table],
    readers: list[Link],
    sets: list[str],
    found: Found,
    flow: _Flow,
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
        columns=_columns(table, flow),
        checks=[_check(check, found) for check in table.checks],
        found=found,
        there=_there(found),
        built=_built(found),
    )


def anchor_of(name: str) -> str:
    """The id of a table's entry, safe as the fragment of an address too."""
    return _TABLE + quote(name, safe="").replace("%", "_")


def anchor_of_column(table: str, column: str) -> str:
    """The id of a column's row, by what people call the table."""
    return f"{anchor_of(table)}.{anchor_of(column).removeprefix(_TABLE)}"


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


def _columns(table: Table, flow: _Flow) -> list[ColumnShown]:
    key = set(table.key or ())
    return [
        ColumnShown(
            name,
            f"{column.type}{' list' if column.repeated else ''}",
            column.description,
            name in key,
            anchor_of_column(table.task, name),
            flow.made_from(table.name, name),
            flow.used_by(table.name, name),
        )
        for name, column in _with_members(table.schema)
    ]


def _with_members(columns: Iterable[Column], before: str = "") -> Iterator[tuple[str, Column]]:
    for column in columns:
        name = f"{before}{column.name}"
        yield name, column
        yield from _with_members(column.fields, f"{name}.")


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
    of_rows = "" if check.of_table else f": broken by {broken} of {quantity(rows, 'row')}"
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
