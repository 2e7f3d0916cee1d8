"""The table `courses.staff`: people of the office by course, from a file that the office keeps."""

from __future__ import annotations

from pathlib import Path

from edxtasks.config import Settings
from edxtasks.directories import office_file
from edxtasks.dumps.office_files import read_table
from edxtasks.notes import Notes
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
course_id STRING -- course key, slash form
username STRING -- name of the edX account
name STRING -- name of the person
role STRING -- what the person does in the course
""")
VERSION = 1
OUTPUT_FILES: tuple[str, ...] = ()
HEADINGS: dict[str, tuple[str, ...]] = dict.fromkeys(SCHEMA.names, ())


def sources(settings: Settings) -> dict[str, Path | None]:
    """The file of the setting `staff`; `SourceAbsent` when it is not set, `InputError` when it is not
    there."""
    return {"staff": office_file("staff", settings.paths.staff)}


def build(settings: Settings, sources: dict[str, Path | None], scratch: Path, notes: Notes) -> Content:
    """The rows in file order. Raises `InputError` when a column is missing or the file is broken."""
    path = sources["staff"]
    assert path is not None
    return read_table(path, HEADINGS, settings.max_bad_fraction, notes)
