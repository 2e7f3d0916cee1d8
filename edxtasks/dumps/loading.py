"""From one delivered table straight to the rows of one table of the warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.dumps.reader import DeliveredTable, Field, named
from edxtasks.dumps.rows import write_json_lines
from edxtasks.errors import SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.warehouse.rows import JsonLines


def load(
    path: Path | None,
    fields: Sequence[Field],
    *,
    course: CourseKey,
    key: str,
    needed: Sequence[str] = (),
    escaped_breaks: bool = False,
    max_bad_fraction: float,
    target: Path,
    messages: Messages,
) -> JsonLines:
    """Write the rows of the delivered table `path` to the JSON-lines file `target` and give it.

    `key` and `needed` are columns that must be there (see `DeliveredTable`). Every row has a `course_id`,
    also when the column was not delivered. Raises `SourceAbsentError` when `path` is None or holds nothing.
    """
    write_json_lines(
        target,
        course_rows(
            path,
            fields,
            course=course,
            key=key,
            needed=needed,
            escaped_breaks=escaped_breaks,
            max_bad_fraction=max_bad_fraction,
            messages=messages,
        ),
    )
    return JsonLines((target,))


def course_rows(
    path: Path | None,
    fields: Sequence[Field],
    *,
    course: CourseKey,
    key: str,
    needed: Sequence[str] = (),
    escaped_breaks: bool = False,
    max_bad_fraction: float,
    messages: Messages,
) -> Iterator[dict[str, object]]:
    """The rows of `load` as dictionaries by column name."""
    if path is None:
        raise SourceAbsentError("the source was not delivered")
    delivered = DeliveredTable(
        path, messages, course=course, escaped_breaks=escaped_breaks, max_bad_fraction=max_bad_fraction
    )
    if not delivered.header:
        raise SourceAbsentError(f"{path.name} was delivered empty")
    rows = named(fields, delivered.rows(fields, key, needed=needed))
    if "course_id" in delivered.header:
        yield from rows
    else:
        for row in rows:
            row["course_id"] = course.slash
            yield row
