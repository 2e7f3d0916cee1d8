"""Numbers of learners that logs and dump know, asked of the warehouse."""

from __future__ import annotations

from datetime import date

from edxtasks.build.context import Context
from edxtasks.course import CourseKey
from edxtasks.health.learner_rules import Learners
from edxtasks.warehouse.base import Query, Tables
from edxtasks.warehouse.schema import schema

_DAYS = "person_course_day"
_REGISTRANTS = "user_info_combo"

_SQL = f"""
WITH
  seen AS (
    SELECT username, MIN(date) < @dump_date AS is_before
    FROM {_DAYS}
    GROUP BY username
  ),
  known AS (
    SELECT DISTINCT username
    FROM {_REGISTRANTS}
    WHERE username != ''
  )
SELECT
  COUNTIF(seen.is_before) AS active, -- INTEGER: learners with events before the dump
  COUNTIF(seen.is_before AND known.username IS NULL) AS strangers, -- INTEGER: of these, not in the dump
  COUNTIF(known.username IS NOT NULL) AS registered, -- INTEGER: learners in the dump
  COUNTIF(seen.username IS NULL) AS never_came -- INTEGER: of these, without events
FROM seen
FULL JOIN known ON seen.username = known.username
"""
_COUNTS = schema(
    "active INTEGER -- learners\nstrangers INTEGER -- learners\n"
    "registered INTEGER -- learners\nnever_came INTEGER -- learners"
)


def read_learners(context: Context, course: CourseKey, dump: date) -> Learners | None:
    """The numbers of learners of a course; None where one of the tables is not there, or empty."""
    tables = [context.registry[name] for name in (_DAYS, _REGISTRANTS)]
    states = [context.state(table, course) for table in tables]
    if any(state is None or state.fault or not state.rows for state in states):
        return None
    inputs = {table.name: Tables((context.name(table, course),), table.schema) for table in tables}
    [row] = context.warehouse.select(Query(_SQL, inputs, {"dump_date": dump}, _COUNTS))
    active, unknown, registered, never_came = (int(str(value)) for value in row)
    return Learners(dump, active, unknown, registered, never_came)
