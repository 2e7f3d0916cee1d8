"""The table `grades_persistent`: the running course grade of each learner."""

from __future__ import annotations

from edxtasks.dumps.delivered_file import DeliveredFile
from edxtasks.table import Table
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

TABLE = Table(
    command="grades_persistent unless subsection",
    sets=("doall",),
    grain="user_id",
    schema=SCHEMA,
    builder=DeliveredFile("grades_persistentcoursegrade", SCHEMA, key="user_id").model(version=1),
)
