"""The table `grades_persistent`: the running course grade of each learner."""

from __future__ import annotations

from pathlib import Path

from edxtasks.directories import sql_directory
from edxtasks.dumps import loading
from edxtasks.dumps.reader import COURSE_ID, FLOAT, INTEGER, STRING, TIMESTAMP, Field
from edxtasks.dumps.sources import required_file
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
course_id STRING -- course key, slash form
user_id INTEGER -- account id of the learner
grading_policy_hash STRING -- digest of the grading policy that the grade was made with
percent_grade FLOAT -- course grade, 0 to 1
letter_grade STRING -- letter of the grade; empty while not passing
passed_timestamp TIMESTAMP -- when the learner first passed (UTC); NULL = never
created TIMESTAMP -- when the grade was first stored (UTC)
modified TIMESTAMP -- when the grade last changed (UTC)
""")

SOURCE = "grades_persistentcoursegrade"
FIELDS = (
    Field("course_id", COURSE_ID),
    Field("user_id", INTEGER),
    Field("grading_policy_hash", STRING),
    Field("percent_grade", FLOAT),
    Field("letter_grade", STRING),
    Field("passed_timestamp", TIMESTAMP),
    Field("created", TIMESTAMP),
    Field("modified", TIMESTAMP),
)


def sources(of: Instance) -> dict[str, Path | None]:
    """`grades_persistentcoursegrade` of the course's SQL directory; `SourceAbsentError` when not
    delivered."""
    return {SOURCE: required_file(sql_directory(of.course, of.settings), SOURCE)}


def build(inputs: BuildInputs) -> Content:
    """The rows as JSON lines in `scratch`, in file order. Raises `InputError` when the file is broken."""
    return loading.load(
        inputs.files[SOURCE],
        FIELDS,
        course=inputs.course,
        key="user_id",
        max_bad_fraction=inputs.settings.max_bad_fraction,
        target=inputs.scratch / "grades_persistent.json.gz",
        messages=inputs.messages,
    )


TABLE = Table(
    command="grades_persistent unless subsection",
    sets=("doall",),
    grain="user_id",
    schema=SCHEMA,
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"file:grades_persistentcoursegrade.csv": Need.REQUIRED},
    ),
)
