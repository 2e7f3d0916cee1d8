"""The table `studentmodule`: the state of each learner in each block of the course."""

from __future__ import annotations

from pathlib import Path

from edxtasks.directories import sql_directory
from edxtasks.dumps import loading
from edxtasks.dumps.reader import COURSE_ID, INTEGER, MODULE_ID, STRING, TIMESTAMP, Field
from edxtasks.dumps.sources import required_file
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
id INTEGER -- row id in edX's table courseware_studentmodule
module_type STRING -- type of the block: problem, video, sequential, chapter, course, …
module_id STRING -- block id; block-v1 ids are written i4x://ORG/NUMBER/TYPE/ID
student_id INTEGER -- account id of the learner (user_id of other tables)
state STRING -- state of the block, JSON text
grade STRING -- points earned, number as text; NULL when the block gave none
created TIMESTAMP -- first visit (UTC)
modified TIMESTAMP -- last change of state or grade (UTC)
max_grade STRING -- points possible, number as text; NULL when there are none
done STRING -- completion mark of edX: na, f or i
course_id STRING -- course key, slash form
""")

FIELDS = (
    Field("id", INTEGER),
    Field("module_type", STRING),
    Field("module_id", MODULE_ID),
    Field("student_id", INTEGER),
    Field("state", STRING),
    Field("grade", STRING),
    Field("created", TIMESTAMP),
    Field("modified", TIMESTAMP),
    Field("max_grade", STRING),
    Field("done", STRING),
    Field("course_id", COURSE_ID),
)


def sources(of: Instance) -> dict[str, Path | None]:
    """`studentmodule` of the course's SQL directory; `SourceAbsentError` when it was not delivered."""
    return {"studentmodule": required_file(sql_directory(of.course, of.settings), "studentmodule")}


def build(inputs: BuildInputs) -> Content:
    """The rows as JSON lines in `scratch`, in the order of the file, one for each record of the course.

    Raises `InputError` when the file is broken, a needed column is missing, or too many records are bad.
    """
    return loading.load(
        inputs.files["studentmodule"],
        FIELDS,
        course=inputs.course,
        key="student_id",
        needed=("module_id",),
        escaped_breaks=True,
        max_bad_fraction=inputs.settings.max_bad_fraction,
        target=inputs.scratch / "studentmodule.json.gz",
        messages=inputs.messages,
    )


TABLE = Table(
    command="sql2bq",
    sets=("doall", "setup_sql"),
    grain="id",
    schema=SCHEMA,
    builder=PythonModel(
        version=1, build=build, sources=sources, reads={"file:studentmodule.csv": Need.REQUIRED}
    ),
)
