"""Building a table: from the verdict of a check to rows in the warehouse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from edxtasks.build.checks import checks_of, look_again, note
from edxtasks.build.context import Context
from edxtasks.build.exports import export
from edxtasks.build.freshness import (
    NO_LOG_DAY,
    Status,
    Verdict,
    by_date,
    check,
    checks_changed,
    existing_inputs,
    instances,
    outputs,
    parameters,
    set_aside_before,
    whole_days,
    window,
)
from edxtasks.build.log_days import TRACKLOG_SCHEMA
from edxtasks.build.model import with_place
from edxtasks.build.never_empty import must_have_a_row, with_a_row
from edxtasks.build.post_build import follow_up
from edxtasks.build.published import publish, publish_outputs
from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsentError, UserError
from edxtasks.messages import Messages
from edxtasks.printable import SHOWN_COURSES, listed
from edxtasks.table import (
    ALL_EARLIER,
    TRACKLOG,
    BuildInputs,
    Need,
    Piece,
    PythonModel,
    Scope,
    SqlModel,
    Table,
)
from edxtasks.warehouse.base import (
    MOST_DATES,
    Absent,
    BuildInfo,
    Dates,
    DatesOf,
    Input,
    LogDays,
    Query,
    QueryRefusedError,
    TableName,
    Tables,
    TableState,
)
from edxtasks.warehouse.checks import TableChecks
from edxtasks.warehouse.rows import OwnColumns


@dataclass(frozen=True)
class Built:
    """What a build did: rows of the table now, dates that were made (None: the whole), notes.

    `already` says that another run had built it before this one got the lock; `unit` is what `rows` counts.
    """

    rows: int
    dates: int | None = None
    already: bool = False
    messages: Messages = field(default_factory=Messages)
    unit: str = "rows"


def build(
    context: Context,
    table: Table,
    course: CourseKey | None,
    force: bool = False,
    expected: frozenset[str] = frozenset(),
) -> Built:
    """Build a table, or its pending dates, under its lock; or take it back where it was set aside and is what
    a build would make now.

    `expected` are the inputs (as `existing_inputs` names them) that were there when the build was planned.
    Raises `UserError` for faults of its input, and when there is nothing to make it from, or one of
    `expected` is gone. The old table then stays. Raises `SourceAbsentError` where its builder finds nothing
    in the files to make it from; the old table then is set aside.
    """
    name = context.name(table, course)
    with context.warehouse.lock(name):
        context.warehouse.refresh(name.dataset)
        refuse_vanished(expected - existing_inputs(context, table, course))
        verdict = check(context, table, course, quick=not force)
        if verdict.status in {Status.SKIPPED, Status.SET_ASIDE}:
            raise UserError(
                f"what it is made from was there, and was removed during the run: {verdict.reason}"
            )
        if table.scope is Scope.COURSE and course is not None:
            context.claim(course)
        messages = Messages()
        if not force and _take_back(context, table, course, verdict):
            messages.add("the table that was set aside is taken back")
            verdict = check(context, table, course)
            if verdict.status is Status.FRESH:
                state = context.state(table, course)
                return Built(state.rows if state else 0, messages=messages)
        if force:
            verdict = forced(context, verdict, table, course)
        elif verdict.status is Status.FRESH:
            state = context.state(table, course)
            return Built(state.rows if state else 0, already=True)
        if verdict.checks_only and not force:
            look_again(context, table, course, messages)
            verdict = check(context, table, course)
            if verdict.status is Status.FRESH:
                state = context.state(table, course)
                return Built(state.rows if state else 0, messages=messages)
        if verdict.files_only and not force:
            if table.files:
                export(context, table, course, messages)
            publish(context, table, verdict.sources, messages)
            state = context.state(table, course)
            return Built(state.rows if state else 0, messages=messages)
        _tell_empty_inputs(context, table, course, messages)
        kept_unchecked = bool(verdict.keep) and checks_changed(context, table, course)
        checks = checks_of(context, table, course, messages)
        try:
            state = _make(context, table, course, name, verdict, checks, messages)
        except SourceAbsentError as absent:
            gone = context.warehouse.built_here(name) and context.warehouse.set_aside(name)
            raise SourceAbsentError(f"{absent}{WAS_SET_ASIDE if gone else ''}") from None
        context.warehouse.drop_aside(name)
        if kept_unchecked:
            broken = look_again(context, table, course, messages)
        else:
            broken = note(context, table, course, checks, messages)
        publish(context, table, verdict.sources, messages)
        follow_up(context, table, course, broken, messages)
        for notice in context.warehouse.notices(name.dataset):
            messages.add(notice)
        dates = None if verdict.pending is None else len(verdict.pending)
        return Built(state.rows, dates, messages=messages)


WAS_SET_ASIDE = "; the table that was made before is set aside"
"""What is said of a table with nothing to be made from any more."""


def set_aside(context: Context, table: Table, course: CourseKey | None) -> None:
    """Set a table aside under its lock: a check said so."""
    name = context.name(table, course)
    with context.warehouse.lock(name):
        context.warehouse.refresh(name.dataset)
        context.warehouse.set_aside(name)


def refuse_vanished(names: frozenset[str]) -> None:
    """Raises `UserError` where there are inputs that were there before in this run."""
    if names:
        shown = ", ".join(sorted(names)[:3]) + (" …" if len(names) > 3 else "")
        raise UserError(
            f"{shown}: expected as this run found or made it, and it is gone: somebody removed it in the "
            "meantime. Run again"
        )


def _take_back(context: Context, table: Table, course: CourseKey | None, verdict: Verdict) -> bool:
    """Put a table back that was set aside, where that spares work: it is what would be built now, or a table
    by date, of which only some dates may be pending."""
    kept = set_aside_before(context, table, course)
    if kept is None or context.state(table, course) is not None:
        return False
    by_date = kept.partitioned and table.partition is not None
    return (by_date or kept.stamp == verdict.stamp) and (
        context.warehouse.take_back(context.name(table, course))
    )


def forced(context: Context, verdict: Verdict, table: Table, course: CourseKey | None) -> Verdict:
    """The verdict that makes everything anew: all dates pending, none kept."""
    if verdict.pending is None or verdict.keep is None:
        return verdict
    known = context.warehouse.dates(context.name(table, course))
    kept = {day: known[day].stamp or "" for day in verdict.keep}
    return replace(verdict, pending={**verdict.pending, **kept}, keep=frozenset())


def _make(
    context: Context,
    table: Table,
    course: CourseKey | None,
    name: TableName,
    verdict: Verdict,
    checks: TableChecks,
    messages: Messages,
) -> TableState:
    label = BuildInfo(
        verdict.stamp, parts=verdict.parts, description=table.description, signature=verdict.signature
    )
    if not isinstance(table.builder, SqlModel):
        return _make_by_python(context, table, course, name, verdict, label, checks, messages)
    work = queries(context, table, course, verdict, messages)
    try:
        if table.partition is None:
            return context.warehouse.create(name, work[0].query, label, checks)
        return context.warehouse.create_dates(
            name, table.schema, table.partition, work, verdict.keep or frozenset(), label, checks
        )
    except QueryRefusedError as refused:
        raise UserError(with_place(table.builder, str(refused))) from None


def queries(
    context: Context, table: Table, course: CourseKey | None, verdict: Verdict, messages: Messages
) -> list[Dates]:
    """The queries that build a table as a verdict says: one of the whole, or one for each part of its dates.

    Only for tables that are made by a query. What the inputs lack is told in `messages`.
    """
    if table.partition is None or verdict.pending is None:
        return [Dates(_query(context, table, course, None, messages), None)]
    return [
        Dates(
            _query(context, table, course, (days[0], days[-1]), messages),
            {day: verdict.pending[day] for day in days},
        )
        for days in _chunks(sorted(verdict.pending), table, context.warehouse.days_in_query)
    ]


def _make_by_python(
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
        content = builder.build(
            BuildInputs(
                context.settings,
                course,
                context.courses_of(table),
                files=verdict.sources,
                scratch=scratch,
                messages=messages,
                tables=_Reader(context, table, course, messages),
            )
        )
        if must_have_a_row(table, context.state(table, course)):
            content = with_a_row(table, content, verdict.sources, messages)
        if isinstance(content, OwnColumns):
            state = context.warehouse.load(name, content.schema, content.rows, label, checks)
        else:
            state = context.warehouse.load(name, table.schema, content, label, checks)
        # A builder that cannot write beside the dump leaves its files in the scratch folder.
        places = [scratch, *(path.parent for path in outputs(table, course, verdict.sources))]
        publish_outputs(context, table, course, places, verdict.stamp)
        return state


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
            _tell_absent(source.name, wanted, existing, self.messages)
        if existing and source.name in self.table.named:
            refuse_other_columns(context, self.table, source, context.name(source, existing[0]))
        names = tuple(context.name(source, one) for one in existing)
        if any(_is_unstamped(context, name) for name in names):
            _lacking(self.context, source, names, self.messages, left_out=False)
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


def _tell_empty_inputs(context: Context, table: Table, course: CourseKey | None, messages: Messages) -> None:
    """Tell which inputs that a table can do without do not exist, and that there is no log day."""
    if course is not None and TRACKLOG in table.inputs and not context.log_days(course):
        messages.add(f"warning: {NO_LOG_DAY}: no rows")
    absent = [
        context.registry[name].task
        for name, need in table.inputs.items()
        if need is Need.OPTIONAL and name != TRACKLOG and not context.left_out(table, name)
        if not any(
            context.input_state(table, context.registry[name], one)
            for one in instances(context, table, name, course)
        )
    ]
    if absent:
        messages.add(f"read as empty, since they do not exist: {', '.join(absent)}")


def _tell_absent(
    name: str, wanted: Sequence[CourseKey | None], existing: Sequence[CourseKey | None], messages: Messages
) -> None:
    absent = [str(one) for one in wanted if one not in existing]
    if absent:
        messages.add(f"no {name}, and so left out: {listed(absent, SHOWN_COURSES)}")


def _query(
    context: Context,
    table: Table,
    course: CourseKey | None,
    dates: tuple[date, date] | None,
    messages: Messages,
) -> Query:
    """The query of a model with its inputs, for a range of dates where it is made by date."""
    assert isinstance(table.builder, SqlModel)
    inputs: Mapping[str, Input] = {
        table.written.get(name, name): _input(context, table, name, course, dates, messages)
        for name in table.inputs
    }
    return Query(table.builder.sql, inputs, parameters(context, table, course), table.schema)


def _input(
    context: Context,
    table: Table,
    name: str,
    course: CourseKey | None,
    dates: tuple[date, date] | None,
    messages: Messages,
) -> Input:
    if name == TRACKLOG:
        assert course is not None
        return _log_days(context, table, course, dates)
    source = context.registry[name]
    wanted = instances(context, table, name, course)
    existing = [one for one in wanted if context.input_state(table, source, one)]
    if not existing:
        return Absent(source.schema)
    if dates is not None and by_date(context, table, name, course) and source.partition is not None:
        first = date.min if table.lookback == ALL_EARLIER else dates[0] - whole_days(table.lookback)
        return DatesOf(context.name(source, course), source.schema, source.partition, first, dates[1])
    names = tuple(context.name(source, one) for one in existing)
    if name in table.named:
        refuse_other_columns(context, table, source, names[0])
    if table.scope is not Scope.COURSE and source.scope is Scope.COURSE:
        _tell_absent(name, wanted, existing, messages)
        return Tables(names, source.schema, _lacking(context, source, names, messages))
    if source.external or _is_unstamped(context, names[0]):
        return Tables(names, source.schema, _lacking(context, source, names, messages))
    return Tables(names, source.schema)


def refuse_other_columns(context: Context, table: Table, source: Table, name: TableName) -> None:
    """Raises `UserError` where a table that a person named has none of the columns that are read of it, or
    one of another type."""
    info = context.warehouse.info(name)
    found = {column.name: column for column in info.schema} if info is not None else {}
    there = [column for column in source.schema if column.name in found]
    other = [column for column in there if found[column.name].written_type != column.written_type]
    told = [f"{one.name} {one.written_type}, found {found[one.name].written_type}" for one in other]
    if not there:
        wanted = ", ".join(f"{one.name} {one.written_type}" for one in source.schema)
        told = [f"the columns {wanted}, found none of them"]
    if told:
        raise UserError(f"{table.named[source.name]}: expected in {name} {'; '.join(told)}")


def _is_unstamped(context: Context, name: TableName) -> bool:
    """Whether a table may be somebody else's, with columns of its own."""
    state = context.warehouse.states(name.dataset).get(name.table)
    return state is not None and state.stamp is None


def _lacking(
    context: Context, source: Table, names: tuple[TableName, ...], messages: Messages, left_out: bool = True
) -> Mapping[TableName, frozenset[str]]:
    """The columns that tables of single courses lack. What they lack is told, and where a column that they
    have too many is `left_out`, that too."""
    declared = set(source.schema.names)
    lacking: dict[TableName, frozenset[str]] = {}
    told: dict[str, list[str]] = defaultdict(list)
    for name in names:
        info = context.warehouse.info(name)
        found = set(info.schema.names) if info else declared
        if missing := declared - found:
            lacking[name] = frozenset(missing)
            told[f"no {', '.join(sorted(missing))}, which is NULL for them"].append(name.dataset)
        if left_out and (unknown := found - declared):
            told[f"columns that are left out: {', '.join(sorted(unknown))}"].append(name.dataset)
    for what, datasets in told.items():
        messages.add(f"{source.name} of {', '.join(datasets)} has {what}")
    return lacking


def _log_days(context: Context, table: Table, course: CourseKey, dates: tuple[date, date] | None) -> Input:
    low, high = 0, 1 << 62
    if dates is not None:
        low, high = window(dates[0], table.lookback)[0], window(dates[1], table.lookback)[1]
    tables = tuple(
        day
        for day, state in context.log_days(course).items()
        if state.first_time is not None
        and state.last_time is not None
        and state.first_time < high
        and state.last_time >= low
    )
    if not tables:
        return Absent(TRACKLOG_SCHEMA)
    return LogDays(course.logs_dataset, tables, TRACKLOG_SCHEMA, low, high)


def _chunks(days: list[date], table: Table, most: int | None) -> Iterable[list[date]]:
    """The dates to build, cut so that a query reads a bounded number of log days: by month, or `most`.

    A query that looks back over all dates reads no log days: its dates are cut by their number alone.
    """
    chunk: list[date] = []
    for day in days:
        if chunk and (len(chunk) == MOST_DATES or _is_cut(chunk[0], day, table, most)):
            yield chunk
            chunk = []
        chunk.append(day)
    if chunk:
        yield chunk


def _is_cut(first: date, day: date, table: Table, most: int | None) -> bool:
    """Whether a date begins another part than the one that begins with `first`."""
    if table.lookback == ALL_EARLIER:
        return False
    if most is None:
        return (day.year, day.month) != (first.year, first.month)
    return (day - first).days >= most
