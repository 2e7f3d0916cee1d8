"""The shapes of log lines: what server, browser and mobile app write about one thing that happened.

The forms follow edX's documentation of its tracking logs ("Events in the Tracking Logs" of the research
guide): fields common to all events, implicit server events named by their path, browser events whose
`event` is a text, mobile events named by `name`.
"""

from __future__ import annotations

from typing import Any, Protocol

import orjson

from edxtasks.simulate import clock
from edxtasks.simulate.courses import Course
from edxtasks.simulate.learners import Learner

# What an event counts as, for the ledger.
OTHER, PLAY_VIDEO, PAUSE_VIDEO, SEEK_VIDEO, PROBLEM_CHECK, SHOW_ANSWER = 0, 1, 2, 3, 4, 5
TRANSCRIPT, SEQ_GOTO, FORUM, PROGRESS, ENROLLMENT = 6, 7, 8, 9, 10
HANDLER = 11
"""A call of a block's handler: counted by address, but not among a learner's events of the day."""

REQUEST = '{"POST": {}, "GET": {}}'
LONGEST_REQUEST = 512
"""edX cuts the JSON text of a request's parameters to so many characters."""

Event = dict[str, Any]


class Sink(Protocol):
    """Where events go."""

    def put(
        self, learner: Learner, time: int, event: Event, kind: int, course: str, deliver: int | None = None
    ) -> None:
        """Take an event of `course` (`UNKNOWN`: of none) that `learner` caused at `time`.

        `deliver`: days after the visit's own day in whose file the line stands; None: as chance has it.
        """

    def plant(
        self,
        line: bytes,
        at: int,
        course: str,
        username: str = "",
        address: str = "",
        time: int | None = None,
        kind: int | None = None,
        reject: str = "",
    ) -> None:
        """Take a line made by hand, to be written at the place of the time `at`.

        It belongs to `course`. With a `username` it is an event of that person at `time` (if None, `at`);
        `kind` None: one that does not count among a learner's events of the day. `reject`: the reason why
        the line is not a usable event.
        """

    def enrolled(self, course: str, time: int, user_id: int, event_type: str, mode: str | None) -> None:
        """Note that an event about the enrolment of `user_id` was written."""


def text(value: object) -> str:
    """Compact JSON text, as a browser makes it."""
    return orjson.dumps(value).decode()


class Session:
    """One visit of a learner: a clock that runs, and the fields that all its events share."""

    __slots__ = (
        "address", "agent", "context", "course", "id", "language", "learner", "modern", "page", "sink",
        "time",
    )  # fmt: skip

    def __init__(
        self,
        sink: Sink,
        course: Course,
        learner: Learner,
        time: int,
        address: str,
        agent: str,
        language: str,
        session_id: str,
    ) -> None:
        self.sink = sink
        self.course = course
        self.learner = learner
        self.time = time
        self.address = address
        self.agent = agent
        self.language = language
        self.id = session_id
        self.modern = course.opaque
        self.page = ""

    def wait(self, seconds: float) -> None:
        """Let time pass, to the microsecond."""
        self.time += int(seconds * clock.SECOND)

    def event(self, source: str, event_type: str | None, event: object, path: str, page: str | None) -> Event:
        """An event in the form of the course's time, with the common fields."""
        course, learner = self.course, self.learner
        if self.modern:
            return {
                "username": learner.username,
                "event_type": event_type,
                "ip": self.address,
                "agent": self.agent,
                "host": "courses.edx.org",
                "referer": "https://courses.edx.org" + course.base,
                "accept_language": self.language,
                "event": event,
                "event_source": source,
                "context": {
                    "user_id": learner.user_id,
                    "org_id": course.key.org,
                    "course_id": course.id,
                    "path": path,
                },
                "time": clock.iso(self.time),
                "page": page,
            }
        return {
            "username": learner.username,
            "host": "courses.edx.org",
            "event_source": source,
            "event_type": event_type,
            "context": {
                "user_id": learner.user_id,
                "org_id": course.key.org,
                "course_id": course.id,
                "path": path,
            },
            "time": clock.iso(self.time),
            "ip": self.address,
            "event": event,
            "agent": self.agent,
            "page": page,
        }

    def request(
        self, tail: str, post: Event | None = None, get: Event | None = None, kind: int = OTHER
    ) -> None:
        """A page or handler of the course was asked for: an event that bears the path as its type."""
        path = self.course.base + tail
        parameters = REQUEST
        if post or get:
            parameters = f'{{"POST": {text(post or {})}, "GET": {text(get or {})}}}'[:LONGEST_REQUEST]
        self.sink.put(
            self.learner,
            self.time,
            self.event("server", path, parameters, path, None),
            kind,
            self.course.key.slash,
        )

    def handler(self, category: str, url_name: str, tail: str, post: Event | None = None) -> None:
        """The handler of a block was called."""
        self.request(self.course.handler(category, url_name, tail), post, None, HANDLER)

    def server(
        self, event_type: str, event: object, path: str, kind: int = OTHER, module: Event | None = None
    ) -> None:
        """The server tells of something by name."""
        line = self.event("server", event_type, event, path, "x_module")
        if self.modern:
            line["name"] = event_type
            line["session"] = self.id
            if module:
                line["context"]["module"] = module
            line["context"]["course_user_tags"] = {}
        elif module:
            line["context"]["module"] = {"display_name": module["display_name"]}
        self.sink.put(self.learner, self.time, line, kind, self.course.key.slash)

    def browser(self, event_type: str, event: str, kind: int = OTHER, name: str | None = None) -> None:
        """The browser tells of something; `event` is a text, mostly of JSON."""
        line = self.event("browser", event_type, event, "/event", self.page)
        line["session"] = self.id
        if self.modern:
            line["name"] = name or event_type
        self.sink.put(self.learner, self.time, line, kind, self.course.key.slash)

    def mobile(self, name: str, event_type: str, event: Event, kind: int = OTHER) -> None:
        """The mobile app tells of something: `event_type` is the old name, `name` the app's own."""
        line = self.event("mobile", event_type, event, "/segmentio/event", None)
        line["name"] = name
        line["session"] = ""
        context = line["context"]
        context["application"] = {"name": "edx.mobileapp.android", "version": "1.0.02"}
        context["client"] = {"network": {"wifi": True, "carrier": "Ünitel"}, "locale": "en-US"}
        context["component"] = "videoplayer"
        context["received_at"] = clock.iso(self.time + 7 * clock.SECOND)
        context["open_in_browser_url"] = "https://courses.edx.org" + self.course.base
        context["agent"] = self.agent
        context["course_user_tags"] = {}
        self.sink.put(self.learner, self.time, line, kind, self.course.key.slash)

    def nowhere(self, path: str, event: str = REQUEST) -> None:
        """A page that belongs to no course was asked for."""
        line = self.event("server", path, event, path, None)
        line["context"]["course_id"] = ""
        line["context"]["org_id"] = ""
        if "referer" in line:
            line["referer"] = "https://courses.edx.org/"
        self.sink.put(self.learner, self.time, line, OTHER, "UNKNOWN")
