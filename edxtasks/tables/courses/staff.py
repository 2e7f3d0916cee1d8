"""The table `courses.staff`: people of the office by course, from a file that the office keeps."""

from __future__ import annotations

from edxtasks.dumps.office_files import OfficeFile
from edxtasks.table import Scope, Table
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
course_id STRING -- course key, slash form
username STRING -- name of the edX account
name STRING -- name of the person
role STRING -- what the person does in the course
""")


TABLE = Table(
    command="staff2bq",
    required_when_named=True,
    scope=Scope.WAREHOUSE,
    grain="row of the file",
    schema=SCHEMA,
    builder=OfficeFile("staff", dict.fromkeys(SCHEMA.names, ())).model(version=1),
)
