"""The table `courses.course_info`: what the office knows of its courses and no dump tells."""

from __future__ import annotations

from edxtasks.table import External, Scope, Table
from edxtasks.warehouse.schema import schema

TABLE = Table(
    scope=Scope.WAREHOUSE,
    grain="course_id",
    schema=schema("""
    course_id STRING -- course key, in either form
    min_certifying_grade FLOAT -- grade from which a certificate is given, 0 to 1
    """),
    builder=External(only_named=True),
)
