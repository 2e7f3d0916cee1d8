"""How fast lines become rows: events per second of CPU time, by kind of event.

    python benchmarks/rephrase.py [EVENTS]

The baseline, measured in the same run, is to parse each line and to write it again as it is; the ratio
tells what the rules cost above that. Lines are made up, in the forms and sizes of edX's logs.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from edxtasks.logs.rows.rephrase import Rephraser, RephraseRules

COURSE = "course-v1:UnivX+3.14x+1T2024"
OLD_COURSE = "UnivX/3.14x/1T2014"
LINES_OF_BLOCK = 4_000
"""About as many as the splitter rephrases in one go."""
START = datetime(2024, 10, 14, tzinfo=UTC)
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/129.0.0.0 Safari/537.36"
)


def base(rng: random.Random, source: str, kind: str, event: Any, path: str, course: str) -> dict[str, Any]:
    """A log record with what is the same for all kinds of events."""
    user = rng.randrange(1, 40_000)
    page = f"https://courses.edx.org/courses/{course}/courseware/{place(rng)}/"
    return {
        "name": kind,
        "context": {
            "user_id": user,
            "org_id": "UnivX",
            "course_id": course,
            "path": path,
            "enterprise_uuid": "",
            "course_user_tags": {},
        },
        "username": f"learner_{user}",
        "session": f"{user * 7919:032x}",
        "ip": f"10.{user % 200}.{user % 91}.{user % 250}",
        "agent": AGENT,
        "host": "courses.edx.org",
        "referer": page,
        "accept_language": "en-US,en;q=0.9",
        "event": event,
        "time": (START + timedelta(microseconds=rng.randrange(86_400_000_000))).isoformat(),
        "event_type": kind,
        "event_source": source,
        "page": page if source == "browser" else None,
    }


def block(rng: random.Random) -> str:
    """Id of a component; a course has some hundreds."""
    return f"{rng.randrange(400) * 2654435761 % (1 << 61):032x}"


def place(rng: random.Random) -> str:
    """Chapter and sequential of a page."""
    sequential = rng.randrange(150)
    return f"{sequential // 10:032x}/{sequential * 2654435761:032x}"


def key(rng: random.Random, kind: str) -> str:
    """Block key of a component."""
    return f"block-v1:UnivX+3.14x+1T2024+type@{kind}+block@{block(rng)}"


def browser_text(event: Any) -> str:
    """JSON text as browsers write it."""
    return json.dumps(event, separators=(",", ":"))


def play_video(rng: random.Random) -> dict[str, Any]:
    """Browser, event as text."""
    event = {"id": block(rng), "currentTime": rng.random() * 900, "code": "html5", "duration": 912.5}
    return base(rng, "browser", "play_video", browser_text(event), "/event", COURSE)


def pause_video_old(rng: random.Random) -> dict[str, Any]:
    """Browser, transparent ids."""
    name = f"i4x-UnivX-3_14x-video-{block(rng)}"
    event = {"id": name, "code": "b7xgknqkQk8", "currentTime": rng.random() * 900}
    return base(rng, "browser", "pause_video", browser_text(event), "/event", OLD_COURSE)


def problem_check_browser(rng: random.Random) -> dict[str, Any]:
    """Browser, input fields as JSON-quoted text."""
    event = json.dumps(f"input_{block(rng)}_2_1=choice_{rng.randrange(5)}&input_{block(rng)}_3_1=42")
    return base(rng, "browser", "problem_check", event, "/event", COURSE)


def problem_check_server(rng: random.Random) -> dict[str, Any]:
    """Server, event as object with state, answers and correct map."""
    problem = key(rng, "problem")
    part = f"{problem[-32:]}_2_1"
    event = {
        "state": {
            "seed": 1,
            "done": None,
            "student_answers": {},
            "correct_map": {},
            "input_state": {part: {}},
            "has_saved_answers": False,
        },
        "problem_id": problem,
        "answers": {part: "choice_2"},
        "success": "correct",
        "grade": 1,
        "max_grade": 1,
        "attempts": rng.randrange(1, 9),
        "correct_map": {
            part: {"correctness": "correct", "npoints": None, "msg": "", "hint": "", "hintmode": None}
        },
        "submission": {
            part: {
                "question": "",
                "answer": "blue",
                "response_type": "choiceresponse",
                "input_type": "choicegroup",
                "correct": True,
                "variant": "",
            }
        },
    }
    path = f"/courses/{COURSE}/xblock/{problem}/handler/xmodule_handler/problem_check"
    record = base(rng, "server", "problem_check", event, path, COURSE)
    record["context"]["module"] = {"display_name": "Quiz", "usage_key": problem}
    return record


def implicit_request(rng: random.Random) -> dict[str, Any]:
    """Server, a page requested."""
    path = f"/courses/{COURSE}/courseware/{place(rng)}/"
    return base(rng, "server", path, '{"POST": {}, "GET": {}}', path, COURSE)


def implicit_handler(rng: random.Random) -> dict[str, Any]:
    """Server, a handler of a video called."""
    path = f"/courses/{COURSE}/xblock/{key(rng, 'video')}/handler/xmodule_handler/save_user_state"
    event = {"POST": {"saved_video_position": ["00:01:23"]}, "GET": {}}
    return base(rng, "server", path, json.dumps(event), path, COURSE)


def seq_next(rng: random.Random) -> dict[str, Any]:
    """Browser, next unit."""
    event = {"id": key(rng, "sequential"), "old": 1, "new": 2, "current_tab": 1, "tab_count": 8}
    return base(rng, "browser", "seq_next", browser_text(event), "/event", COURSE)


def page_close(rng: random.Random) -> dict[str, Any]:
    """Browser, page left."""
    return base(rng, "browser", "page_close", "{}", "/event", COURSE)


def link_clicked(rng: random.Random) -> dict[str, Any]:
    """Browser, link followed."""
    event = {"current_url": f"https://courses.edx.org/courses/{COURSE}/info", "target_url": "https://x.org/"}
    return base(rng, "browser", "edx.ui.lms.link_clicked", browser_text(event), "/event", COURSE)


def enrolled(rng: random.Random) -> dict[str, Any]:
    """Server, enrolment."""
    event = {"course_id": COURSE, "user_id": rng.randrange(1, 40_000), "mode": "audit"}
    return base(rng, "server", "edx.course.enrollment.activated", event, "/change_enrollment", COURSE)


KINDS: dict[Callable[[random.Random], dict[str, Any]], int] = {
    play_video: 18,
    pause_video_old: 12,
    problem_check_browser: 7,
    problem_check_server: 9,
    implicit_request: 16,
    implicit_handler: 12,
    seq_next: 10,
    page_close: 8,
    link_clicked: 6,
    enrolled: 2,
}
"""Kinds of events, and their share of a mixed log in percent."""


def with_new_field(line: bytes) -> bytes:
    """The line with a field that no column is for."""
    return orjson.dumps(orjson.loads(line) | {"field_of_next_year": "x"})


def measure(name: str, lines: list[bytes], form: str = "compact") -> None:
    """Print a line of the report: rate, volume, time of a line, and the baseline beside."""
    began = time.process_time()
    for line in lines:
        orjson.dumps(orjson.loads(line))
    plain = time.process_time() - began
    rephraser = Rephraser(RephraseRules(json_text_form=form))
    best = float("inf")
    for _ in range(3):
        taken = 0.0
        for start in range(0, len(lines), LINES_OF_BLOCK):
            began = time.process_time()
            rows = rephraser.lines(lines[start : start + LINES_OF_BLOCK])
            taken += time.process_time() - began
            if not all(isinstance(row, tuple) for row in rows):
                raise AssertionError(f"{name}: a line made no row")
        best = min(best, taken)
    size = sum(map(len, lines))
    count = len(lines)
    print(
        f"{name:24}{size / count:8.0f} B{count / best:12,.0f}/s{size / best / 1e6:8.0f} MB/s"
        f"{best / count * 1e6:8.2f} µs{plain / count * 1e6:12.2f} µs{best / plain:8.1f}"
    )


def main(count: int) -> None:
    """Measure each kind, then all in their shares."""
    rng = random.Random(1)
    print(f"{'event':24}{'size':>10}{'events':>14}{'volume':>13}{'a line':>11}{'baseline':>15}{'ratio':>8}")
    mixed: list[bytes] = []
    for kind, share in KINDS.items():
        lines = [orjson.dumps(kind(rng)) for _ in range(count)]
        measure(kind.__name__, lines)
        mixed += lines[: count * share // 18]
    rng.shuffle(mixed)
    # As a reader hands them out: lines of one block lie one after another in memory.
    measure("mixed", b"\n".join(mixed).split(b"\n"))
    # The same with a field that is new in each line, which is learnt.
    measure("mixed, a new field", b"\n".join(map(with_new_field, mixed)).split(b"\n"))
    measure("mixed, predecessor", b"\n".join(mixed).split(b"\n"), "predecessor")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
