"""The table `courses.listings`: the office's list of its courses, with their dates and instructors."""

from __future__ import annotations

from edxtasks.dumps.office_files import OfficeFile
from edxtasks.table import Scope, Table
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
institution STRING -- institution that offers the course
semester STRING -- semester, as the office names it
new_or_rerun STRING -- New for the first run of a course, else Rerun
course_number STRING -- course number
short_title STRING -- short title
title STRING -- title
instructors STRING -- instructors
registration_open STRING -- first day of registration, text as in the file
courses_launch STRING -- first day of the course, text as in the file
course_wrap STRING -- last day of the course, text as in the file
course_id STRING -- course key, slash form
""")
HEADINGS: dict[str, tuple[str, ...]] = {
    "institution": ("Institution",),
    "semester": ("Semester",),
    "new_or_rerun": ("New or Rerun",),
    "course_number": ("Course Number",),
    "short_title": ("Short Title",),
    "title": ("Title",),
    "instructors": ("Instructors",),
    "registration_open": ("Registration Open",),
    "courses_launch": ("Course Launch",),
    "course_wrap": ("Course Wrap",),
    "course_id": (),
}


TABLE = Table(
    command="make_cinfo",
    required_when_named=True,
    scope=Scope.WAREHOUSE,
    grain="course_id (file order)",
    schema=SCHEMA,
    builder=OfficeFile("listings", HEADINGS).model(version=1),
)
