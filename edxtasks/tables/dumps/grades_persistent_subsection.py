"""The table `grades_persistent_subsection`: the running grade of each learner in each subsection."""

from __future__ import annotations

from edxtasks.dumps.delivered_file import DeliveredFile
from edxtasks.table import Table
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

TABLE = Table(
    command="grades_persistent_subsection, grades_persistent when subsection",
    sets=("doall",),
    grain="user_id, usage_key",
    schema=SCHEMA,
    builder=DeliveredFile(
        "grades_persistentsubsectiongrade", SCHEMA, key="user_id", needed=("usage_key",)
    ).model(version=1),
)
