"""The table `person_problem_wide`: scores of learners, with a column for each problem of the course.

Beside `user_id` it has a column `y<problem_nid>` for each problem that anybody answered, in the order of the
course: the score in percent, NULL where the learner did not answer it. The description of a column names the
problem.
"""

from __future__ import annotations

import itertools

from edxtasks.psychometrics import problems
from edxtasks.psychometrics.wide import wide
from edxtasks.table import BuildInputs, Need, PythonModel, Table
from edxtasks.warehouse.rows import OwnColumns
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
    user_id INTEGER -- account id of the learner
""")
"""The column that is always there."""


def build(inputs: BuildInputs) -> OwnColumns:
    """The scores of `person_problem`, a row a learner; problems are named by `course_item`."""
    names = problems.problems_of(inputs.rows("course_item") or ())
    columns = ("user_id", "problem_nid", "problem_pct_score")
    batches = inputs.batches("person_problem", columns) or ()
    return wide(itertools.chain.from_iterable(batches), names, SCHEMA["user_id"])


TABLE = Table(
    command="ppwide",
    grain="user_id",
    schema=SCHEMA,
    inputs={"person_problem": Need.REQUIRED, "course_item": Need.REQUIRED},
    builder=PythonModel(version=1, build=build, own_columns=True),
)
