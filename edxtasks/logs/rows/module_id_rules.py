"""The rules by which the module id of an event is found: `RULES`, and what an event must have for each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edxtasks.logs.rows.event_course import decoded, opaque_course_of_page
from edxtasks.logs.rows.module_links import (
    BLOCK,
    COURSEWARE,
    FORUM_THREAD,
    HANDLER,
    I4X,
    JUMP,
    NEW_THREAD,
    QUOTED,
    THREAD,
    Links,
    courseware_module,
)
from edxtasks.logs.rows.usage_keys import (
    block_key_of_id,
    find_block_key,
    find_i4x_url,
    html_id_module,
    i4x_url_of_id,
    input_problem,
)

VIDEO_TYPES = frozenset(
    {
        "load_video",
        "play_video",
        "pause_video",
        "stop_video",
        "seek_video",
        "speed_change_video",
        "complete_video",
        "show_transcript",
        "hide_transcript",
        "video_show_cc_menu",
        "video_hide_cc_menu",
    }
)
"""Event types of videos; so are all that start with `edx.video.`."""

TYPES_WITHOUT_MODULE = frozenset({"add_resource", "delete_resource", "recommender_upvote"})

_COURSEWARE_OF_OPAQUE_COURSE = re.compile(r"/courses/course-v1:[^/]+/courseware/[^/]+/[^/]+/")

# What an event has, as far as rules ask for it. A rule is tried only on events that have what it needs.
# Links to components have the first nine bits (`module_links`).
# Event types:
PROBLEM = 1 << 9  # "problem" in it
PROBLEM_GRADED = 1 << 10
VIDEO = 1 << 11
PAGE_CLOSE = 1 << 12
WITHOUT_MODULE = 1 << 13
BROWSER = 1 << 14  # event source
# The event:
ID = 1 << 15  # an object with an id that is a string
ID_BLOCK = 1 << 16  # … "block-v1:" in it
ID_I4X = 1 << 17  # … "i4x" in it
ODD_ID = 1 << 18  # an object with an id that is not a string
PROBLEM_ID = 1 << 19  # an object with a problem_id or a problem
INPUT = 1 << 20  # a string that starts with the name of an input field
INPUT_LIST = 1 << 21  # a list whose first item does
TEXT = 1 << 22  # it came as text and is not an object with an id
# The context:
USAGE_KEY = 1 << 23  # its module has a usage key


@dataclass(slots=True, eq=False)
class EventType:
    """What an event type says by itself: what it `has` for the rules, links to components in it, and
    whether it is `listed` (all members of its events have columns).

    `handler`, a link, is the module id whatever the event.
    """

    name: str
    listed: bool
    has: int
    links: Links
    handler: str | None


class Event:
    """The parts of one event that rules look at."""

    __slots__ = (
        "answers",
        "course",
        "event",
        "identifier",
        "kind",
        "page",
        "path_links",
        "raw",
        "usage_key",
    )

    kind: EventType
    path_links: Links
    page: str
    course: str | None
    raw: Any
    event: Any
    identifier: str
    answers: Any
    usage_key: str


Rule = Callable[[Event, bool], str | None]
"""The module id that a rule finds in an event, or None; the second argument is `extended`."""


def _handler(event: Event, extended: bool) -> str | None:
    return event.kind.links.handler or event.path_links.handler


def _block(event: Event, extended: bool) -> str | None:
    return event.kind.links.block or event.path_links.block


def _answered(event: Event, extended: bool) -> str | None:
    """The problem of the first input field in the event."""
    text = event.answers if isinstance(event.answers, str) else event.answers[0]
    problem = input_problem(text.partition("&")[0].partition("=")[0])
    if problem is None:
        return None
    if problem.startswith("i4x-"):
        return html_id_module(problem, event.course)
    course = opaque_course_of_page(event.page) or event.course
    return None if course is None else f"{org_number(course)}/problem/{problem}"


def _block_key_in_id(event: Event, extended: bool) -> str | None:
    return block_key_of_id(event.identifier)


def _html_id_in_id(event: Event, extended: bool) -> str | None:
    return html_id_module(event.identifier, event.course)


def _video_by_bare_id(event: Event, extended: bool) -> str | None:
    identifier = event.identifier
    if not identifier or "/" in identifier or ":" in identifier or event.course is None:
        return None
    if not extended and not (
        event.kind.name == "play_video" and _COURSEWARE_OF_OPAQUE_COURSE.search(event.page)
    ):
        return None
    return f"{org_number(event.course)}/video/{identifier}"


def _block_key_in_text(event: Event, extended: bool) -> str | None:
    return find_block_key(event.raw)


def stop(event: Event, extended: bool) -> str | None:
    """Not called: where it stands in the list, the rules end."""
    raise AssertionError("the rule that stops is never called")


def _i4x_url_in_id(event: Event, extended: bool) -> str | None:
    module = i4x_url_of_id(event.identifier)
    if module is None or event.kind.name not in {"seq_goto", "seq_next"}:
        return module
    position = _position(event.event.get("new"))
    if position is None:
        return module if extended else None
    return f"{module}/{position}"


def _courseware_page(event: Event, extended: bool) -> str | None:
    module = courseware_module(decoded(event.page), extended)
    return module if module is None or module.endswith("/") else f"{module}/"


def _thread(event: Event, extended: bool) -> str | None:
    return event.kind.links.thread


def _forum_thread(event: Event, extended: bool) -> str | None:
    return event.kind.links.forum_thread


def _new_thread(event: Event, extended: bool) -> str | None:
    return event.kind.links.new_thread


def _courseware_request(event: Event, extended: bool) -> str | None:
    return event.kind.links.courseware


def _jump_to_id(event: Event, extended: bool) -> str | None:
    return event.kind.links.jump


def _quoted_handler(event: Event, extended: bool) -> str | None:
    return event.kind.links.quoted or event.path_links.quoted


def _i4x_url_in_type(event: Event, extended: bool) -> str | None:
    module = event.kind.links.i4x
    if module is not None and event.kind.links.goes_to_position and isinstance(event.raw, dict):
        post = event.raw.get("POST")
        positions = post.get("position") if isinstance(post, dict) else None
        if isinstance(positions, list):
            positions = positions[0] if positions else None
        position = _position(positions)
        return module if position is None else f"{module}/{position}"
    return module


def _i4x_url_in_text(event: Event, extended: bool) -> str | None:
    return find_i4x_url(event.raw)


def _problem_id(event: Event, extended: bool) -> str | None:
    problem_id, problem = event.event.get("problem_id"), event.event.get("problem")
    if not extended:
        return find_i4x_url(problem_id) if isinstance(problem_id, str) else None
    for identifier in (problem_id, problem):
        if isinstance(identifier, str) and (module := find_i4x_url(identifier) or find_block_key(identifier)):
            return module
    return None


def _usage_key(event: Event, extended: bool) -> str | None:
    if not extended:
        return None
    return find_block_key(event.usage_key) or find_i4x_url(event.usage_key)


RULES: tuple[tuple[int, tuple[int, ...], Rule], ...] = (
    # number, what the event must have (one of these sets), where the value is from
    (1, (HANDLER,), _handler),
    (2, (PROBLEM | INPUT,), _answered),
    (3, (PROBLEM_GRADED | INPUT_LIST,), _answered),
    (4, (BLOCK,), _block),
    (5, (ID_BLOCK,), _block_key_in_id),
    (6, (ID_I4X,), _html_id_in_id),
    (7, (ID | VIDEO,), _video_by_bare_id),
    (8, (TEXT,), _block_key_in_text),
    (9, (WITHOUT_MODULE, ODD_ID), stop),
    (10, (BROWSER | ID_I4X,), _i4x_url_in_id),
    (11, (BROWSER | PAGE_CLOSE,), _courseware_page),
    (12, (BROWSER | INPUT, BROWSER | INPUT_LIST), _answered),
    (13, (THREAD,), _thread),
    (14, (FORUM_THREAD,), _forum_thread),
    (15, (NEW_THREAD,), _new_thread),
    (16, (COURSEWARE,), _courseware_request),
    (17, (JUMP,), _jump_to_id),
    (18, (QUOTED,), _quoted_handler),
    (19, (INPUT,), _answered),
    (20, (I4X,), _i4x_url_in_type),
    (21, (TEXT,), _i4x_url_in_text),
    (22, (PROBLEM_ID,), _problem_id),
    (23, (USAGE_KEY,), _usage_key),
)


def org_number(course: str) -> str:
    """`ORG/NUMBER` of a course `ORG/NUMBER/RUN`."""
    return course[: course.rindex("/")]


def _position(value: Any) -> str | None:
    """A position in a sequence as text, or None when there is none."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return None
