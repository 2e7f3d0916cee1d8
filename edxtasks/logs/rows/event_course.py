"""Which course an event is of."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from edxtasks.course import CourseKey
from edxtasks.logs.rows.remembered import Memo

_ENCODED = re.compile(r"%(?:2[bB]|3[aA]|20)")
_DECODED = {"%2b": "+", "%3a": ":", "%20": "+"}
_OPAQUE = re.compile(r"\s*course-v1(?::|%3[aA])")
_OTHER_KEYS = ("course-v1:", "ccx-v1:", "library-v1:")

# Behind `/courses/v1/` and its like are paths of the platform's API, which may name a course further on.
_COURSES_OPAQUE = re.compile(r"/courses/(course-v1:[^/?#]+)")
_COURSES_SLASH = re.compile(r"/courses/(?!v[0-9]+/)([^/?#\s]+/[^/?#\s]+/[^/?#\s]+)/")
_LEARNING = re.compile(r"/course/(course-v1:[^/?#]+)")
_BLOCK_PAGE = re.compile(r"/xblock/block-v1:([^/?#]+?)\+type@")

REMEMBERED = 8192
"""Distinct texts whose course is remembered: courses and pages repeat over and over in a log."""


def course_of_key(text: str) -> str | None:
    """The course that a course id names, as `ORG/NUMBER/RUN`; None when it is not a valid course key.

    Either form of key is read; inside a `course-v1` key `%2B`, `%3A`, `%20` are decoded and blanks taken
    as `+`, which is what they were before a form was decoded.
    """
    return COURSES(text)


def _course_of_key(text: str) -> str | None:
    text = text.strip()
    if _OPAQUE.match(text):
        text = _ENCODED.sub(lambda code: _DECODED[code[0].lower()], text).replace(" ", "+")
    key = CourseKey.find(text)
    if key is None or key.org.startswith(_OTHER_KEYS):
        return None
    return key.slash


COURSES = Memo(_course_of_key)
"""What `course_of_key` gives; each line asks for it."""


@lru_cache(REMEMBERED)
def course_in_url(url: str) -> str | None:
    """The course in the path of a request: `/courses/course-v1:O+C+R` or `/courses/O/C/R/`, else None.

    The slash form needs the slash after it: `/courses/ORG/NUMBER/about` is not a course. Percent-escapes are
    decoded first.
    """
    return _first_course(url, (_COURSES_OPAQUE, _COURSES_SLASH))


@lru_cache(REMEMBERED)
def course_of_page(page: str) -> str | None:
    """The course in the address of a page: as in a request, or a page of the learning front end
    (`/course/course-v1:O+C+R`) or of a block in its frame (`/xblock/block-v1:O+C+R+type@…`)."""
    course = course_in_url(page) or _first_course(page, (_LEARNING,))
    if course is None and (block := _BLOCK_PAGE.search(decoded(page))):
        course = course_of_key(f"course-v1:{block[1]}")
    return course


def opaque_course_of_page(page: str) -> str | None:
    """The course of a page `/courses/course-v1:O+C+R…`, as `ORG/NUMBER/RUN`, else None."""
    if "%" in page:  # escapes are decoded first
        return _first_course(page, (_COURSES_OPAQUE,))
    start = page.find("/courses/course-v1:")
    if start < 0:
        return None
    course = COURSES(page[start + len("/courses/") :].partition("/")[0])
    # A key may end with a query too, and a later one may be valid where this is not.
    return course or _first_course(page, (_COURSES_OPAQUE,))


def course_without_key(browser: bool, event_type: str, page: str, path: str, event: Any) -> str | None:
    """The course of an event that names none itself, found in its URLs or inside the event.

    Looked at in this order: for browser events the page, then the event type; for others the event type,
    then the page; then the path of the request; then `course_id` of the event, where that is an object.
    """
    if browser:
        course = course_of_page(page) or course_in_url(event_type)
    else:
        course = course_in_url(event_type) or course_of_page(page)
    course = course or course_in_url(path)
    if course is None and isinstance(event, dict) and isinstance(event.get("course_id"), str):
        course = course_of_key(event["course_id"])
    return course


def decoded(url: str) -> str:
    """A URL with its percent-escapes decoded: browsers log letters beyond ASCII as such."""
    return unquote(url) if "%" in url else url


def _first_course(url: str, forms: tuple[re.Pattern[str], ...]) -> str | None:
    url = decoded(url)
    for form in forms:
        for match in form.finditer(url):
            course = course_of_key(match[1])
            if course is not None:
                return course
    return None
