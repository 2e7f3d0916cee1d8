"""The picture of a course: which file it is, and where it is published."""

from __future__ import annotations

from pathlib import Path

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory, sql_directory
from edxtasks.errors import SourceAbsentError

NAME = "course_image.jpg"


def sources(course: CourseKey, settings: Settings) -> dict[str, Path | None]:
    """`image`: the picture in the dated directory, in latest mode else that in the course directory.

    Raises `SourceAbsentError` when there is none, and what `edxtasks.directories.sql_directory` raises.
    """
    directories = [sql_directory(course, settings)]
    if settings.newest_dump:
        directories.append(course_directory(course, settings))
    for directory in directories:
        if (directory / NAME).is_file():
            return {"image": directory / NAME}
    raise SourceAbsentError(f"no course image: there is no {NAME} in {' or '.join(map(str, directories))}")


def destination(course: CourseKey, settings: Settings) -> str:
    """Path in the storage: in the folder of the course, with `dataset_latest` in `latest/` below it."""
    latest = "latest/" if settings.options.dataset_latest else ""
    return f"{course.directory}/{latest}{NAME}"
