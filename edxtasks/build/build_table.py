"""Building a table: from the verdict of a check to rows in the warehouse."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edxtasks.build.checks import checks_of, look_again, note
from edxtasks.build.context import Context
from edxtasks.build.exports import export
from edxtasks.build.freshness import Status, Verdict, check, checks_changed, set_aside_before
from edxtasks.build.inputs import existing_inputs, tell_empty_inputs
from edxtasks.build.model_errors import with_place
from edxtasks.build.post_build import follow_up
from edxtasks.build.published import publish, withdraw
from edxtasks.build.python_tables import make_by_python
from edxtasks.build.table_queries import queries
from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsentError, UserError
from edxtasks.messages import Messages
from edxtasks.table import Scope, SqlModel, Table
from edxtasks.warehouse.base import BuildInfo, QueryRefusedError, TableName, TableState
from edxtasks.warehouse.checks import TableChecks


@dataclass(frozen=True)
class Built:
    """What a build did: rows of the table now, dates that were made (None: the whole), notes.

    `already` says that another run had built it before this one got the lock; `unit` is what `rows` counts.
    `bytes` is what it read or wrote, where that says more than the size of a table.
    """

    rows: int
    dates: int | None = None
    already: bool = False
    messages: Messages = field(default_factory=Messages)
    unit: str = "rows"
    bytes: int | None = None


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
        if force:
            verdict = forced(context, verdict, table, course)
        else:
            verdict, built = _without_new_rows(context, table, course, verdict, messages)
            if built is not None:
                return built
        tell_empty_inputs(context, table, course, messages)
        kept_unchecked = bool(verdict.keep) and checks_changed(context, table, course)
        checks = checks_of(context, table, course, messages)
        try:
            state = _make(context, table, course, name, verdict, checks, messages)
        except SourceAbsentError as absent:
            gone = context.warehouse.built_here(name) and _put_aside(context, table, course, name)
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


def _without_new_rows(
    context: Context, table: Table, course: CourseKey | None, verdict: Verdict, messages: Messages
) -> tuple[Verdict, Built | None]:
    """Do what is to be done to rows that are there: take them back, look them over, write their files.

    The verdict on what stands then, and what was done; None where rows are to be made.
    """

    def as_it_stands(already: bool = False) -> Built:
        state = context.state(table, course)
        return Built(state.rows if state else 0, already=already, messages=messages)

    if verdict.status is Status.FRESH:
        return verdict, as_it_stands(already=True)
    if _take_back(context, table, course, verdict):
        messages.note("the table that was set aside is taken back")
        verdict = check(context, table, course)
    if verdict.checks_only or (verdict.files_only and checks_changed(context, table, course)):
        look_again(context, table, course, messages)
        verdict = check(context, table, course)
    if verdict.files_only:
        if table.files:
            export(context, table, course, messages)
        publish(context, table, verdict.sources, messages)
    elif verdict.status is not Status.FRESH:
        return verdict, None
    return verdict, as_it_stands()


WAS_SET_ASIDE = "; the table that was made before is set aside"
"""What is said of a table with nothing to be made from any more."""


def set_aside(context: Context, table: Table, course: CourseKey | None) -> None:
    """Set a table aside under its lock: a check said so."""
    name = context.name(table, course)
    with context.warehouse.lock(name):
        context.warehouse.refresh(name.dataset)
        _put_aside(context, table, course, name)


def _put_aside(context: Context, table: Table, course: CourseKey | None, name: TableName) -> bool:
    """Set a table aside, and take back what was written from it."""
    withdraw(context, table, course)
    return context.warehouse.set_aside(name)


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
        return make_by_python(context, table, course, name, verdict, label, checks, messages)
    work = queries(context, table, course, verdict, messages)
    try:
        if table.partition is None:
            return context.warehouse.create(name, work[0].query, label, checks)
        return context.warehouse.create_dates(
            name, table.schema, table.partition, work, verdict.keep or frozenset(), label, checks
        )
    except QueryRefusedError as refused:
        raise UserError(with_place(table.builder, str(refused), column=refused.column)) from None
