"""What a table is made from, as it is now: tables of which courses, files, parameters; which of them exist,
and what a build tells of those that do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.parameters import value_for
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import NoDumpDirectory, SourceAbsentError, from_machine
from edxtasks.messages import Messages
from edxtasks.printable import SHOWN_COURSES, listed
from edxtasks.table import TRACKLOG, Instance, Need, PythonModel, Scope, SqlModel, Table
from edxtasks.warehouse.base import Parameter

NO_LOG_DAY = "there is no log day of the course"


def instances(context: Context, table: Table, name: str, course: CourseKey | None) -> list[CourseKey | None]:
    """For which courses a table reads an input: its own, or all chosen ones."""
    source = context.registry[name]
    if source.scope is not Scope.COURSE:
        return [None]
    return [course] if table.scope is Scope.COURSE else list(context.courses_of(table))


def by_date(context: Context, table: Table, name: str, course: CourseKey | None) -> bool:
    """Whether a table takes an input date by date: log days, and tables that are partitioned by date (one
    of somebody else's may be called so and stand as a whole)."""
    if table.partition is None or name == TRACKLOG:
        return table.partition is not None
    source = context.registry[name]
    if source.partition is None:
        return False
    state = context.input_state(table, source, course if source.scope is Scope.COURSE else None)
    return state is None or state.partitioned


def by_date_inputs(context: Context, table: Table, course: CourseKey | None) -> list[str]:
    return [name for name in table.inputs if by_date(context, table, name, course)]


def existing_inputs(context: Context, table: Table, course: CourseKey | None) -> frozenset[str]:
    """The inputs of a table that exist, as `dataset.table`; all log days of a course as its log dataset."""
    return frozenset(label for label, exists in _labelled_inputs(context, table, course) if exists)


def lacking_inputs(context: Context, table: Table, course: CourseKey | None) -> frozenset[str]:
    """The inputs of a table that do not exist, as `existing_inputs` names them; none that is to go."""
    return frozenset(label for label, exists in _labelled_inputs(context, table, course) if not exists)


def _labelled_inputs(context: Context, table: Table, course: CourseKey | None) -> Iterator[tuple[str, bool]]:
    for name in table.inputs:
        if name == TRACKLOG:
            assert course is not None
            yield course.logs_dataset, bool(context.log_days(course))
        elif not context.left_out(table, name):
            source = context.registry[name]
            for one in instances(context, table, name, course):
                place = context.name(source, one)
                if place not in context.absent:
                    yield str(place), context.state(source, one) is not None


def missing_input(context: Context, table: Table, course: CourseKey | None) -> Table | None:
    """The first required input that does not exist. A union over courses needs one of them."""
    for name, need in table.inputs.items():
        if need is not Need.REQUIRED or name == TRACKLOG:
            continue
        source = context.registry[name]
        if not any(
            context.input_state(table, source, one) for one in instances(context, table, name, course)
        ):
            return source
    return None


def has_nothing_to_read(context: Context, table: Table, course: CourseKey | None) -> bool:
    """Whether a table is made from other tables of its course alone, none of them is there, and there is
    nothing else of the course. Of a course of which there is something the table is made, and empty.

    That holds for a table that always has one row too: it would be the something that lets others be made.
    Which ones would depend on the order of tasks, and the next run would make the rest."""
    if course is None or not may_have_nothing_to_read(table) or has_anything(context, course):
        return False
    return not any(
        context.log_days(course)
        if name == TRACKLOG
        else context.input_state(table, context.registry[name], one) is not None
        for name in table.inputs
        for one in ([course] if name == TRACKLOG else instances(context, table, name, course))
    )


def may_have_nothing_to_read(table: Table) -> bool:
    """Whether a table of a course can be made, and empty, where none of its inputs exists."""
    required = [name for name, need in table.inputs.items() if need is Need.REQUIRED and name != TRACKLOG]
    return table.scope is Scope.COURSE and bool(table.inputs) and not required and not table.reads_files


def has_anything(context: Context, course: CourseKey) -> bool:
    """Whether there is any table, log day, shard or dump of a course."""
    if context.warehouse.states(context.dataset(course)) or context.log_days(course):
        return True
    logs = context.settings.paths.tracking_logs_directory
    if logs is not None and (logs / course.directory).is_dir():
        return True
    try:
        return sql_directory(course, context.settings).is_dir()
    except (SourceAbsentError, NoDumpDirectory):
        return False


def lacks_log_days(context: Context, table: Table, course: CourseKey | None) -> bool:
    """Whether a table of log days does not exist yet, and would have no rows for want of a log day."""
    if course is None or TRACKLOG not in table.inputs or context.state(table, course) is not None:
        return False
    return not context.log_days(course)


def sources_of(context: Context, table: Table, course: CourseKey | None) -> Mapping[str, Path | None]:
    """The files that a table is made from now; raises `SourceAbsentError` or `UserError` as `check` does."""
    builder = table.builder
    if isinstance(builder, PythonModel) and builder.sources is not None:
        try:
            return builder.sources(Instance(context.settings, course, context.courses_of(table)))
        except OSError as error:  # a folder that cannot be read: a fault of this table, and of no other
            raise from_machine(error) or error from None
    return {}


def outputs(table: Table, course: CourseKey | None, sources: Mapping[str, Path | None]) -> list[Path]:
    """The documented files that are written beside a table, into the directory of its sources."""
    builder = table.builder
    directory = next((path.parent for path in sources.values() if path is not None), None)
    if course is None or directory is None or not isinstance(builder, PythonModel):
        return []
    return [directory / name.format(course=course.directory) for name in builder.outputs]


def parameters(context: Context, table: Table, course: CourseKey | None) -> dict[str, Parameter]:
    """Values of the parameters that a model uses."""
    if not isinstance(table.builder, SqlModel):
        return {}
    return {name: value_for(table, name, course, context.settings) for name in table.builder.parameters}


def tell_empty_inputs(context: Context, table: Table, course: CourseKey | None, messages: Messages) -> None:
    """Tell which inputs that a table can do without do not exist, and that there is no log day."""
    if course is not None and TRACKLOG in table.inputs and not context.log_days(course):
        messages.add(f"{NO_LOG_DAY}: no rows")
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
        messages.note(f"read as empty, since they do not exist: {', '.join(absent)}")


def tell_absent(
    name: str, wanted: Sequence[CourseKey | None], existing: Sequence[CourseKey | None], messages: Messages
) -> None:
    absent = [str(one) for one in wanted if one not in existing]
    if absent:
        messages.add(f"no {name}, and so left out: {listed(absent, SHOWN_COURSES)}")
