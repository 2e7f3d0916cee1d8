"""No rows are no result: a table that is never empty is not replaced by one, nor one that had rows.

A person table without people, a course axis without modules: such a source is broken, or of something else,
whatever it looks like. So is the file of a table that had rows last time and would have none: students'
states do not all go away. This is the last guard, at the one place where rows go to the warehouse. A builder
that knows better why there is no row says so itself, before it writes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from edxtasks.compression import opened
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.table import PythonModel, Scope, Table
from edxtasks.warehouse.base import TableState
from edxtasks.warehouse.rows import Content, JsonLines, OwnColumns, ParquetFiles, Row

_TOLD = 3
"""Most lines of what a builder told that are repeated in the error."""


def must_have_a_row(table: Table, before: TableState | None) -> bool:
    """Whether a table that is loaded from files of its course may not come out empty; `before` is what the
    new rows replace."""
    builder = table.builder
    if not isinstance(builder, PythonModel):
        return False
    from_files_alone = builder.sources is not None and table.scope is Scope.COURSE and not table.inputs
    return builder.never_empty or (from_files_alone and before is not None and before.rows > 0)


def with_a_row(
    table: Table, content: Content, sources: Mapping[str, Path | None], messages: Messages
) -> Content:
    """`content`, which raises `InputError` before its end where it holds no row.

    Rows are passed on as they come; of files the beginning is read at once.
    """
    if isinstance(content, OwnColumns):
        return replace(content, rows=_rows(table, iter(content.rows), sources, messages))
    if isinstance(content, JsonLines):
        if not any(map(_holds_a_line, content.paths)):
            raise _no_row(table, sources, messages)
        return content
    if isinstance(content, ParquetFiles):
        return content  # a loader that hands these over has counted their rows
    return _rows(table, iter(content), sources, messages)


def _rows(
    table: Table, rows: Iterator[Row], sources: Mapping[str, Path | None], messages: Messages
) -> Iterator[Row]:
    first = next(rows, None)
    if first is None:
        raise _no_row(table, sources, messages)
    yield first
    yield from rows


def _holds_a_line(path: Path) -> bool:
    with opened(path) as lines:
        return any(not line.isspace() for line in lines)


def _no_row(table: Table, sources: Mapping[str, Path | None], messages: Messages) -> InputError:
    files = ", ".join(str(path) for path in sources.values() if path is not None)
    told = "".join(f"\n  {line}" for line in messages.lines[:_TOLD])
    return InputError(
        f"{table.name}: expected one row at least, found none in {files}. The table before, if there is one, "
        f"stays. Look whether the files are whole and of this course{_cure(table)}{told}"
    )


def _cure(table: Table) -> str:
    assert isinstance(table.builder, PythonModel)
    return (
        ""
        if table.builder.never_empty
        else f"; if they are, remove that table first: doit clean {table.task}"
    )
