"""Where the files of a course lie: course directory, dated directory, dump date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.config.kinds import day
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, NoCourseDirectory, NoDumpDirectory, SourceAbsentError, from_machine
from edxtasks.printable import printable_path


@contextmanager
def _readable() -> Iterator[None]:
    """Raise as `UserError` that a folder on the way cannot be read: a fault of one course, not of the run."""
    try:
        yield
    except OSError as error:
        raise from_machine(error) or error from None


@_readable()
def course_directory(course: CourseKey, settings: Settings) -> Path:
    """The directory of a course under `course_sql_base_dir`: the first of three that exists.

    `ORG__NUMBER__RUN`, `ORG-NUMBER-RUN`, `NUMBER-RUN` (a habit of some offices). `EDGE` and `UNKNOWN`, where
    `waldofy` puts what belongs to no known course, are never searched. Raises `NoCourseDirectory` (a
    `SourceAbsentError`) naming all three when none exists.
    """
    base = settings.paths.course_sql_base_dir
    names = (course.directory, course.package_prefix, f"{course.number}-{course.run}")
    for name in names:
        if (base / name).is_dir():
            return base / name
    lacking = "" if base.is_dir() else ", which does not exist (setting course_sql_base_dir)"
    raise NoCourseDirectory(f"{course} has no directory: looked for {', '.join(names)} in {base}{lacking}")


@_readable()
def sql_directory(course: CourseKey, settings: Settings, pin: str | None = None) -> Path:
    """The directory with the dump of a course.

    With `pin` (a date YYYY-MM-DD, see `Settings.pin`; used where content is read) that dated directory;
    else with `dataset_latest` or `latest_sql_dir` the newest one; else that of `course_sql_date_dir`; with
    no date at all the course directory itself.

    Raises `SourceAbsentError` when the course has no directory, `InputError` when it has not the dated one
    (of a dump: `NoDumpDirectory`).
    """
    directory = course_directory(course, settings)
    if pin is None and settings.newest_dump:
        return directory / _newest(course, directory)
    name = pin or settings.paths.course_sql_date_dir
    if name is None:
        return directory
    if not (directory / name).is_dir():
        origin = "course_axis_pin_dates" if pin else "course_sql_date_dir"
        present = _dated(directory)
        there = f"; there: {', '.join(present)}" if present else "; there is no dated directory in it"
        text = f"{course} has no directory {name} (from {origin}) in {directory}{there}"
        raise InputError(text) if pin else NoDumpDirectory(text)
    return directory / name


@_readable()
def directory_read_with(arriving: Path, course: CourseKey, settings: Settings) -> Path:
    """The directory that `sql_directory` will give once the dated directory `arriving` is there.

    `arriving` is where the weekly package is sorted to: `ORG-NUMBER-RUN/DATE` of the base directory.
    """
    base = settings.paths.course_sql_base_dir
    home = base / course.directory if (base / course.directory).is_dir() else arriving.parent
    if settings.newest_dump:
        names = _dated(home) if home.is_dir() else []
        return home / max([*names, *([arriving.name] if home == arriving.parent else [])], default="")
    return home / (settings.paths.course_sql_date_dir or "")


def dump_date(course: CourseKey, settings: Settings, pin: str | None = None) -> date | None:
    """The date of the dump of a course: the name of the dated directory found, None without one.

    Raises what `sql_directory` raises.
    """
    found = sql_directory(course, settings, pin)
    # The course directory itself is not a dated one, whatever its name.
    return day(found.name) if found != course_directory(course, settings) else None


@_readable()
def office_file(setting: str, path: Path | None) -> Path:
    """The file that an office keeps itself, as the setting `setting` of `[paths]` names it.

    Raises `SourceAbsentError` when the setting is not set, `InputError` when there is no such file.
    """
    if path is None:
        raise SourceAbsentError(
            f"no {setting} file: set {setting} ({setting}=FILE on the line, or in [paths])"
        )
    if not path.is_file():
        fault = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{setting}: expected a file, but {printable_path(path)} {fault}")
    return path


@_readable()
def dated_directories(course: CourseKey, settings: Settings) -> list[str]:
    """The names YYYY-MM-DD of the dated directories of a course, oldest first."""
    return _dated(course_directory(course, settings))


def _dated(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir() if day(entry.name) and entry.is_dir())


def _newest(course: CourseKey, directory: Path) -> str:
    names = _dated(directory)
    if not names:
        raise NoDumpDirectory(
            f"{course} has no dated directory in {directory}: expected one named YYYY-MM-DD, "
            "since the newest is asked for (dataset_latest, latest_sql_dir)"
        )
    return names[-1]


def anything_of(course: CourseKey, settings: Settings) -> bool:
    """Whether anything of a course is on this machine: its directory, its logs, its tables."""
    logs = settings.paths.tracking_logs_directory
    if logs is not None and (logs / course.directory).is_dir():
        return True
    try:
        return course_directory(course, settings).is_dir()
    except SourceAbsentError:
        return (settings.warehouse.path / course.dataset).is_dir()
