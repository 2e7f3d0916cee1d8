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
    course, learner, sink = session.course, session.learner, session.sink
    slash, name, address = course.key.slash, learner.username, session.address
    start = visit.start

    def event(tail: str, event: object = REQUEST, source: str = "server", **changes: Any) -> Event:
        path = course.base + tail
        line = session.event(source, path, event, path, None)
        return line | changes

    def plant(line: Event | bytes, kind: int | None = OTHER, **more: Any) -> None:
        data = line if isinstance(line, bytes) else orjson.dumps(line)
        sink.plant(data, session.time, slash, name, address, kind=kind, **more)

    def nameless(line: Event) -> None:
        sink.plant(orjson.dumps(line), session.time, slash)

    def apart() -> None:
        session.time += 400 * SECOND

    # A gap of exactly 300 s counts, one of 300.000001 s does not; a handler call neither ends nor starts one.
    session.time = start
    session.request("info")
    session.time = start + 300 * SECOND
    session.request("progress", kind=PROGRESS)
    session.time = start + 450 * SECOND
    session.request("xblock/probe/handler/save_user_state", kind=HANDLER)
    session.time = start + 600 * SECOND + 1
    session.request("info")

    # The same line twice: both count.
    apart()
    line = event("discussion/forum")
    plant(line, FORUM)
    plant(line, FORUM)

    # Spellings of time.
    for number, spell in enumerate(TIMES):
        apart()
        session.time += SECOND - session.time % SECOND + (250_000 if number == 4 else 0)
        plant(event("info", time=spell(session.time)))

    # New keys, at every level and in odd spellings.
    apart()
    line = event("info") | {"edx-new.key": {"1st": [1, {"": None}]}, "": "", "i4x-a-b": 7, "K" * 300: 1}
    line["context"] |= {"enterprise_uuid": "", "new.flag": True, "asides": {}}
    plant(line)
    apart()
    path = course.base + "x"
    plant(
        session.event("mobile", "play_video", {"id": "v", "child-id": 1, "new_field": [2]}, path, None),
        PLAY_VIDEO,
    )

    # Numbers and texts that strict readers of JSON refuse.
    apart()
    line = session.event("server", "play_video", {"id": "v", "currentTime": float("nan")}, path, None)
    plant(json.dumps(line).encode(), PLAY_VIDEO)
    apart()
    line = session.event("server", "problem_check", {"answers": {"a": "\ud83d"}, "grade": 2**70}, path, None)
    plant(json.dumps(line).encode(), PROBLEM_CHECK)
    apart()
    plant(orjson.dumps(event("info")).replace(b'"agent":"', b'"agent":"\xff\xfe'))
    apart()
    plant(event("info", '{"POST": {"a": ["\\u0000"]}, "GET": {}}'))
    apart()
    plant(b'{"username":"nobody","time":"yesterday",' + orjson.dumps(event("info"))[1:])

    # The course is told by an address alone.
    apart()
    plant(event("info", context=None))
    apart()
    page = "https://courses.edx.org" + course.base + "courseware/a/b/?x=1#top"
    plant(event("info", "", "browser", context="none", event_type="page_close", page=page))
    apart()
    plant(
        event(
            "info", event_type="seq_next", context={}, page=None, event_source="browser", course_id=course.id
        )
    )
    apart()
    plant(event("info", course_id=""))
    apart()
    plant(event("info", course_id=None))
    if course.opaque:
        for spelled in (course.id.replace(":", "%3A").replace("+", "%2B"), course.id.replace("+", " ")):
            apart()
            line = event("info", event_type="seq_next")
            line["context"]["course_id"] = spelled
            plant(line)

    # What `event`, `event_type` and `username` may be.
    for value in (5, True, [1, "two"], None, ""):
        apart()
        plant(event("info", value))
    apart()
    line = event("info")
    del line["event"], line["agent"]
    plant(line)
    apart()
    plant(event("info", event_type=None), None)
    apart()
    sink.plant(orjson.dumps(event("info", ip="")), session.time, slash, name, "", kind=OTHER)
    for user in (None, ""):
        apart()
        nameless(event("info", username=user))
    apart()
    line = event("info")
    del line["username"]
    nameless(line)

    # A speed that is not a number, and a page of feedback as long as they get.
    for speed in ("NaN", None):
        apart()
        change = text({"id": "v", "current_time": "7.5", "old_speed": "1.0", "new_speed": speed})
        plant(event("info", change, "browser", event_type="speed_change_video"))
    apart()
    feedback = [f"input_{course.html_id('problem', 'Long')}_2_1=choice_1", "<p>sehr lang…</p>\n" * 6000]
    plant(event("info", text(feedback), "browser", event_type="problem_graded"))

    # An enrolment by a management command: only the payload names course and person.
    apart()
    payload = {"course_id": course.id, "user_id": learner.user_id, "mode": "audit"}
    context: Event = {"user_id": None, "course_id": "", "org_id": "", "path": ""}
    line = event("info", payload, event_type="edx.course.enrollment.activated", context=context, username="")
    sink.plant(orjson.dumps(line), session.time, slash, kind=ENROLLMENT)
    sink.enrolled(slash, session.time, learner.user_id, "edx.course.enrollment.activated", "audit")

    # A clock that was set wrong: long before anything that counts.
    apart()
    old = clock.midnight(clock.OLD_DAY) + 5 * SECOND
    plant(event("info", time=clock.iso(old)), None, time=old)

    # Another course of the organisation, which nobody has asked for.
    apart()
    other = f"/courses/course-v1:{OTHER_COURSE.replace('/', '+')}/info"
    line = event("info", event_type=other)
    line["context"] |= {"course_id": f"course-v1:{OTHER_COURSE.replace('/', '+')}", "path": other}
    sink.plant(orjson.dumps(line), session.time, OTHER_COURSE, name, address, kind=OTHER)

    # Keys of no course.
    for key in (
        f"ccx-v1:{course.key.org}+{course.key.number}+{course.key.run}+ccx@7",
        f"library-v1:{course.key.org}+{course.key.number}",
        f"{course.key.org}/{course.key.number}",
        f"{course.key.slash}/more",
        "../../etc/passwd",
    ):
        apart()
        line = event("info")
        line["context"]["course_id"] = key
        sink.plant(orjson.dumps(line), session.time, UNKNOWN)

    # Lines that are no events.
    good = orjson.dumps(event("info"))
    no_source = orjson.dumps({"time": clock.iso(session.time), "username": name, "message": "disk full"})
    without_time = event("info")
    del without_time["time"]
    for reason, data in (
        ("bad_json", good[: len(good) // 2]),
        ("bad_json", good + good),
        ("bad_json", b"Traceback (most recent call last):"),
        ("bad_json", b'[1, 2, "three"]'),
        ("bad_json", b"null"),
        ("no_event_source", no_source),
        ("bad_time", orjson.dumps(without_time)),
        ("bad_time", orjson.dumps(event("info", time="yesterday"))),
        ("bad_time", orjson.dumps(event("info", time=None))),
    ):
        apart()
        sink.plant(data, session.time, UNKNOWN, reject=reason)


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
