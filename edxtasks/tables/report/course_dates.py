"""The table `report.course_dates`: when the chosen courses began and ended, by the listings file.

From the keys of `course_metainfo` that hold the listing of a course. What is not a date counts as not known.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

from edxtasks.content.dates import parse_listed_date
from edxtasks.content.listings_file import LAUNCH, WRAP, make_key
from edxtasks.printable import SHOWN_COURSES, listed
from edxtasks.table import BuildInputs, Need, PythonModel, Scope, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

_LAST_SECOND = time(23, 59, 59)
_DATES = {
    f"listings_{make_key(LAUNCH)}": ("launch", time(0)),
    f"listings_{make_key(WRAP)}": ("wrap", _LAST_SECOND),
    f"listings_{make_key('Empirical Course Wrap')}": ("empirical_wrap", _LAST_SECOND),
}
"""Key in `course_metainfo` → column, and the time of the day that is meant."""


def build(inputs: BuildInputs) -> Content:
    """A row for each course of `course_metainfo`; courses with a date that cannot be read are named."""
    rows: dict[str, dict[str, object]] = {}
    odd: dict[str, list[str]] = {}
    for row in inputs.rows("report.course_metainfo") or ():
        course = str(row["course_id"])
        dates = rows.setdefault(course, {"course_id": course})
        key = str(row["key"])
        if key in _DATES and row["value"] is not None:
            column, moment = _DATES[key]
            try:
                found = parse_listed_date(str(row["value"]))
            except ValueError:
                odd.setdefault(key, []).append(course)
                continue
            dates[column] = datetime.combine(found, moment, UTC) if found else None
    for key, courses in odd.items():
        # The value is not shown: where columns of the listings are shifted it may be anything.
        inputs.messages.add(f"{key} is not a date, and counts as not known: {listed(courses, SHOWN_COURSES)}")
    return list(rows.values())


TABLE = Table(
    command="analyze_content when force_recompute, analyze_course when force_recompute",
    scope=Scope.GROUP,
    grain="course_id",
    internal=True,
    schema=schema("""
        course_id STRING -- course key, ORG/NUMBER/RUN
        launch TIMESTAMP -- beginning of the first day of the course; NULL where it is not known
        wrap TIMESTAMP -- last second of its last day; NULL where it is not known
        empirical_wrap TIMESTAMP -- last second of the day on which it really ended; NULL: not known
    """),
    inputs={"report.course_metainfo": Need.REQUIRED},
    builder=PythonModel(version=1, build=build),
)
