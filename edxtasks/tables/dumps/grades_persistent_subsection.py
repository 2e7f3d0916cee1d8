"""The table `grades_persistent_subsection`: the running grade of each learner in each subsection."""

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
usage_key STRING -- id of the subsection as delivered, block-v1 form
earned_all FLOAT -- points earned in all problems
possible_all FLOAT -- points possible in all problems
earned_graded FLOAT -- points earned in graded problems
possible_graded FLOAT -- points possible in graded problems
first_attempted TIMESTAMP -- first attempt (UTC); NULL = not attempted
created TIMESTAMP -- when the grade was first stored (UTC)
modified TIMESTAMP -- when the grade last changed (UTC)
""")

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


def sources(of: Instance) -> dict[str, Path | None]:
    """`grades_persistentsubsectiongrade` of the course's SQL directory; `SourceAbsentError` when not
    delivered."""
    return {SOURCE: required_file(sql_directory(of.course, of.settings), SOURCE)}


def build(inputs: BuildInputs) -> Content:
    """The rows as JSON lines in `scratch`, in file order. Raises `InputError` when the file is broken."""
    return loading.load(
        inputs.files[SOURCE],
        FIELDS,
        course=inputs.course,
        key="user_id",
        needed=("usage_key",),
        max_bad_fraction=inputs.settings.max_bad_fraction,
        target=inputs.scratch / "grades_persistent_subsection.json.gz",
        messages=inputs.messages,
    )


TABLE = Table(
    command="grades_persistent_subsection, grades_persistent when subsection",
    sets=("doall",),
    grain="user_id, usage_key",
    schema=SCHEMA,
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"file:grades_persistentsubsectiongrade.csv": Need.REQUIRED},
    ),
)
