"""Grade reports of edX's instructor dashboard: where they lie, and the grade of each learner in them.

For self-paced courses the certificates cover verified learners only. Course staff fetch the grade report from
the instructor dashboard and put it into `from_edxinstructordash/` of the course directory.
"""

from __future__ import annotations

import re
from pathlib import Path

from edxtasks.course import CourseKey
from edxtasks.dumps.reader import FLOAT, INTEGER, STRING, DeliveredTable, Field
from edxtasks.dumps.sources import logical_file
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.printable import printable_path, quantity

FOLDER = "from_edxinstructordash"
_NAMED_BY_EDX = re.compile(r".*_grade_report_([0-9]{4}-[0-9]{2}-[0-9]{2})-[0-9]{4}\.csv(?:\.gz)?", re.DOTALL)
_OTHER_REPORT = "_problem_grade_report_"
"""In the names of reports that tell the points of each problem, and look like grade reports otherwise."""
_KEYS = ("Student ID", "id")
_GRADES = ("Grade", "grade")


def report_file(course_directory: Path) -> Path | None:
    """The grade report of a course, or None: `grade_report.csv[.gz]`, else the newest that edX named."""
    folder = course_directory / FOLDER
    prepared = logical_file(folder, "grade_report", (".csv.gz", ".csv"))
    if prepared is not None or not folder.is_dir():
        return prepared
    dated = [path for path in sorted(folder.iterdir()) if _date_in_name(path) and path.is_file()]
    return max(dated, key=lambda path: (_time_of(path), path.name.endswith(".gz"), path.name), default=None)


def _date_in_name(path: Path) -> str | None:
    """`YYYY-MM-DD` of a grade report that edX named; None for any other file."""
    found = _NAMED_BY_EDX.fullmatch(path.name)
    return None if found is None or _OTHER_REPORT in path.name else found[1]


def _time_of(path: Path) -> str:
    """`YYYY-MM-DD-HHMM` of a report that edX named."""
    return path.name.removesuffix(".gz").removesuffix(".csv")[-len("YYYY-MM-DD-HHMM") :]


def read_report(
    path: Path, course: CourseKey, messages: Messages, max_bad_fraction: float
) -> dict[int, tuple[float | None, str | None]]:
    """By user id: grade (0 to 1, None when it is not a number) and when it was read (text).

    The time stands in the column `Grade_timestamp`, or is the date in the name that edX gave the file. The
    last record of a user counts. Raises `InputError` when the columns of id or grade are missing.
    """
    table = DeliveredTable(path, messages, course=course, escapes=False, max_bad_fraction=max_bad_fraction)
    if not table.header:
        return {}
    key = _column(table, _KEYS)
    fields = [Field(key, INTEGER), Field(_column(table, _GRADES), FLOAT)]
    named = _date_in_name(path)
    if named is None or "Grade_timestamp" in table.header:
        fields.append(Field("Grade_timestamp", STRING))
    return {
        user: (grade, (time[0] if time else None) or named) for user, grade, *time in table.rows(fields, key)
    }


def _column(table: DeliveredTable, names: tuple[str, ...]) -> str:
    for name in names:
        if name in table.header:
            return name
    raise InputError(
        f'{printable_path(table.path)}: expected a grade report with the column "{names[0]}" (older: '
        f'"{names[1]}"), found a first record of {quantity(len(table.header), "field")} without it'
    )


def where_to_put(course: CourseKey, course_directory: Path) -> str:
    """What the command `grade_reports` tells for a course: how to get a report, and where it goes."""
    return (
        f"{course}: fetch the grade report from the instructor dashboard (Data Download, Generate Grade "
        f"Report) and put the file, under the name that edX gave it, into {course_directory / FOLDER}/"
    )
