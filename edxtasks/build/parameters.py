"""The named parameters that a model may use, and where their values come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.directories import dump_date
from edxtasks.warehouse.base import Parameter

PARAMETERS: Mapping[str, Callable[[CourseKey, Settings], Parameter]] = {
    "course_id": lambda course, settings: course.slash,
    "course_key": lambda course, settings: course.opaque,
    "dump_date": dump_date,
}
"""By name: `course_id` ORG/NUMBER/RUN; `course_key` course-v1:ORG+NUMBER+RUN; `dump_date` the date of the
directory that the SQL dump of the course is taken from, NULL where it has none."""
