"""Dump dates to pin: which dump shows the content of a course as it was when the course ended.

Authors change content after a course (exams are hidden, due dates moved); pinned in `course_axis_pin_dates`,
the content comes from the dump next to the end of the course.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.content.dates import parse_listed_date
from edxtasks.content.findings import Findings
from edxtasks.content.listings_file import WRAP, Listing, find_listing, read_listings
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory, dated_directories
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.printable import printable


@dataclass(frozen=True)
class Recommended:
    """What can be told of a course: the date of its dump (YYYY-MM-DD), or a notice for people."""

    course: CourseKey | None
    date: str = ""
    notice: str = ""


def recommend_pin_dates(courses: Iterable[CourseKey], settings: Settings) -> Iterator[Recommended]:
    """The date of each course, in their order, for `course_axis_pin_dates`.

    Reads the listings file of the settings and the names of dated directories that hold a course export.
    Raises `InputError` when there is no listings file, or it cannot be read.
    """
    path = settings.paths.listings
    if path is None:
        raise InputError("no listings file: give listings=FILE, or the setting listings.")
    findings = Findings()
    listings = read_listings(path, findings)
    yield from recommend(courses, listings, lambda course: dumps_with_content(course, settings), findings)


def recommend(
    courses: Iterable[CourseKey],
    listings: Sequence[Listing],
    dumps: Callable[[CourseKey], Sequence[str]],
    findings: Findings,
) -> Iterator[Recommended]:
    """The same from the rows of the listings file and the dates (YYYY-MM-DD) of the dumps of a course.

    The date is the first dump on or after the wrap date, else the last dump. `dumps` raises
    `SourceAbsentError` for a course without a directory.
    """
    for course in courses:
        listing = find_listing(listings, course, findings)
        if listing is None:
            yield _notice(course, "is not in the listings file")
            continue
        text = listing.get(WRAP) or ""
        try:
            wrap = parse_listed_date(text)
        except ValueError:
            yield _notice(
                course, f'cannot read "{WRAP}": "{printable(text)}" is not a date such as 5/31/2013'
            )
            continue
        if wrap is None:
            yield _notice(course, f'has no "{WRAP}" in the listings file')
            continue
        try:
            dates = dumps(course)
        except SourceAbsentError as error:
            yield Recommended(course, notice=str(error))
            continue
        if not dates:
            yield _notice(course, "no course export found in any dated directory")
            continue
        yield Recommended(course, recommended(wrap, dates))
    for line in findings.lines():
        yield Recommended(None, notice=line)


def recommended(wrap: date, dumps: Sequence[str]) -> str:
    """The first dump date on or after `wrap`, else the last one."""
    dates = sorted(dumps)
    return next((one for one in dates if one >= wrap.isoformat()), dates[-1])


def dumps_with_content(course: CourseKey, settings: Settings) -> list[str]:
    """The dates, ascending, of the dated directories of this century that hold `course*.tar.gz`.

    Raises `SourceAbsentError` when the course has no directory.
    """
    home = course_directory(course, settings)
    names = (name for name in dated_directories(course, settings) if name.startswith("20"))
    return [name for name in names if _holds_content(home / name)]


def _holds_content(directory: Path) -> bool:
    return any(path.is_file() for path in directory.iterdir() if fnmatchcase(path.name, "course*.tar.gz"))


def _notice(course: CourseKey, text: str) -> Recommended:
    return Recommended(course, notice=f"{course}: {text}")
