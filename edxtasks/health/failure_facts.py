"""What failed when it was last tried, as the runs have noted it."""

from __future__ import annotations

from collections.abc import Iterator

from edxtasks.build.context import Context
from edxtasks.build.last_failures import Failure, LastFailures
from edxtasks.course import CourseKey, base_and_course
from edxtasks.table import Scope


def failed_builds(
    context: Context, course: CourseKey | None, failures: LastFailures
) -> Iterator[tuple[str, Failure]]:
    """The failures of tables of a course; of None those over courses and of the warehouse. None of a table
    that was built since, by a run with another folder of states."""
    for table in context.registry.values() if failures.found else ():
        if table.external or (table.scope is Scope.COURSE) is (course is None):
            continue
        name = context.name(table, course)
        failure = failures.found.get(str(name))
        if failure is None:
            continue
        info = context.warehouse.info(name)
        if info is None or info.modified < failure.when.timestamp():
            yield str(course or ""), failure


def other_failures(context: Context, failures: LastFailures) -> Iterator[tuple[str, Failure]]:
    """The failures of tasks that make no table, of the chosen courses or of none."""
    for what, failure in failures.found.items():
        if what != failure.task:
            continue  # of a table
        course = CourseKey.find(base_and_course(what)[1])
        if course is None or course in context.courses:
            yield str(course or ""), failure
