"""Rare things, planted by hand: one account of every course, the probe, meets them all.

Whatever logs are known to hold and readers are known to stumble over stands here with what it counts as,
so that the ledger is right about it: gaps at the limit, midnight, doubled lines, spellings of times,
unknown keys, damaged values, courses that only an address tells, and lines that are no events.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import orjson

from edxtasks.simulate import clock
from edxtasks.simulate.clock import HOUR, SECOND
from edxtasks.simulate.events import (
    ENROLLMENT,
    FORUM,
    HANDLER,
    OTHER,
    PLAY_VIDEO,
    PROBLEM_CHECK,
    PROGRESS,
    REQUEST,
    Event,
    Session,
    text,
)
from edxtasks.simulate.visit import Visit

UNKNOWN = "UNKNOWN"
OTHER_COURSE = "MITx/0.111x/2T2014"
"""A course in logs and package that is none of the campus' own."""

TIMES: tuple[Callable[[int], object], ...] = (
    lambda t: t // SECOND,
    lambda t: t // 1000,
    lambda t: str(t // 1000),
    lambda t: t,
    lambda t: t // SECOND + 0.25,
    lambda t: clock.iso(t).replace("+00:00", "Z"),
    lambda t: clock.iso(t).replace("T", " ").replace("+00:00", " UTC"),
    lambda t: clock.full_iso(t - 4 * HOUR).replace("+00:00", "-04:00"),
    lambda t: clock.full_iso(t + 5 * HOUR + HOUR // 2).replace("+00:00", "+0530"),
    lambda t: clock.iso(t).replace("T", " ").removesuffix("+00:00"),
    lambda t: {"$date": t // 1000},
    lambda t: {"$numberLong": str(t // 1000)},
    lambda t: clock.full_iso(t).replace("+00:00", "999Z"),
)
"""Spellings of a time of whole seconds; the fifth is of a quarter past one."""


def probe(session: Session, visit: Visit, random: Random) -> None:
    """The day of the probe: everything but midnight."""
    planted = _Probe(session)
    planted.gaps(visit.start)
    planted.doubled()
    planted.spelt_times()
    planted.new_keys()
    planted.refused_values()
    planted.only_an_address()
    planted.fields()
    planted.long_and_odd()
    planted.enrolled_by_command()
    planted.wrong_clock()
    planted.other_course()
    planted.no_course()
    planted.no_events()


class _Probe:
    """The account of the probe in its session, and what it plants: lines of its own and of nobody."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.course, self.learner, self.sink = session.course, session.learner, session.sink
        self.slash = self.course.key.slash

    def event(self, tail: str, event: object = REQUEST, source: str = "server", **changes: Any) -> Event:
        """An event at an address of the course, with changed fields."""
        path = self.course.base + tail
        return self.session.event(source, path, event, path, None) | changes

    def said(self, source: str, kind: str, event: object) -> Event:
        """An event whose type is no address."""
        return self.session.event(source, kind, event, self.course.base + "x", None)

    def plant(self, line: Event | bytes, kind: int | None = OTHER, **more: Any) -> None:
        """Write a line of the probe."""
        data = line if isinstance(line, bytes) else orjson.dumps(line)
        name, address = self.learner.username, self.session.address
        self.sink.plant(data, self.session.time, self.slash, name, address, kind=kind, **more)

    def nameless(self, line: Event) -> None:
        """Write a line that names no learner."""
        self.sink.plant(orjson.dumps(line), self.session.time, self.slash)

    def apart(self) -> None:
        """Let so much time pass that what follows is apart from what was before."""
        self.session.time += 400 * SECOND

    def gaps(self, start: int) -> None:
        """A gap of exactly 300 s counts, one of 300.000001 s does not; a handler call neither ends nor
        starts one."""
        self.session.time = start
        self.session.request("info")
        self.session.time = start + 300 * SECOND
        self.session.request("progress", kind=PROGRESS)
        self.session.time = start + 450 * SECOND
        self.session.request("xblock/probe/handler/save_user_state", kind=HANDLER)
        self.session.time = start + 600 * SECOND + 1
        self.session.request("info")

    def doubled(self) -> None:
        """The same line twice: both count."""
        self.apart()
        line = self.event("discussion/forum")
        self.plant(line, FORUM)
        self.plant(line, FORUM)

    def spelt_times(self) -> None:
        """Spellings of time."""
        for number, spell in enumerate(TIMES):
            self.apart()
            self.session.time += SECOND - self.session.time % SECOND + (250_000 if number == 4 else 0)
            self.plant(self.event("info", time=spell(self.session.time)))

    def new_keys(self) -> None:
        """New keys, at every level and in odd spellings."""
        self.apart()
        new = {"edx-new.key": {"1st": [1, {"": None}]}, "": "", "i4x-a-b": 7, "K" * 300: 1}
        line = self.event("info") | new
        line["context"] |= {"enterprise_uuid": "", "new.flag": True, "asides": {}}
        self.plant(line)
        self.apart()
        self.plant(
            self.said("mobile", "play_video", {"id": "v", "child-id": 1, "new_field": [2]}), PLAY_VIDEO
        )

    def refused_values(self) -> None:
        """Numbers and texts that strict readers of JSON refuse."""
        self.apart()
        line = self.said("server", "play_video", {"id": "v", "currentTime": float("nan")})
        self.plant(json.dumps(line).encode(), PLAY_VIDEO)
        self.apart()
        line = self.said("server", "problem_check", {"answers": {"a": "\ud83d"}, "grade": 2**70})
        self.plant(json.dumps(line).encode(), PROBLEM_CHECK)
        self.apart()
        self.plant(orjson.dumps(self.event("info")).replace(b'"agent":"', b'"agent":"\xff\xfe'))
        self.apart()
        self.plant(self.event("info", '{"POST": {"a": ["\\u0000"]}, "GET": {}}'))
        self.apart()
        self.plant(b'{"username":"nobody","time":"yesterday",' + orjson.dumps(self.event("info"))[1:])

    def only_an_address(self) -> None:
        """The course is told by an address alone."""
        self.apart()
        self.plant(self.event("info", context=None))
        self.apart()
        page = "https://courses.edx.org" + self.course.base + "courseware/a/b/?x=1#top"
        self.plant(self.event("info", "", "browser", context="none", event_type="page_close", page=page))
        self.apart()
        self.plant(
            self.event(
                "info",
                event_type="seq_next",
                context={},
                page=None,
                event_source="browser",
                course_id=self.course.id,
            )
        )
        self.apart()
        self.plant(self.event("info", course_id=""))
        self.apart()
        self.plant(self.event("info", course_id=None))
        if self.course.opaque:
            key = self.course.id
            for spelled in (key.replace(":", "%3A").replace("+", "%2B"), key.replace("+", " ")):
                self.apart()
                line = self.event("info", event_type="seq_next")
                line["context"]["course_id"] = spelled
                self.plant(line)

    def fields(self) -> None:
        """What `event`, `event_type` and `username` may be."""
        for value in (5, True, [1, "two"], None, ""):
            self.apart()
            self.plant(self.event("info", value))
        self.apart()
        line = self.event("info")
        del line["event"], line["agent"]
        self.plant(line)
        self.apart()
        self.plant(self.event("info", event_type=None), None)
        self.apart()
        self.sink.plant(
            orjson.dumps(self.event("info", ip="")),
            self.session.time,
            self.slash,
            self.learner.username,
            "",
            kind=OTHER,
        )
        for user in (None, ""):
            self.apart()
            self.nameless(self.event("info", username=user))
        self.apart()
        line = self.event("info")
        del line["username"]
        self.nameless(line)

    def long_and_odd(self) -> None:
        """A speed that is not a number, and a page of feedback as long as they get."""
        for speed in ("NaN", None):
            self.apart()
            change = text({"id": "v", "current_time": "7.5", "old_speed": "1.0", "new_speed": speed})
            self.plant(self.event("info", change, "browser", event_type="speed_change_video"))
        self.apart()
        feedback = [
            f"input_{self.course.html_id('problem', 'Long')}_2_1=choice_1",
            "<p>sehr lang…</p>\n" * 6000,
        ]
        self.plant(self.event("info", text(feedback), "browser", event_type="problem_graded"))

    def enrolled_by_command(self) -> None:
        """An enrolment by a management command: only the payload names course and person."""
        self.apart()
        payload = {"course_id": self.course.id, "user_id": self.learner.user_id, "mode": "audit"}
        context: Event = {"user_id": None, "course_id": "", "org_id": "", "path": ""}
        line = self.event(
            "info", payload, event_type="edx.course.enrollment.activated", context=context, username=""
        )
        self.sink.plant(orjson.dumps(line), self.session.time, self.slash, kind=ENROLLMENT)
        self.sink.enrolled(
            self.slash, self.session.time, self.learner.user_id, "edx.course.enrollment.activated", "audit"
        )

    def wrong_clock(self) -> None:
        """A clock that was set wrong: long before anything that counts."""
        self.apart()
        old = clock.midnight(clock.OLD_DAY) + 5 * SECOND
        self.plant(self.event("info", time=clock.iso(old)), None, time=old)

    def other_course(self) -> None:
        """Another course of the organisation, which nobody has asked for."""
        self.apart()
        other = f"/courses/course-v1:{OTHER_COURSE.replace('/', '+')}/info"
        line = self.event("info", event_type=other)
        line["context"] |= {"course_id": f"course-v1:{OTHER_COURSE.replace('/', '+')}", "path": other}
        self.sink.plant(
            orjson.dumps(line),
            self.session.time,
            OTHER_COURSE,
            self.learner.username,
            self.session.address,
            kind=OTHER,
        )

    def no_course(self) -> None:
        """Keys of no course."""
        for key in (
            f"ccx-v1:{self.course.key.org}+{self.course.key.number}+{self.course.key.run}+ccx@7",
            f"library-v1:{self.course.key.org}+{self.course.key.number}",
            f"{self.course.key.org}/{self.course.key.number}",
            f"{self.course.key.slash}/more",
            "../../etc/passwd",
        ):
            self.apart()
            line = self.event("info")
            line["context"]["course_id"] = key
            self.sink.plant(orjson.dumps(line), self.session.time, UNKNOWN)

    def no_events(self) -> None:
        """Lines that are no events."""
        good = orjson.dumps(self.event("info"))
        no_source = orjson.dumps(
            {"time": clock.iso(self.session.time), "username": self.learner.username, "message": "disk full"}
        )
        without_time = self.event("info")
        del without_time["time"]
        for reason, data in (
            ("bad_json", good[: len(good) // 2]),
            ("bad_json", good + good),
            ("bad_json", b"Traceback (most recent call last):"),
            ("bad_json", b'[1, 2, "three"]'),
            ("bad_json", b"null"),
            ("no_event_source", no_source),
            ("bad_time", orjson.dumps(without_time)),
            ("bad_time", orjson.dumps(self.event("info", time="yesterday"))),
            ("bad_time", orjson.dumps(self.event("info", time=None))),
        ):
            self.apart()
            self.sink.plant(data, self.session.time, UNKNOWN, reject=reason)


def midnight(session: Session, visit: Visit, random: Random) -> None:
    """The probe passes midnight: the gap counts for the later day; lines stand in the wrong day's file."""
    course, sink = session.course, session.sink
    end = visit.start + 150 * SECOND

    def put(time: int, tail: str, kind: int = OTHER, deliver: int | None = None) -> None:
        session.time = time
        path = course.base + tail
        sink.put(
            session.learner,
            time,
            session.event("server", path, REQUEST, path, None),
            kind,
            course.key.slash,
            deliver,
        )

    put(end - 120 * SECOND, "info", deliver=0)
    put(end - 1, "progress", PROGRESS, deliver=1)
    put(end, "info", deliver=0)
    put(end + 45 * SECOND + 1, "discussion/forum", FORUM, deliver=1)
    put(end + 100 * SECOND, "info", deliver=0)
