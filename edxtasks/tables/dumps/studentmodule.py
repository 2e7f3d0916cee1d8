"""The table `studentmodule`: the state of each learner in each block of the course."""

from __future__ import annotations

from edxtasks.dumps.delivered_file import DeliveredFile
from edxtasks.dumps.reader import MODULE_ID
from edxtasks.table import Table
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

DELIVERED = DeliveredFile(
    "studentmodule",
    SCHEMA,
    key="student_id",
    needed=("module_id",),
    kinds={"module_id": MODULE_ID},
    escaped_breaks=True,
)

TABLE = Table(
    command="sql2bq",
    sets=("doall", "setup_sql"),
    grain="id",
    schema=SCHEMA,
    builder=DELIVERED.model(version=1),
)
