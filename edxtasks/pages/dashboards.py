"""The page of each course, in its folder of the storage, and that of the campus in the folder of the report:
`dashboard.html`.

A page is made from tables as they stand. A record beside it names what it was made from (`build/exports.py`):
while that is the same, the page is fresh. Every run asks here which tables a page reads, and few make one:
what draws is imported where a page is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from edxtasks.build.context import Context
from edxtasks.build.last_failures import LastFailures
from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsentError
from edxtasks.pages.course.numbers import Numbers
from edxtasks.pages.queries import lacking, page_queries, rows_of, tables_read
from edxtasks.pages.stored import StoredPage, recipe
from edxtasks.table import Scope
from edxtasks.warehouse.base import TableName, digest

FILE = "dashboard.html"
MADE_FROM = "person_course"
"""The table without which a course has no page."""

_RECORD = "dashboard"
_ABSENT = "absent"


# The page of a course


def page_of(context: Context, course: CourseKey) -> str:
    """The name of a course's page in the storage."""
    return f"{context.course_folder(course)}/{FILE}"


def outdated(context: Context, course: CourseKey) -> str:
    """Why the page of a course is to be made, "" when it is as it should be.

    Raises `SourceAbsentError` where there is nothing to make it from.
    """
    _require(context, course)
    return stored(context, course).outdated(mark(context, course))


def mark(context: Context, course: CourseKey) -> str:
    """What a page is made from: the tables as they stand, and the code and settings that make it."""
    return digest(*_made_with(context), *_versions(context, course, tables_read()))


def make(context: Context, course: CourseKey) -> str:
    """Make the page of a course; gives where people find it.

    Raises `SourceAbsentError` where there is nothing to make it from, `UserError` where it cannot be stored.
    """
    from edxtasks.pages.course.page import course_page

    _require(context, course)
    made_from = mark(context, course)
    tables = [name for name in tables_read() if context.state(context.registry[name], course) is not None]
    page = course_page(course, numbers_of(context, [course], page_queries())[course], tables)
    return stored(context, course).store(page, made_from, context.scratch)


def numbers_of(
    context: Context, courses: Sequence[CourseKey], queries: Iterable[str]
) -> dict[CourseKey, Numbers]:
    """What queries give for courses."""
    names = list(queries)
    without = {course: {name: lacking(context, name, course) for name in names} for course in courses}
    wanted = [(name, course) for course in courses for name in names if not without[course][name]]
    found = dict(zip(wanted, rows_of(context, wanted), strict=True))
    return {
        course: Numbers(
            {name: found[name, course] for name in names if (name, course) in found},
            {name: absent for name, absent in without[course].items() if absent},
            context.settings.minimum_cell,
        )
        for course in courses
    }


def _has_numbers(context: Context, course: CourseKey) -> bool:
    return context.state(context.registry[MADE_FROM], course) is not None


def _require(context: Context, course: CourseKey) -> None:
    if not _has_numbers(context, course):
        raise SourceAbsentError(f"{course} has no table {MADE_FROM}")


# The page of the campus


def campus_outdated(context: Context) -> str:
    """As `outdated`, for the page of the campus. Raises `SettingsError` where no course is chosen."""
    _require_any(context)
    return stored(context, None).outdated(campus_mark(context))


def campus_mark(context: Context) -> str:
    """As `mark`, for the page of the campus."""
    from edxtasks.pages.campus.page import QUERIES

    names = sorted({name for query in QUERIES for name in page_queries()[query].inputs})
    parts = list(_made_with(context))
    failures = LastFailures.read(context.settings.engine.state).found
    for course in context.chosen():
        # The page tells what failed, and when.
        of_course = (one for one in failures.values() if one.task.endswith(f":{course}"))
        parts += sorted(f"{one.task} failed on {one.when.date()}" for one in of_course)
        checked = _with_checks(context, course)
        parts += [str(course), _link(context, course), *_versions(context, course, [*names, *checked])]
        # What a check found hangs on rows and conditions alone.
        dataset = context.dataset(course)
        parts += [context.warehouse.checked(TableName(dataset, name)) or "" for name in checked]
    return digest(*parts)


def make_campus(context: Context, findings: Mapping[str, Sequence[str]], of_the_moment: bool) -> str:
    """As `make`, for the page of the campus. `findings` are what is to be looked at, by key of a course. Of
    some no table tells when they are mended (`of_the_moment`): the next run makes the page again."""
    from edxtasks.pages.campus.page import QUERIES, CourseRow, Health, campus_page

    _require_any(context)
    made_from = "of-the-moment" if of_the_moment else campus_mark(context)
    there = [course for course in context.chosen() if _has_numbers(context, course)]
    numbers = numbers_of(context, there, QUERIES)
    rows = [
        CourseRow(
            course,
            numbers.get(course),
            _link(context, course),
            Health(findings.get(str(course), ())),
        )
        for course in context.chosen()
    ]
    page = campus_page(context.report_organization(), rows, context.settings.minimum_cell)
    return stored(context, None).store(page, made_from, context.scratch)


def _require_any(context: Context) -> None:
    if not any(_has_numbers(context, course) for course in context.chosen()):
        raise SourceAbsentError(f"none of the {len(context.courses)} chosen courses has a table {MADE_FROM}")


def _link(context: Context, course: CourseKey) -> str:
    """The way from the page of the campus to that of a course, "" where there is none."""
    page = page_of(context, course)
    if page not in context.storage.list(page):
        return ""
    if context.report_storage.where != context.storage.where:
        return context.storage.url(page)
    return "../" * (context.report_folder().count("/") + 1) + quote(page)


def _with_checks(context: Context, course: CourseKey) -> list[str]:
    """The tables of a course that are there and have checks."""
    there = context.warehouse.states(context.dataset(course))
    tables = context.registry.values()
    return [one.name for one in tables if one.name in there and one.checks and one.scope is Scope.COURSE]


# Both


def stored(context: Context, course: CourseKey | None) -> StoredPage:
    """The page of a course, or of the campus (None), in the storage."""
    if course is None:
        return StoredPage(context.report_storage, context.report_folder(), FILE, _RECORD)
    return StoredPage(context.storage, context.course_folder(course), FILE, _RECORD)


def _made_with(context: Context) -> Iterator[str]:
    yield recipe()
    yield f"minimum_cell {context.settings.minimum_cell}"


def _versions(context: Context, course: CourseKey, tables: Iterable[str]) -> Iterator[str]:
    for name in tables:
        state = context.state(context.registry[name], course)
        yield f"{name} {_ABSENT if state is None else state.version}"
