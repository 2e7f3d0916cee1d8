"""Whether the courses of a list have a table, how large it is and how old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from edxtasks.build.context import dataset_of
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.warehouse.base import TableName, Warehouse

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
        modified, created, name = _time(self.modified), _time(self.created), self.name
        return f"{modified},{self.course},{created},{self.rows},{self.size},{name.dataset},{name.table}"


def table_status(
    warehouse: Warehouse, settings: Settings, courses: Iterable[CourseKey], table: str
) -> list[TableStatus]:
    """The status of a table in the dataset of each course, in their order."""
    found = []
    for course in courses:
        name = TableName(dataset_of(course, settings), table)
        info = warehouse.info(name) if table in warehouse.states(name.dataset) else None
        if info is None:
            found.append(TableStatus(course, name))
        else:
            found.append(TableStatus(course, name, info.rows, info.bytes, info.created, info.modified))
    return found


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
    messages.add(f"{len(lacking)} of {len(status)} courses have no table {table}, and are chosen: {chosen}")
    return lacking


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "None"
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))
