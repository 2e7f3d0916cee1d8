"""Building a table whose rows Python gives: its builder gets the inputs as rows and batches, and files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from edxtasks.build.context import Context
from edxtasks.build.freshness import Verdict
from edxtasks.build.input_columns import is_unstamped, lacking_columns, refuse_other_columns
from edxtasks.build.inputs import instances, outputs, tell_absent
from edxtasks.build.never_empty import must_have_a_row, with_a_row
from edxtasks.build.published import publish_outputs
from edxtasks.build.stamp_parts import LACKING, stamp_of
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.printable import listed
from edxtasks.table import BuildInputs, Piece, PythonModel, Scope, Table
from edxtasks.warehouse.base import BuildInfo, TableName, TableState
from edxtasks.warehouse.checks import TableChecks
from edxtasks.warehouse.rows import JsonLines, OwnColumns, ParquetFiles, Row

_ROWS_BETWEEN = 1024
_SECONDS_BETWEEN = 0.5


def make_by_python(
    context: Context,
    table: Table,
    course: CourseKey | None,
    name: TableName,
    verdict: Verdict,
    label: BuildInfo,
    checks: TableChecks,
    messages: Messages,
) -> TableState:
    builder = table.builder
    assert isinstance(builder, PythonModel)
    with context.scratch.folder() as scratch:
        inputs = BuildInputs(
            context.settings,
            course,
            context.courses_of(table),
            files=verdict.sources,
            scratch=scratch,
            messages=messages,
            tables=_Reader(context, table, course, messages),
        )
        content = builder.build(inputs)
        if inputs.lacking:
            label = _stale_at_once(label, inputs.lacking)
        if must_have_a_row(table, context.state(table, course)):
            content = with_a_row(table, content, verdict.sources, messages)
        schema, rows = (
            (content.schema, content.rows) if isinstance(content, OwnColumns) else (table.schema, content)
        )
        progress = context.warehouse.progress
        if progress is not None and not isinstance(rows, JsonLines | ParquetFiles):
            rows = counted(rows, progress)
        state = context.warehouse.load(name, schema, rows, label, checks)
        # A builder that cannot write beside the dump leaves its files in the scratch folder.
        places = [scratch, *(path.parent for path in outputs(table, course, verdict.sources))]
        publish_outputs(context, table, course, places, verdict.stamp)
        return state


def _stale_at_once(label: BuildInfo, lacking: Sequence[str]) -> BuildInfo:
    """What a table says of itself that the next run is to make again, since something could not be had."""
    parts = {**label.parts, LACKING: listed(lacking)}
    return replace(label, stamp=stamp_of(parts), parts=parts)


def counted(rows: Iterable[Row], progress: Callable[[int, int, str], None]) -> Iterator[Row]:
    """The rows as they are; how many they are so far is told now and then."""
    told = time.monotonic()
    for number, row in enumerate(rows, 1):
        yield row
        if number % _ROWS_BETWEEN == 0 and time.monotonic() - told >= _SECONDS_BETWEEN:
            progress(number, 0, "rows")
            told = time.monotonic()


@dataclass(frozen=True)
class _Reader:
    """The inputs of a table that Python makes."""

    context: Context
    table: Table
    course: CourseKey | None
    messages: Messages

    def read(
        self, name: str, columns: Sequence[str] | None, course: CourseKey | None
    ) -> Iterator[Piece] | None:
        """As `TableReader` says. Raises `LookupError` for a table that is not an input of this one."""
        context, source = self.context, self._source(name)
        wanted = [course] if course is not None else instances(context, self.table, source.name, self.course)
        existing = [one for one in wanted if context.input_state(self.table, source, one) is not None]
        if source.scope is Scope.COURSE and len(wanted) > 1:
            tell_absent(source.name, wanted, existing, self.messages)
        if existing and source.name in self.table.named:
            refuse_other_columns(context, self.table, source, context.name(source, existing[0]))
        names = tuple(context.name(source, one) for one in existing)
        if any(is_unstamped(context, name) for name in names):
            lacking_columns(self.context, source, names, self.messages, left_out=False)
        return (self._piece(source, name, columns) for name in names) if names else None

    def _source(self, name: str) -> Table:
        builder, table = self.table.builder, self.table
        read = {table.written.get(one, one): one for one in table.inputs}
        if isinstance(builder, PythonModel) and builder.accumulates:
            read[table.name] = table.name
        if name not in read:
            raise LookupError(f"{table.name} does not name {name} among its inputs")
        return self.context.registry[read[name]]

    def _piece(self, source: Table, place: TableName, columns: Sequence[str] | None) -> Piece:
        """The rows of one table, with these columns, or those that are declared and what it has besides; None
        where it has not the column."""
        info = self.context.warehouse.info(place)
        assert info is not None
        found = info.schema.names
        wanted = tuple(columns or dict.fromkeys((*source.schema.names, *found)))
        there = [name for name in wanted if name in found]
        values = self.context.warehouse.read(place, there or found[:1])
        if len(there) == len(wanted):
            return wanted, values
        position = {name: number for number, name in enumerate(there)}
        places = [position.get(name) for name in wanted]
        filled = (tuple(None if at is None else row[at] for at in places) for row in values)
        return wanted, filled
