"""Lines of tracking logs, usual ones and all kinds of unusual ones, for tests that need a log full of them.

`KINDS` has a line of each kind by name, `chosen_lines` gives many lines of all kinds, different each. What
the lines become is not told here: they are for properties that hold whatever a line is.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]

COURSES = ("course-v1:UnivX+3.14x+T1", "UnivX/3.14x/T1", "course-v1:大学+Été.1+2016_春", "HX/1.1x/T")
BLOCK = "block-v1:UnivX+3.14x+T1+type@{}+block@{}"
LONG = 123456789012345678901234567890


def _filled(record: Record, more: dict[str, Any]) -> Record:
    """The record with more fields; `context_` begins the names of those of its context."""
    for name, value in more.items():
        if name.startswith("context_"):
            record["context"][name.removeprefix("context_")] = value
        else:
            record[name] = value
    return record


def usual(chance: random.Random, event_type: str, event: Any, **more: Any) -> Record:
    """A record as edX logs it today; `context_` arguments are fields of its context."""
    number = chance.randrange(1000)
    record: Record = {
        "name": event_type,
        "context": {
            "user_id": number,
            "org_id": "UnivX",
            "course_id": chance.choice(COURSES),
            "path": "/event",
            "enterprise_uuid": "",
            "course_user_tags": {},
        },
        "username": f"user{number}",
        "session": f"{number:032x}",
        "ip": f"10.0.0.{number % 256}",
        "agent": "Mozilla/5.0 (é)",
        "host": "courses.example.org",
        "referer": "https://h/r",
        "accept_language": "de;q=0.8",
        "event": event,
        "time": f"2016-05-0{number % 3 + 1}T10:{number % 60:02}:00.{chance.randrange(10**6):06}+00:00",
        "event_type": event_type,
        "event_source": chance.choice(["browser", "server"]),
        "page": "https://h/courses/course-v1:UnivX+3.14x+T1/courseware/a/b/",
    }
    return _filled(record, more)


def _video(chance: random.Random) -> Record:
    text = json.dumps(
        {"id": f"v{chance.randrange(99)}", "currentTime": 7.25, "code": "html5", "duration": 60}
    )
    return usual(chance, "play_video", text)


def _problem(chance: random.Random) -> Record:
    part = f"p{chance.randrange(99)}_2_1"
    event = {
        "state": {
            "seed": 1,
            "done": None,
            "student_answers": {part: "ä"},
            "correct_map": {},
            "input_state": {},
        },
        "problem_id": BLOCK.format("problem", part[:-4]),
        "answers": {part: ["choice_1", "é"]},
        "success": "correct",
        "grade": 1,
        "max_grade": 2.5,
        "attempts": chance.randrange(9),
        "correct_map": {part: {"correctness": "correct", "npoints": None}},
        "submission": {part: {"answer": "blau", "correct": True}},
    }
    module = {"display_name": "Quiz", "usage_key": event["problem_id"]}
    return usual(chance, "problem_check", event, context_module=module)


def _request(chance: random.Random) -> Record:
    event = json.dumps({"POST": {"position": [str(chance.randrange(9))]}, "GET": {"ä": ["b", "c"]}})
    return usual(chance, "/courses/UnivX/3.14x/T1/xblock/handler", event)


def _long_request(chance: random.Random) -> Record:
    event = {"POST": {"text": ["é" * 80, chance.random()]}, "GET": {}, "query": "q"}
    return usual(chance, "/courses/HX/1.1x/T/search", json.dumps(event))


def _mobile(chance: random.Random) -> Record:
    more = {"component": "videoplayer", "application": {"name": "ä", "version": chance.randrange(9)}}
    more |= {"client": {"network": {"wifi": True}}, "received_at": "t", "open_in_browser_url": "u"}
    record = _video(chance)
    record["context"] |= more
    return record


def _deep(levels: int, inner: str = "1") -> str:
    return '{"a":' * levels + inner + "}" * levels


def _with(**more: Any) -> Callable[[random.Random], Record]:
    """A usual record (a video's, a problem's or a request's) with these fields."""

    def make(chance: random.Random) -> Record:
        record = chance.choice([_video, _problem, _request])(chance)
        return _filled(record, more)

    return make


def _without(*names: str) -> Callable[[random.Random], Record]:
    def make(chance: random.Random) -> Record:
        record = chance.choice([_video, _problem, _request])(chance)
        for name in names:
            if name.startswith("context_"):
                del record["context"][name.removeprefix("context_")]
            else:
                del record[name]
        return record

    return make


def _event(event_type: str, **members: Any) -> Callable[[random.Random], Record]:
    """A record whose event has these members, as an object or as text."""

    def make(chance: random.Random) -> Record:
        return usual(chance, event_type, chance.choice([members, json.dumps(members)]))

    return make


RECORDS: dict[str, Callable[[random.Random], Record]] = {
    "video": _video,
    "problem": _problem,
    "request": _request,
    "long request": _long_request,
    "mobile": _mobile,
    "page left": lambda chance: usual(chance, "page_close", "{}"),
    "answers of a browser": lambda chance: usual(chance, "problem_check", json.dumps("input_ab12_2_1=5&x=é")),
    "graded": lambda chance: usual(chance, "problem_graded", ["input_ab12_2_1=5", "<p>é</p>"]),
    "graded as text": lambda chance: usual(chance, "problem_graded", '["input_ab12_2_1=5"]'),
    "enrolled": _event("edx.course.enrollment.activated", course_id=COURSES[0], user_id=7, mode="audit"),
    "reset": _event("reset_problem", old_state={"é": [1]}, new_state={"a": 1.5}, corrections={"x": "ä"}),
    "rescored": _event("problem_rescore", old_state={"é": 1}, permutation=["ä"], options_selected={"é": 2}),
    "position": _event("seq_goto", id="i4x://UnivX/3.14x/sequential/S1", old=1, new=2, tab_count=4),
    "transparent video": _event("pause_video", id="i4x-UnivX-3_14x-video-v1", currentTime=1),
    "username in the context": _with(context_username="anna", context_ip="10.0.0.1", context_host="h"),
    "unknown key": _with(zz=1),
    "unknown text": _with(zz="é", zy=None),
    "unknown object": _with(zz={"é": [1, {"b": 2.5}]}),
    "unknown in the context": _with(context_zz={"é": 1}, context_label="l"),
    "unknown twice": _with(zz=[1, "é"], context_zz=None),
    "unknown in the module": _with(context_module={"display_name": "Q", "zz": "é", "usage_key": "k"}),
    "original keys": _with(context_module={"original_usage_key": "k", "original_usage_version": "é"}),
    "unknown in the event": _event(
        "problem_check", zz={"é": 1}, state={"zy": "é"}, answer={"text": "ä", "q": 1}
    ),
    "name with a dash": _with(**{"event-type": "x", "zz-y.x": 1, "": "empty"}),
    "another spelling": _with(**{"context_org-id": "Q", "context_user.name": "u"}),
    "name that must be escaped": _with(**{'z"z': 1, "z\\z": 2, "z\nz": 3}),
    "retired": _with(nonInteraction=1, labels={"é": 1}, context_enterprise_enrollment=None, referer=None),
    "of MongoDB": _with(_id={"$oid": "5f"}, mongoid="4e"),
    "of MongoDB, parsed": _with(event_js=True, vname="v", datafn="f", _id=7),
    "number of MongoDB": _with(context_user_id={"$numberLong": "7"}),
    "row": _with(
        course_id="UnivX/3.14x/T1", module_id="UnivX/3.14x/problem/P", context_agent='{"oldagent": "é"}'
    ),
    "agent of the context": _with(context_agent="Dalvik é", context_asides={"é": 1}),
    "tags": _with(context_course_user_tags={"xblock.é/x": "2"}),
    "tags of another kind": _with(context_course_user_tags=[1, "é"]),
    "user as text": _with(context_user_id="12"),
    "no user": _with(context_user_id=""),
    "user of another kind": _with(context_user_id=["é"]),
    "no context": _without("context"),
    "no path": _without("context_path"),
    "few fields": _without("session", "ip", "agent", "referer", "accept_language", "name"),
    "context as text": _with(context="é"),
    "values of other kinds": _with(ip=7, agent={"é": 1}, session=1.5, page=["p"], host=True),
    "numbers of other kinds": _event("problem_check", attempts="x", grade=[], seed=1, success={"é": 1e22}),
    "over 53 bits": _event("problem_check", attempts=2**53 + 1, answers={"é": 2**60}),
    "over 53 bits in a float": _event("play_video", id="v", currentTime=2**60, speed=2**63),
    "over 53 bits aside": _with(zz=2**53 + 1),
    "over 63 bits": _event("problem_check", attempts=2**63, grade=-(2**63) - 1, answers=[2**64 - 1]),
    "over 64 bits": _event("problem_check", attempts=LONG, zz=LONG, answers={"é": LONG}, GET=-LONG),
    "over 64 bits in a request": _event("/courses/A/B/C/x", POST={"é": LONG}, GET={"b": 1.5e300}, query=LONG),
    "over 64 bits aside": _with(zz={"é": LONG, "f": 1e-7}),
    "over 64 bits in the context": _with(context_user_id=LONG, context_asides=LONG, context_zz=LONG),
    "exponents": _event("problem_check", grade=1e22, answers={"é": 1.5e-9}, success=1e300),
    "digits in a row": _with(session="9" * 40, zz=1e22),
    "text with an exponent": _with(zz="1e+22", session="1" * 20),
    "broken inside": _event("problem_check", POST='{"a": ', answers='{"a": [1, 2'),
    "event cut short": lambda chance: usual(chance, "/courses/A/B/C/x", '{"POST": {"a": ["é'),
    "odd inside": lambda chance: usual(
        chance, "play_video", '{"id": "v1", "a": NaN, "b": "\\ud83d", "c": 1e999}'
    ),
    "words": lambda chance: usual(
        chance, "x", chance.choice(["NaN", "é", "", "null", "7", '"é"', "[]", " {}"])
    ),
    "other events": lambda chance: usual(chance, "x", chance.choice([None, 7, True, ["é"], 1.5, {}])),
    "deep event": lambda chance: usual(
        chance, "problem_check", json.loads(_deep(chance.choice([200, 253, 254])))
    ),
    "too deep": lambda chance: usual(chance, "problem_check", json.loads(_deep(chance.choice([255, 300])))),
    "deep text": lambda chance: usual(chance, "problem_check", _deep(chance.choice([253, 254]))),
    "too deep a text": lambda chance: usual(
        chance, "problem_check", _deep(chance.choice([255, 500, 999, 1100]))
    ),
    "deep aside": lambda chance: _with(zz=json.loads(_deep(chance.choice([200, 253]))))(chance),
    "white space": _with(username="anna\n", context_course_id=" course-v1:UnivX+3.14x+T1 "),
    "white space in an id": _event("play_video", id="\nv1 ", code="html5"),
    "course encoded": _with(page="https://h/courses/%D0%A3/%D0%9A.1/2016/x", context_course_id=""),
    "no course": _with(context_course_id="library-v1:A+B"),
    "time with an offset": _with(time="2016-05-02T12:00:00+02:00"),
    "time as a number": _with(time=1462183200.25),
    "no time": _with(time="yesterday"),
    "no source": _without("event_source"),
    "long values": lambda chance: usual(chance, "x" * 1200, {"id": "é" * 1200, "POST": "x" * 70000}),
    "many keys": _with(**{f"k{number}": number for number in range(250)}),
}


def _raw(change: Callable[[bytes], bytes]) -> Callable[[random.Random], bytes]:
    return lambda chance: change(json.dumps(chance.choice([_video, _problem, _request])(chance)).encode())


DAMAGED: dict[str, Callable[[random.Random], bytes]] = {
    "blank": lambda chance: chance.choice([b"", b" \t", b"\xef\xbb\xbf", b"\r"]),
    "no JSON": lambda chance: chance.choice(
        [b"garbage", b"{", b"[1]", b"7", b"{}x", b"null", b'"{}"', b"\xff"]
    ),
    "cut short": _raw(lambda line: line[:-9]),
    "prefix": _raw(lambda line: b"Sep  9 00:00:48 localhost " + line),
    "byte-order mark": _raw(lambda line: b"\xef\xbb\xbf" + line + b" \r"),
    "no UTF-8": _raw(lambda line: line.replace(b"user", b"us\xe9r\xff", 1)),
    "surrogate in UTF-8": _raw(lambda line: line.replace(b"user", b"\xed\xa0\xbd", 1)),
    "half a surrogate": _raw(lambda line: line.replace(b'"user', b'"\\ud83duser', 1)),
    "whole surrogates": _raw(lambda line: line.replace(b'"user', b'"\\ud83d\\ude00\\ude00', 1)),
    "control character": _raw(lambda line: line.replace(b'"user', b'"\x01user', 1)),
    "NUL": _raw(lambda line: line.replace(b'"user', b'"\\u0000user', 1)),
    "not a number": _raw(lambda line: line.replace(b'"name"', b'"zz": NaN, "zy": -Infinity, "name"', 1)),
    "beyond a float": _raw(lambda line: line.replace(b'"name"', b'"zz": 1e999, "name"', 1)),
    "thousands of digits": _raw(
        lambda line: line.replace(b'"name"', b'"zz": ' + b"9" * 5000 + b', "name"', 1)
    ),
    "repeated keys": _raw(lambda line: line[:-1] + b', "username": "last", "zz": 1, "zz": "\\u00e9"}'),
    "escaped key": _raw(lambda line: line.replace(b'"username"', b'"us\\u0065rname"', 1)),
    "line too deep": lambda chance: (
        b'{"time":1,"event_source":"x","event":' + b"[" * 2000 + b"]" * 2000 + b"}"
    ),
    "blanks inside": _raw(lambda line: line.replace(b'": ', b'"  :\t ')),
}

KINDS = (*RECORDS, *DAMAGED)
"""Names of all kinds."""


def line(kind: str, chance: random.Random) -> bytes:
    """A line of a kind, without newline: a record as servers write it (blanks, ASCII alone), or compact in
    UTF-8."""
    if kind in DAMAGED:
        return DAMAGED[kind](chance)
    record = RECORDS[kind](chance)
    if chance.random() < 0.3:
        items = list(record.items())
        chance.shuffle(items)
        record = dict(items)
    if chance.random() < 0.5:
        return json.dumps(record).encode()
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def chosen_lines(number: int, seed: int) -> list[bytes]:
    """So many lines of all kinds in turns, no two quite the same."""
    chance = random.Random(seed)
    kinds = [KINDS[place % len(KINDS)] for place in range(number)]
    chance.shuffle(kinds)
    return [line(kind, chance) for kind in kinds]
