"""The page of each course, in its folder of the storage: `dashboard.html`.

A page is made from tables as they stand. A record beside it names what it was made from (`build/exports.py`):
while that is the same, the page is fresh.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.exports import record, records, written
from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsentError
from edxtasks.pages.course.numbers import Numbers
from edxtasks.pages.course.page import course_page
from edxtasks.pages.queries import lacking, page_queries, rows_of, tables_read
from edxtasks.warehouse.base import digest

FILE = "dashboard.html"
_RECORD = "dashboard"
_ABSENT = "absent"
MADE_FROM = "person_course"
"""The table without which a course has no page."""


def page_of(context: Context, course: CourseKey) -> str:
    """The name of a course's page in the storage."""
    return f"{context.course_folder(course)}/{FILE}"


def outdated(context: Context, course: CourseKey) -> str:
    """Why the page of a course is to be made, "" when it is as it should be.

    Raises `SourceAbsentError` where there is nothing to make it from.
    """
    require(context, course)
    folder = context.course_folder(course)
    if page_of(context, course) not in context.storage.list(page_of(context, course)):
        return "it does not exist"
    found = records(context.storage, folder).get(_RECORD)
    return "" if found == mark(context, course) else "its tables, or how it is made, have changed"


def require(context: Context, course: CourseKey) -> None:
    """Raises `SourceAbsentError` where a course has not the table that its page cannot do without."""
    if context.state(context.registry[MADE_FROM], course) is None:
        raise SourceAbsentError(f"{course} has no table {MADE_FROM}")


def mark(context: Context, course: CourseKey) -> str:
    """What a page is made from: the tables as they stand, and the code and settings that make it."""
    parts = [recipe(), f"minimum_cell {context.settings.minimum_cell}"]
    for name in tables_read():
        state = context.state(context.registry[name], course)
        parts.append(f"{name} {_ABSENT if state is None else state.version}")
    return digest(*parts)


@functools.cache
def recipe() -> str:
    """The digest of all that makes pages: code, queries, templates, style, outlines."""
    total = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            content = path.read_bytes()
            total.update(f"{path.relative_to(folder)}:{len(content)}:".encode() + content)
    return total.hexdigest()


def numbers_of(context: Context, course: CourseKey) -> Numbers:
    """What the queries give for a course."""
    rows, without = {}, {}
    for name in page_queries():
        absent = lacking(context, name, course)
        if absent:
            without[name] = absent
        else:
            rows[name] = rows_of(context, name, course)
    return Numbers(rows, without, context.settings.minimum_cell)


def make(context: Context, course: CourseKey) -> str:
    """Make the page of a course; gives where people find it.

    Raises `SourceAbsentError` where there is nothing to make it from, `UserError` where it cannot be stored.
    """
    require(context, course)
    made_from = mark(context, course)
    tables = [name for name in tables_read() if context.state(context.registry[name], course) is not None]
    page = course_page(course, numbers_of(context, course), tables)
    name = page_of(context, course)
    with written(f"{FILE} of {course}"), context.scratch.folder() as work:
        path = work / FILE
        path.write_bytes(page)
        context.storage.put(path, name)
        record(context.storage, context.course_folder(course), _RECORD, made_from, [FILE], context.scratch)
    return context.storage.url(name)
