"""What the warehouse says of its tables, without reading their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edxtasks.build.context import Context
from edxtasks.build.file_records import changed_files
from edxtasks.build.inputs import instances
from edxtasks.course import CourseKey
from edxtasks.health.table_rules import TableFacts
from edxtasks.storage.local import LocalStorage
from edxtasks.table import TRACKLOG, Need, PythonModel, Scope, Table
from edxtasks.warehouse.base import Integrity, TableName

_FILE = "file:"


def read_tables(
    context: Context, course: CourseKey | None, records: Mapping[str, int], compare_bytes: bool = False
) -> Iterator[TableFacts]:
    """The tables of a course that are there; of None those over courses and of the warehouse.

    `records` are numbers of records in the sources of its dump. `compare_bytes`: all their bytes are read
    and compared with their checksums.
    """
    for table in context.registry.values():
        if table.external or table.fault or (table.scope is Scope.COURSE) is (course is None):
            continue
        state = context.state(table, course)
        if state is None:
            continue
        name = context.name(table, course)
        checks = context.warehouse.check_results(name) if table.checks else ()
        integrity = context.warehouse.verify(name) if compare_bytes else Integrity()
        yield TableFacts(
            f"{table.task}:{course}" if course is not None else table.task,
            str(course or ""),
            state.rows,
            {} if state.rows else _required(context, table, course, records),
            table.may_be_empty,
            table.empty_up_to,
            checks,
            state.fault or integrity.fault,
            integrity.note,
            integrity.verified,
        )
    if course is not None and compare_bytes:
        yield from _log_days(context, course)


def read_changed_files(context: Context, course: CourseKey | None) -> list[tuple[str, str]]:
    """The files that were written for people from tables of a course (None: tables over courses), and have
    changed since; with the table. A bucket looks after its bytes itself."""
    storage = context.storage if course is not None else context.report_storage
    if not isinstance(storage, LocalStorage):
        return []
    folder = context.course_folder(course) if course is not None else context.report_folder()
    return changed_files(storage, folder, context.scratch)


def _log_days(context: Context, course: CourseKey) -> Iterator[TableFacts]:
    """The log days of a course, which stand in no registry, without rules for their rows."""
    for day, state in context.log_days(course).items():
        if context.warehouse.built_here(TableName(course.logs_dataset, day)):
            found = context.warehouse.verify(TableName(course.logs_dataset, day))
            yield TableFacts(
                f"logs2bq:{course}",
                str(course),
                state.rows,
                fault=state.fault or found.fault,
                note=found.note,
                verified=found.verified,
            )


def _required(
    context: Context, table: Table, course: CourseKey | None, records: Mapping[str, int]
) -> dict[str, int | None]:
    """The rows of each input without which there may be none: what is required, and what is taken as it
    stands, since nothing makes that on the table's account. None where they are not known."""
    found: dict[str, int | None] = {}
    for name, need in table.inputs.items():
        if need is not Need.OPTIONAL:
            found[name] = _rows(context, table, name, course)
    for read, need in table.builder.reads.items() if isinstance(table.builder, PythonModel) else ():
        if need is Need.REQUIRED:
            source = read.removeprefix(_FILE).partition(".")[0]
            found[read.removeprefix(_FILE)] = records.get(source) if read.startswith(_FILE) else None
    return found


def _rows(context: Context, table: Table, name: str, course: CourseKey | None) -> int | None:
    if name == TRACKLOG:
        return sum(day.rows for day in context.log_days(course).values()) if course is not None else None
    source = context.registry[name]
    if source.external:
        return None
    states = [context.state(source, one) for one in instances(context, table, name, course)]
    return sum(state.rows for state in states if state is not None)
