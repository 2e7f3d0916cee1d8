"""What follows the building of a table: rows are looked over, files written, the description told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from edxtasks.build.context import Context, identifier
from edxtasks.build.exports import export, form_of, write_and_store
from edxtasks.build.facts import facts_of
from edxtasks.build.row_writers import StoredRows, written
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.table import Scope, Table
from edxtasks.warehouse.base import BuildInfo, Query, TableName, Tables

_LATEST = "_latest"
"""How the names of tables end whose copies are named after the moment."""


def follow_up(
    context: Context, table: Table, course: CourseKey | None, broken: Sequence[str], messages: Messages
) -> None:
    """Do what follows for a table that has just been built; what people should know goes into the notes.

    `broken` are the checks that its rows break, in words.
    """
    said = list(messages.lines)
    about = [table.description]
    if course is not None:
        about += facts_of(context, table, course, messages)
    about += [f"Warning: {one}" for one in broken]
    if table.scope is Scope.GROUP:
        about += [f"Courses: {', '.join(map(str, context.courses_of(table)))}", *said]
    if table.files:
        places = export(context, table, course, messages)
        if table.scope is Scope.GROUP:
            about += [f"File: {place}" for place in places]
            for place in places:
                messages.note(f"written: {place}")
    if table.snapshot and getattr(context.settings, table.snapshot):
        _keep_snapshot(context, table, messages)
    if len(about) > 1:
        context.warehouse.describe(context.name(table, course), "\n".join(about))


def _keep_snapshot(context: Context, table: Table, messages: Messages) -> None:
    """A copy of a table, and a file of it, that are named after the moment."""
    now = datetime.now(UTC)
    source, schema = context.name(table, None), table.schema
    start = f"{source.table.removesuffix(_LATEST)}_{identifier(context.report_organization())}"
    copy = TableName(source.dataset, f"{start}_{now:%Y_%m_%d_%H%M%S}")
    inputs = {"combined": Tables((source,), schema)}
    query = Query(f"SELECT {', '.join(schema.names)} FROM combined", inputs, {}, schema)
    label = BuildInfo("snapshot", description=f"{source} as it was {now:%Y-%m-%d %H:%M:%S} UTC")
    context.warehouse.create(copy, query, label)
    file = f"{start}_{now:%Y-%m-%d-%H%M%S}.csv"
    with written(file):
        rows = StoredRows(context.warehouse, copy, schema)
        storage, folder = context.report_storage, context.report_folder()
        write_and_store(
            storage, folder, [file], schema, rows, form_of(table, context.settings), context.scratch
        )
    messages.note(f"snapshot: {copy}, {file}")
