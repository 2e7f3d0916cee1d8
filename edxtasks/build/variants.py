"""A table that an option makes once more, with other constants: the standard one stays as it is.

A model says its numbers by name (header `constants: NAME VALUE`), a column whose name ends in such a value
bears it (`total_time_5`), and `variant: OPTION` names the option whose value has other numbers for these
names, and the name of the other table as `TABLE_table_name`. The other table has its own columns, look-back
and stamp, and reads others of its kind in place of the standard ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from edxtasks.config import Settings
from edxtasks.errors import SettingsError
from edxtasks.table import TRACKLOG, SqlModel, Table
from edxtasks.warehouse.base import digest
from edxtasks.warehouse.schema import Schema


def with_variants(registry: Mapping[str, Table], settings: Settings) -> dict[str, Table]:
    """The registry with the tables that options of this run make once more, behind the standard ones.

    A command that makes the standard one makes the other instead. Raises `SettingsError` where the name that
    is given is that of another table.
    """
    tables: dict[str, Table] = {}
    made: dict[str, Table] = {}
    for table in registry.values():
        tables[table.name] = table
        if not table.variant or table.fault:
            continue
        config = getattr(settings.options, table.variant)
        name = getattr(config, f"{table.name}_table_name")
        if name == table.name:
            continue
        if name in registry or name.lower().startswith(TRACKLOG):
            raise SettingsError(
                f"{table.variant}: {table.name}_table_name is {name}, which is the name of another table"
            )
        standard = [registry[one].schema for one in table.inputs if one in made]
        made[table.name] = tables[name] = _variant(table, name, config, standard, made)
        tables[table.name] = replace(table, command="")
    return tables


def _variant(
    table: Table, name: str, config: Any, read: Iterable[Schema], made: Mapping[str, Table]
) -> Table:
    """The table `name`: as `table`, with the constants of `config`.

    `made` are the others of this kind by standard name, `read` the columns of the standard inputs among them.
    """
    builder = table.builder
    assert isinstance(builder, SqlModel)
    constants = {one: getattr(config, one, number) for one, number in table.constants.items()}
    numbers = {number: constants[one] for one, number in table.constants.items()}
    names = {column: _bearing(column, numbers) for schema in (table.schema, *read) for column in schema.names}
    columns = (
        replace(one, name=names[one.name], description=_told(one.description, numbers))
        for one in table.schema
    )
    by = table.lookback_by
    return replace(
        table,
        name=name,
        declared=table.name,
        description=_told(table.description, numbers),
        schema=Schema(tuple(columns)),
        builder=replace(
            builder,
            sql=renamed(builder.sql, names),
            recipe=digest(builder.recipe, *(text for pair in sorted(names.items()) for text in pair)),
        ),
        inputs={made[one].name if one in made else one: need for one, need in table.inputs.items()},
        written={**table.written, **{made[one].name: one for one in table.inputs if one in made}},
        checks=tuple(replace(one, condition=renamed(one.condition, names)) for one in table.checks),
        constants=constants,
        lookback=by[1] * constants[by[0]] if by else table.lookback,
        variant="",
    )


def _bearing(name: str, numbers: Mapping[int, int]) -> str:
    """A name that ends in a number, with the other number in its place."""
    start, line, end = name.rpartition("_")
    number = numbers.get(int(end)) if line and end.isdecimal() else None
    return name if number is None else f"{start}_{number}"


def _told(text: str, numbers: Mapping[int, int]) -> str:
    """A description with the other numbers of minutes."""
    return re.sub(r"\b(\d+)(?= minutes\b)", lambda one: str(numbers.get(int(one[0]), one[0])), text)


def renamed(sql: str, names: Mapping[str, str]) -> str:
    """A text of GoogleSQL in which these names of columns are others; texts and comments stay."""
    from edxtasks.warehouse import dialect

    return dialect.with_names(sql, names)
