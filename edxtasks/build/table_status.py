"""Whether the courses of a list have a table, how large it is and how old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from edxtasks.build.context import dataset_of
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.interface import Warehouse

HEADER = "modified,course_id,created,n_rows,size_bytes,dataset,tablename"
"""The columns of `TableStatus.line`."""


@dataclass(frozen=True)
class TableStatus:
    """A table of a course: rows and bytes, times in seconds since 1970 (None: there is no such table)."""

    course: CourseKey
    name: TableName
    rows: int = 0
    size: int = 0
    created: float | None = None
    modified: float | None = None

    @property
    def exists(self) -> bool:
        """Whether the table is there."""
        return self.modified is not None

    def line(self) -> str:
        """A line of CSV below `HEADER`; times are UTC."""
        return ",".join("None" if value is None else f"{value}" for value in self._values())

    def json_line(self) -> str:
        """An object of JSON on a line: the columns of `HEADER`; times are text, null for no table."""
        return orjson.dumps(dict(zip(HEADER.split(","), self._values(), strict=True))).decode()

    def _values(self) -> tuple[object, ...]:
        modified, created = time_text(self.modified), time_text(self.created)
        return modified, str(self.course), created, self.rows, self.size, self.name.dataset, self.name.table


def table_status(
    warehouse: Warehouse, settings: Settings, courses: Iterable[CourseKey], table: str
) -> list[TableStatus]:
    """The status of a table in the dataset of each course, in their order."""
    return [status_of(warehouse, settings, course, table) for course in courses]


def status_of(warehouse: Warehouse, settings: Settings, course: CourseKey, table: str) -> TableStatus:
    """The status of a table in the dataset of a course."""
    name = TableName(dataset_of(course, settings), table)
    info = warehouse.info(name)
    if info is None:
        return TableStatus(course, name)
    return TableStatus(course, name, info.rows, info.bytes, info.created, info.modified)


def courses_without_table(
    warehouse: Warehouse, settings: Settings, messages: Messages, courses: Sequence[CourseKey], table: str
) -> list[CourseKey]:
    """The courses whose dataset has no such table, order kept. The status of all is told in `messages`."""
    status = table_status(warehouse, settings, courses, table)
    messages.add(HEADER)
    for one in status:
        messages.add(one.line())
    lacking = [one.course for one in status if not one.exists]
    chosen = ", ".join(map(str, lacking)) or "none"
    messages.add(
        f"{len(lacking)} of {quantity(len(status), 'course')} have no table {table}, and are chosen: {chosen}"
    )
    return lacking


def time_text(seconds: float | None) -> str | None:
    """A time (seconds since 1970) as `YYYY-MM-DD HH:MM:SS[.ffffff]`, UTC."""
    return None if seconds is None else str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))
