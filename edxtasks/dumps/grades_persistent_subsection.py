"""The table `grades_persistent_subsection`: the running grade of each learner in each subsection."""

from __future__ import annotations

from pathlib import Path

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.dumps import loading
from edxtasks.dumps.reader import COURSE_ID, FLOAT, INTEGER, STRING, TIMESTAMP, Field
from edxtasks.dumps.sources import required_file
from edxtasks.notes import Notes
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
course_id STRING -- course key, slash form
user_id INTEGER -- account id of the learner
usage_key STRING -- id of the subsection as delivered, block-v1 form
earned_all FLOAT -- points earned in all problems
possible_all FLOAT -- points possible in all problems
earned_graded FLOAT -- points earned in graded problems
possible_graded FLOAT -- points possible in graded problems
first_attempted TIMESTAMP -- first attempt (UTC); NULL = not attempted
created TIMESTAMP -- when the grade was first stored (UTC)
modified TIMESTAMP -- when the grade last changed (UTC)
""")
VERSION = 1
OUTPUT_FILES: tuple[str, ...] = ()

SOURCE = "grades_persistentsubsectiongrade"
FIELDS = (
    Field("course_id", COURSE_ID),
    Field("user_id", INTEGER),
    Field("usage_key", STRING),
    Field("earned_all", FLOAT),
    Field("possible_all", FLOAT),
    Field("earned_graded", FLOAT),
    Field("possible_graded", FLOAT),
    Field("first_attempted", TIMESTAMP),
    Field("created", TIMESTAMP),
    Field("modified", TIMESTAMP),
)


def sources(course: CourseKey, settings: Settings) -> dict[str, Path | None]:
    """`grades_persistentsubsectiongrade` of the course's SQL directory; `SourceAbsent` when not delivered."""
    return {SOURCE: required_file(sql_directory(course, settings), SOURCE)}


def build(
    course: CourseKey, settings: Settings, sources: dict[str, Path | None], scratch: Path, notes: Notes
) -> Content:
    """The rows as JSON lines in `scratch`, in file order. Raises `InputError` when the file is broken."""
    return loading.load(
        sources[SOURCE],
        FIELDS,
        course=course,
        key="user_id",
        needed=("usage_key",),
        max_bad_fraction=settings.max_bad_fraction,
        target=scratch / "grades_persistent_subsection.json.gz",
        notes=notes,
    )
