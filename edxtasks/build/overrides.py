"""The registry as the settings of a run change it: the same tables, made from something else.

- An input that an option or setting may name (header `input NAME: from OPTION`): the table that is named is
  read in its place, as it stands. A table whose own name begins with that of the input is then named after
  what it reads.
- A table over courses that may be made from files of the courses (header `from files: FILE when OPTION`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edxtasks.build.context import usual_report_dataset
from edxtasks.build.from_files import from_files
from edxtasks.config import Options, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import SettingsError
from edxtasks.table import REPORT, External, Need, Scope, SqlModel, Table
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.schema import Schema

_ORGANIZATION = "org"
"""The setting that names no table, but an organization: its report table is meant."""


def with_overrides(
    registry: Mapping[str, Table], settings: Settings, courses: tuple[CourseKey, ...]
) -> Mapping[str, Table]:
    """The registry for a run with these settings over these courses."""
    for table in list(registry.values()):
        for source, named_by in table.replaceable.items():
            other = _other(source, named_by, settings, courses)
            if other is not None and not table.fault:
                registry = _reading(registry, registry[table.name], source, other)
    for table in registry.values():
        if table.from_files is not None and getattr(settings.options, table.from_files[1]):
            registry = {**registry, table.name: from_files(table, table.from_files[0])}
    return registry


def refuse_odd_tables(registry: Mapping[str, Table], settings: Settings, words: tuple[str, ...]) -> None:
    """Raise `SettingsError` where an option for a command that is asked for names no table."""
    for table in registry.values():
        command = next((one.name for one in table.commands if one.name in words), None)
        for source, named_by in table.replaceable.items() if command else ():
            for name in named_by:
                text = _value(settings, name)
                if text is not None and name != _ORGANIZATION and _table_name(text, source) is None:
                    raise SettingsError(
                        f"{name}={text}: {command} takes a table with its dataset, DATASET.TABLE"
                    )


def _value(settings: Settings, name: str) -> Any:
    """The value of an option or setting, None where it is not given."""
    holder = settings.options if hasattr(Options(), name) and name != _ORGANIZATION else settings
    return getattr(holder, name) or None


def _other(
    source: str, named_by: tuple[str, ...], settings: Settings, courses: tuple[CourseKey, ...]
) -> TableName | None:
    """The table that a run names for an input, None where it names none: then the input itself is meant."""
    for name in named_by:
        if (value := _value(settings, name)) is None:
            continue
        return (
            _of_organization(source, value, settings, courses)
            if name == _ORGANIZATION
            else (_table_name(value, source))
        )
    return None


def _of_organization(
    source: str, organization: str, settings: Settings, courses: tuple[CourseKey, ...]
) -> TableName | None:
    """The report table of an organization that is not that of the chosen courses; None where the line names
    the report dataset of this run."""
    options = settings.options
    named = options.org or options.output_dataset_id or options.dataset_latest
    if named or not courses or courses[0].org == organization:
        return None
    return TableName(usual_report_dataset(organization), source.partition(".")[2])


def _table_name(text: str, source: str) -> TableName | None:
    """`DATASET.TABLE`; a name without dataset is of the dataset of the input, where that is no report's."""
    dataset, dot, table = text.rpartition(".")
    usual = source.partition(".")[0] if "." in source else ""
    try:
        return TableName(dataset if dot or usual == REPORT else usual, table)
    except ValueError:
        return None


def _reading(
    registry: Mapping[str, Table], table: Table, source: str, other: TableName
) -> Mapping[str, Table]:
    """A registry in which a table reads another one in place of an input."""
    declared = registry[source]
    given = registry.get(str(other)) or Table(
        str(other), schema=_columns_read(table, declared.schema), builder=External(), scope=Scope.WAREHOUSE
    )
    suffix = table.name.removeprefix(source)
    renamed = suffix != table.name
    changed = replace(
        table,
        name=f"{other}{suffix}" if renamed else table.name,
        scope=Scope.WAREHOUSE if renamed else table.scope,
        inputs={
            given.name if name == source else name: Need.REQUIRED if name == source else need
            for name, need in table.inputs.items()
        },
        written={**table.written, given.name: source},
    )
    tables: dict[str, Table] = {}
    for one in registry.values():
        if one.name == table.name:
            tables[given.name] = given
            tables[changed.name] = changed
        elif one.name != given.name:
            tables[one.name] = _renamed_input(one, table.name, changed.name) if renamed else one
    return tables


def _renamed_input(reader: Table, name: str, now: str) -> Table:
    """A table that reads under another name what it reads."""
    if name not in reader.inputs:
        return reader
    inputs = {now if one == name else one: need for one, need in reader.inputs.items()}
    return replace(reader, inputs=inputs, written={**reader.written, now: reader.written.get(name, name)})


def _columns_read(table: Table, schema: Schema) -> Schema:
    """Of the columns of an input those that a query names: more need not be in what is read in its place."""
    if not isinstance(table.builder, SqlModel):
        return schema
    from edxtasks.warehouse import dialect

    named = {name.lower() for name in dialect.identifiers(dialect.parse(table.builder.sql))}
    return Schema(tuple(column for column in schema if column.name.lower() in named))
