"""Where the content of a course is found: dated directory, course export, bundle."""

from __future__ import annotations

from pathlib import Path

from edxtasks.config import Settings
from edxtasks.content.archive import TARBALL_NAMES, find_tarball
from edxtasks.content.bundle import bundle_name
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory, dated_directories, sql_directory
from edxtasks.errors import SourceAbsentError


def content_directory(course: CourseKey, settings: Settings) -> Path:
    """The directory from which the content of a course is read: that of its pin, also in latest mode, else
    the one of the run. Raises what `edxtasks.directories.sql_directory` raises."""
    return sql_directory(course, settings, settings.pin(course))


def tarball(course: CourseKey, settings: Settings) -> Path:
    """The course export. Raises `SourceAbsentError` when there is none."""
    directory = content_directory(course, settings)
    found = find_tarball(directory)
    if found is None:
        raise SourceAbsentError(
            f"no course content: {directory} has none of {', '.join(TARBALL_NAMES)}, *course*.tar.gz",
            TARBALL_NAMES,
        )
    return found


def content_file(course: CourseKey, settings: Settings) -> Path:
    """The file with the whole course: a bundle that a person mended (`….xml.fixed`), the course export, or
    where that is gone the bundle.

    In latest mode without a pin, when the newest dated directory has none of them, it is looked for in the
    earlier ones, newest first. Raises `SourceAbsentError` when there is none.
    """
    directory = content_directory(course, settings)
    directories = [directory]
    if settings.pin(course) is None and settings.newest_dump:
        home = course_directory(course, settings)
        earlier = [name for name in dated_directories(course, settings) if name < directory.name]
        directories += [home / name for name in reversed(earlier)]
    name = bundle_name(course)
    for place in directories:
        fixed, bundle = place / f"{name}.fixed", place / name
        if fixed.is_file():
            return fixed
        # The bundle may be of an older export in the same directory.
        found = find_tarball(place) or (bundle if bundle.is_file() else None)
        if found is not None:
            return found
    raise SourceAbsentError(
        f"no course content: {directory} has neither a course export nor {name}", TARBALL_NAMES
    )
