"""The table `courses.staff`: people of the office by course, from a file that the office keeps."""

from __future__ import annotations

from pathlib import Path

from edxtasks.directories import office_file
from edxtasks.dumps.office_files import read_table
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Scope, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
course_id STRING -- course key, slash form
username STRING -- name of the edX account
name STRING -- name of the person
role STRING -- what the person does in the course
""")
HEADINGS: dict[str, tuple[str, ...]] = dict.fromkeys(SCHEMA.names, ())


def sources(of: Instance) -> dict[str, Path | None]:
    """The file of the setting `staff`; `SourceAbsentError` when it is not set, `InputError` when it is not
    there."""
    return {"staff": office_file("staff", of.settings.paths.staff)}


def build(inputs: BuildInputs) -> Content:
    """The rows in file order. Raises `InputError` when a column is missing or the file is broken."""
    path = inputs.file("staff")
    return read_table(path, HEADINGS, inputs.settings.max_bad_fraction, inputs.messages)


TABLE = Table(
    command="staff2bq",
    required_when_named=True,
    scope=Scope.WAREHOUSE,
    grain="row of the file",
    schema=SCHEMA,
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"setting:staff": Need.REQUIRED},
        published={"staff": "courses/staff"},
    ),
)
