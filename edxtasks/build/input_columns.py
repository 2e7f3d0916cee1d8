"""The columns of inputs that somebody else may have made: which they lack, and which are of another type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from edxtasks.build.context import Context
from edxtasks.errors import UserError
from edxtasks.messages import Messages
from edxtasks.printable import are
from edxtasks.table import Table
from edxtasks.warehouse.base import TableName


def refuse_other_columns(context: Context, table: Table, source: Table, name: TableName) -> None:
    """Raises `UserError` where a table that a person named has none of the columns that are read of it, or
    one of another type."""
    found = {column.name: column for column in context.warehouse.columns(name) or ()}
    there = [column for column in source.schema if column.name in found]
    other = [column for column in there if found[column.name].written_type != column.written_type]
    told = [f"{one.name} {one.written_type}, found {found[one.name].written_type}" for one in other]
    if not there:
        wanted = ", ".join(f"{one.name} {one.written_type}" for one in source.schema)
        told = [f"the columns {wanted}, found none of them"]
    if told:
        raise UserError(f"{table.named[source.name]}: expected in {name} {'; '.join(told)}")


def is_unstamped(context: Context, name: TableName) -> bool:
    """Whether a table may be somebody else's, with columns of its own."""
    state = context.warehouse.states(name.dataset).get(name.table)
    return state is not None and state.stamp is None


def lacking_columns(
    context: Context, source: Table, names: tuple[TableName, ...], messages: Messages, left_out: bool = True
) -> Mapping[TableName, frozenset[str]]:
    """The columns that tables of single courses lack. What they lack is told, and where a column that they
    have too many is `left_out`, that too."""
    declared = set(source.schema.names)
    lacking: dict[TableName, frozenset[str]] = {}
    told: dict[str, list[str]] = defaultdict(list)
    for name in names:
        columns = context.warehouse.columns(name)
        found = set(columns.names) if columns else declared
        if missing := declared - found:
            lacking[name] = frozenset(missing)
            told[f"no {', '.join(sorted(missing))}, which {are(len(missing))} NULL there"].append(
                name.dataset
            )
        if left_out and (unknown := found - declared):
            told[f"columns that are left out: {', '.join(sorted(unknown))}"].append(name.dataset)
    for what, datasets in told.items():
        messages.add(f"{source.name} of {', '.join(datasets)} has {what}")
    return lacking
