"""What a table says of itself, looked over: the options, settings and sets that it names must be there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from edxtasks.build.row_writers import FILE_FORMS
from edxtasks.build.sets import SETS
from edxtasks.config import Options, Settings
from edxtasks.errors import nearest
from edxtasks.table import ORGANIZATION, PythonModel, Scope, SqlModel, Table

_OPTIONS = frozenset(field.name for field in dataclasses.fields(Options))
_SETTINGS = frozenset(field.name for field in dataclasses.fields(Settings))


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is wrong with a declaration, for people, and a word of the declaration that shows the place."""

    told: str
    word: str


def fault_in(table: Table) -> Fault | None:
    """What is wrong with the declaration of a table by itself; None where nothing is."""
    return next(_faults(table), None)


def _faults(table: Table) -> Iterator[Fault]:
    try:
        commands = table.commands
    except ValueError as error:
        yield Fault(str(error), "command")
        return
    conditions = [command.option for command in commands if command.option]
    conditions += [*table.excluded_by, *table.forced_by, *table.stands_with]
    if table.from_files is not None:
        conditions.append(table.from_files[1])
    yield from _unknown(conditions, _OPTIONS, "an option")
    builder = table.builder
    settings = builder.settings if isinstance(builder, SqlModel | PythonModel) else ()
    named = [name for names in table.replaceable.values() for name in names]
    yield from _unknown(
        [*settings, *filter(None, [table.snapshot, table.files_when])], _SETTINGS, "a setting"
    )
    yield from _unknown(named, _OPTIONS | _SETTINGS, "a setting or option")
    yield from _unknown(table.sets, SETS, "a set of tables")
    yield from _unknown(filter(None, [table.file_form]), FILE_FORMS, "a form of files")
    if table.partition is not None:
        yield from _wrong_by_date(table)
    names = getattr(getattr(Options(), table.variant, None), "__dataclass_fields__", {})
    if table.variant and f"{table.name}_table_name" not in names:
        told = f"the header names {table.variant}, which is not an option that has {table.name}_table_name"
        yield Fault(told, "variant")
    if table.for_each not in ("", ORGANIZATION):
        yield Fault(f'"for each: {table.for_each}": expected "for each: {ORGANIZATION}"', "for each")
    if table.for_each and (table.scope is not Scope.GROUP or not table.name.endswith("_ORG")):
        told = f"for each {ORGANIZATION}: expected scope: group, and a name that ends in _ORG for its name"
        yield Fault(told, "for each")
    yield from _unknown(table.replaceable, table.inputs, "an input of it")
    yield from _wrong_grain(table)


def _wrong_grain(table: Table) -> Iterator[Fault]:
    """A column of the grain that the table does not have: a grain in words is not checked by any build."""
    columns = {name.lower() for name in table.schema.names}
    for name in table.grain_names:
        near = nearest(name, table.schema.names)
        if name.lower() not in columns and (near or len(table.grain_names) > 1):
            yield Fault(f"grain: {name} is none of its columns{near}", "grain")


def _wrong_by_date(table: Table) -> Iterator[Fault]:
    if not isinstance(table.builder, SqlModel):
        told = f"partition {table.partition}: only a table that is made by a query is made by date"
        yield Fault(told, "partition")
    if table.scope is not Scope.COURSE:
        scope = table.scope.value
        told = f"partition {table.partition}: a table by date is one of a course, found scope: {scope}"
        yield Fault(told, "partition")


def _unknown(names: Iterable[str], known: Iterable[str], what: str) -> Iterator[Fault]:
    known = sorted(known)
    for name in names:
        if name not in known:
            yield Fault(f"the header names {name}, which is not {what}{nearest(name, known)}", name)
