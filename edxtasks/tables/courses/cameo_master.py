"""The table `courses.cameo_master`: confirmed cases of accounts that share answers, kept by the office."""

from __future__ import annotations

from edxtasks.table import External, Scope, Table
from edxtasks.warehouse.schema import schema

TABLE = Table(
    scope=Scope.WAREHOUSE,
    schema=schema("""
    course_id STRING -- course key, in either form
    username STRING -- account that benefits
    CH STRING -- account that reveals answers
    """),
    builder=External(only_named=True),
)
