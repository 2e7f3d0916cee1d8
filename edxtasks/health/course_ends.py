"""Which courses are over: named so, or with a last day in the course listings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase

from edxtasks.config import Settings
from edxtasks.content.dates import parse_listed_date
from edxtasks.content.findings import Findings
from edxtasks.content.listings_file import WRAP, find_listing, read_listings
from edxtasks.course import CourseKey, canonical


def is_archived(course: str, settings: Settings) -> bool:
    """Whether `health_archived` names a course, in either spelling, or matches it."""
    return any(fnmatchcase(course, canonical(pattern)) for pattern in settings.health_archived)


def read_ends(settings: Settings, courses: Iterable[CourseKey]) -> dict[CourseKey, date]:
    """The last day (`Course Wrap`) of the courses of which the listings file tells one; {} without a file.

    Raises `InputError` for a file that cannot be read. A date that cannot be read counts as none: the tables
    made from the file tell it.
    """
    path = settings.paths.listings
    if path is None:
        return {}
    told = Findings()
    listings = read_listings(path, told)
    ends = {}
    for course in courses:
        listing = find_listing(listings, course, told)
        try:
            end = parse_listed_date((listing or {}).get(WRAP) or "")
        except ValueError:
            continue
        if end is not None:
            ends[course] = end
    return ends
