"""From record to row: every column, the types, what is set aside, and the same again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edxtasks.logs.rows.rephrase import Reject, Rephraser, RephraseRules, rephrase_stream

TIME = "2014-10-14T12:34:56.789012+00:00"
OPAQUE = "course-v1:UnivX+3.14x+T1"
BLOCK = "block-v1:UnivX+3.14x+T1+type@{}+block@{}"
PAGE = f"https://h/courses/{OPAQUE}/courseware/C1/S1/"


def rephrase(record: dict[str, Any], rules: RephraseRules | None = None) -> dict[str, Any]:
    """The row of a record; also checks that the row comes out unchanged when it is rephrased again."""
    rephraser = Rephraser(rules or RephraseRules())
    line = json.dumps({"time": TIME, "event_source": "server", **record}).encode()
    result = rephraser.line(line)
    assert isinstance(result, tuple), result
    assert rephraser.line(result[2]) == result
    row: dict[str, Any] = json.loads(result[2])
    assert row.get("course_id") == result[0]
    return row


def noticed(record: dict[str, Any], rules: RephraseRules | None = None) -> tuple[Counter[str], Counter[str]]:
    """Unknown keys and wrong types of a record."""
    rephraser = Rephraser(rules or RephraseRules())
    rephraser.line(json.dumps({"time": TIME, "event_source": "server", **record}).encode())
    counts = rephraser.take_counts()
    return counts.unknown_keys, counts.wrong_types


def aside(row: dict[str, Any]) -> Any:
    return json.loads(row["mongoid"]) if "mongoid" in row else None


# --- the examples ---------------------------------------------------------------------------------------


def test_a_video_event() -> None:
    row = rephrase(
        {
            "event_source": "browser",
            "event_type": "play_video",
            "event": '{"id":"ab12","code":"html5","currentTime":"7.5","duration":60}',
            "referer": "r",
            "context": {"user_id": "12", "course_id": OPAQUE, "path": "/event", "enterprise_uuid": ""},
        }
    )
    assert row == {
        "time": TIME,
        "event_source": "browser",
        "event_type": "play_video",
        "course_id": "UnivX/3.14x/T1",
        "module_id": "UnivX/3.14x/video/ab12",
        "context": {"user_id": 12, "course_id": OPAQUE, "path": "/event", "agent": '{"oldagent":""}'},
        "mongoid": '{"referer":"r","event_struct":{"duration":60},"context":{"enterprise_uuid":""}}',
        "event_struct": {"id": "ab12", "code": "html5", "currentTime": 7.5},
        "event": '{"id":"ab12","code":"html5","currentTime":"7.5","duration":60}',
    }


def test_the_same_in_the_predecessors_form() -> None:
    record = {
        "event_source": "browser",
        "event_type": "play_video",
        "event": '{"id":"äb","currentTime":"7.5","duration":60}',
        "referer": "é",
        "context": {"course_id": OPAQUE, "course_user_tags": {}},
    }
    row = rephrase(record, RephraseRules(json_text_form="predecessor"))
    assert row["event"] == '{"id": "\\u00e4b", "currentTime": "7.5", "duration": 60}'
    assert row["mongoid"] == '{"referer": "\\u00e9", "event_struct": {"duration": 60}}'
    assert row["context"]["agent"] == '{"oldagent": ""}'
    assert row["context"]["course_user_tags"] == "{}"
    assert row["event_struct"]["id"] == "äb"


def test_what_is_set_aside_of_most_lines_in_the_predecessors_form() -> None:
    record = {
        "event_source": "server",
        "event_type": "/x",
        "event": "",
        "referer": 'https://h/ü?q="\\\x7f',
        "accept_language": "",
        "context": {"course_id": OPAQUE, "path": "/x"},
    }
    row = rephrase(record, RephraseRules(json_text_form="predecessor"))
    assert row["mongoid"] == '{"referer": "https://h/\\u00fc?q=\\"\\\\\\u007f", "accept_language": ""}'


USUAL_CONTEXT = {"user_id": 7, "org_id": "A", "course_id": "A/B/C", "path": "/event"}
BLUE = {"é": ["blue", 1.5], "b": None}
BLUE_COMPACT = '{"é":["blue",1.5],"b":null}'
BLUE_BEFORE = '{"\\u00e9": ["blue", 1.5], "b": null}'
JSON_COLUMNS: list[str] = [
    "GET",
    "POST",
    "correct_map",
    "answers",
    "submission",
    "old_state",
    "new_state",
    "permutation",
    "options_selected",
    "corrections",
]
EVENT_TYPES = [
    "problem_check",
    "seq_goto",
    "edx.course.enrollment.activated",
    "reset_problem",
    "/courses/A/B/C/x",
]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("source", ["browser", "server"])
@pytest.mark.parametrize(
    "delivered", [dict, json.dumps, lambda event: json.dumps(event, separators=(",", ":"))]
)
@pytest.mark.parametrize("usual", [True, False])
@pytest.mark.parametrize(("form", "text"), [("compact", BLUE_COMPACT), ("predecessor", BLUE_BEFORE)])
def test_the_form_of_all_json_text(
    event_type: str, source: str, delivered: Any, usual: bool, form: str, text: str
) -> None:
    """Each column that is JSON text, of records in the usual form and of such with a key without column."""
    event: dict[str, Any] = dict.fromkeys(JSON_COLUMNS, BLUE) | {"query": BLUE, "id": BLUE, "zz": BLUE}
    event["state"] = {"input_state": BLUE, "correct_map": BLUE, "student_answers": BLUE, "zz": BLUE}
    event["answer"] = {"text": BLUE}
    context: dict[str, Any] = {**USUAL_CONTEXT, "course_user_tags": {"é": "1"}, "asides": BLUE}
    record: dict[str, Any] = {
        "event_source": source,
        "event_type": event_type,
        "context": context,
        "event": delivered(event),
    }
    if not usual:
        record |= {"zy": BLUE, "page": BLUE}
        record["context"] = context | {"zy": BLUE, "course_user_tags": BLUE}
    row = rephrase(record, RephraseRules(json_text_form=form))
    colon, comma = (":", ",") if form == "compact" else (": ", ", ")

    def joined(members: dict[str, str]) -> str:
        """An object whose members are JSON text already."""
        return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members.items()) + "}"

    e = "é" if form == "compact" else "\\u00e9"
    state = joined({"input_state": text, "correct_map": text, "student_answers": text, "zz": text})
    members = dict.fromkeys([*JSON_COLUMNS, "query", "id", "zz"], text)
    assert row["event"] == joined({**members, "state": state, "answer": joined({"text": text})})
    if event_type in EVENT_TYPES[:3]:
        assert row["event_struct"] == {
            **dict.fromkeys([*JSON_COLUMNS, "query", "id"], text),
            "state": {"input_state": text, "correct_map": text, "student_answers": text},
            "answer": {"text": text},
        }
    else:
        assert row["event_struct"] == {"POST": text, "GET": text, "query": text}
    assert row["context"]["agent"] == joined({"oldagent": '""', "asides": text})
    tags = joined({e: '"1"'}) if usual else text
    assert row["context"]["course_user_tags"] == tags
    aside = {"zy": text} if not usual else {}
    if event_type in EVENT_TYPES[:3]:
        aside["event_struct"] = joined({"zz": text, "state": joined({"zz": text})})
    if not usual:
        aside["context"] = joined({"zy": text})
        assert row["page"] == text
    assert row.get("mongoid") == (joined(aside) if aside else None)


def test_a_username_has_no_white_space_at_its_ends() -> None:
    for context in (None, USUAL_CONTEXT):
        for username, text in (("alice\n", "alice"), (" \t", ""), ("\u00a0a b ", "a b"), ("", "")):
            assert rephrase({"username": username, "context": context})["username"] == text
        assert "username" not in rephrase({"username": None, "context": context})
        assert rephrase({"username": 7, "context": context})["username"] == "7"


def test_a_request() -> None:
    event_type = "/courses/UnivX/3.14x/T1/info"
    row = rephrase({"event_type": event_type, "event": '{"POST": {}, "GET": {"x": ["1"]}}'})
    assert row == {
        "time": TIME,
        "event_source": "server",
        "event_type": event_type,
        "course_id": "UnivX/3.14x/T1",
        "event_struct": {"POST": "{}", "GET": '{"x":["1"]}'},
        "event": '{"POST":{},"GET":{"x":["1"]}}',
    }


XBLOCK = f"/courses/{OPAQUE}/xblock/{BLOCK.format('problem', 'ab12')}/handler/xmodule_handler/problem_check"


@pytest.mark.parametrize(
    ("record", "module"),
    [
        (
            {
                "event_type": "problem_check",
                "context": {"path": XBLOCK},
                "event": {"problem_id": BLOCK.format("problem", "ab12")},
            },
            "UnivX/3.14x/problem/ab12",
        ),
        (
            {
                "event_type": "problem_check",
                "context": {
                    "path": "/courses/UnivX/3.14x/T1/modx/i4x://UnivX/3.14x/problem/HW1/problem_check"
                },
                "event": {"problem_id": "i4x://UnivX/3.14x/problem/HW1"},
            },
            "UnivX/3.14x/problem/HW1",
        ),
        (
            {
                "event_source": "browser",
                "event_type": "problem_check",
                "context": {"course_id": "UnivX/3.14x/T1"},
                "event": '"input_i4x-UnivX-3_14x-problem-HW1_2_2_1=5"',
            },
            "UnivX/3.14x/problem/HW1_2",
        ),
        (
            {
                "event_source": "browser",
                "event_type": "problem_check",
                "page": PAGE,
                "event": "input_ab12_2_1%5B%5D=choice_1&input_ab12_3_1=x",
            },
            "UnivX/3.14x/problem/ab12",
        ),
        (
            {
                "event_source": "browser",
                "event_type": "pause_video",
                "context": {"course_id": OPAQUE},
                "event": '{"id":"ab12","currentTime":3}',
            },
            "UnivX/3.14x/video/ab12",
        ),
        (
            {
                "event_source": "browser",
                "event_type": "seq_next",
                "event": '{"id":"i4x://UnivX/3.14x/sequential/S1","old":1,"new":2}',
            },
            "UnivX/3.14x/sequential/S1/2",
        ),
        (
            {
                "event_source": "browser",
                "event_type": "seq_next",
                "event": json.dumps({"id": BLOCK.format("sequential", "S1"), "old": 1, "new": 2}),
            },
            "UnivX/3.14x/sequential/S1",
        ),
        (
            {
                "event_source": "browser",
                "event_type": "page_close",
                "page": "https://h/courses/UnivX/3.14x/T1/courseware/C1/S1/#",
                "event": "{}",
            },
            "UnivX/3.14x/sequential/S1/",
        ),
        ({"event_type": "/courses/UnivX/3.14x/T1/courseware/C1/", "event": ""}, "UnivX/3.14x/chapter/C1"),
        (
            {"event_type": f"/courses/{OPAQUE}/discussion/forum/General/threads/0a1b/", "event": ""},
            "UnivX/3.14x/forum/0a1b",
        ),
        (
            {"event_type": "problem_show", "event": json.dumps({"problem": BLOCK.format("problem", "ab12")})},
            "UnivX/3.14x/problem/ab12",
        ),
        (
            {
                "event_type": f"/courses/{OPAQUE}/courseware/C1/S1/V1",
                "event": json.dumps({"POST": {}, "GET": {"show": [BLOCK.format("html", "t9")]}}),
            },
            "UnivX/3.14x/html/t9",
        ),
    ],
)
def test_module_ids(record: dict[str, Any], module: str) -> None:
    assert rephrase(record)["module_id"] == module


# --- course ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "course"),
    [
        ({"course_id": "A/B/C", "context": {"course_id": "D/E/F"}}, "A/B/C"),
        ({"course_id": OPAQUE}, "UnivX/3.14x/T1"),
        ({"course_id": None, "context": {"course_id": "D/E/F"}}, "D/E/F"),
        ({"course_id": "", "context": {"course_id": "D/E/F"}}, "D/E/F"),
        ({"course_id": "  ", "context": {"course_id": "D/E/F"}}, "D/E/F"),
        ({"course_id": 7, "context": {"course_id": "D/E/F"}}, "D/E/F"),
        # A course id that is there but none decides too: no course, not the next source.
        ({"course_id": "library-v1:A+B", "context": {"course_id": "D/E/F"}}, None),
        ({"context": {"course_id": "D/E"}, "page": PAGE}, None),
        ({"context": {"course_id": ""}, "event_type": "/courses/D/E/F/x"}, "D/E/F"),
        ({"context": {"course_id": None}, "event_type": "/courses/D/E/F/x"}, "D/E/F"),
        ({"context": {"course_id": 5}, "event_type": "/courses/D/E/F/x"}, "D/E/F"),
        ({"context": {"course_id": 5}}, None),
        ({"context": "text", "event_type": "/courses/D/E/F/x"}, "D/E/F"),
        ({"context": ["D/E/F"], "event_type": "/courses/D/E/F/x"}, "D/E/F"),
        # Browser: page first; else the event type first.
        ({"event_source": "browser", "page": PAGE, "event_type": "/courses/D/E/F/x"}, "UnivX/3.14x/T1"),
        ({"event_source": "browser", "page": "https://h/", "event_type": "/courses/D/E/F/x"}, "D/E/F"),
        ({"page": PAGE, "event_type": "/courses/D/E/F/x"}, "D/E/F"),
        ({"page": PAGE, "event_type": "x"}, "UnivX/3.14x/T1"),
        ({"page": "https://h/course/course-v1:D+E+F/home", "event_type": "x"}, "D/E/F"),
        ({"event_type": "/course/course-v1:D+E+F/home"}, None),
        ({"context": {"path": "/courses/D/E/F/x"}, "page": "https://h/", "event_type": "x"}, "D/E/F"),
        ({"context": {"path": "/courses/D/E/F/x"}, "page": PAGE}, "UnivX/3.14x/T1"),
        ({"event": {"course_id": "course-v1:D+E+F"}}, "D/E/F"),
        ({"event": '{"course_id": "course-v1:D+E+F"}'}, "D/E/F"),
        ({"event": {"course_id": 5}}, None),
        ({"event": ["course-v1:D+E+F"], "page": None, "event_type": None}, None),
        ({"course-id": "D/E/F"}, "D/E/F"),
        ({"context": {"course-id": "D/E/F"}}, "D/E/F"),
    ],
)
def test_course(record: dict[str, Any], course: str | None) -> None:
    row = rephrase(record)
    assert row.get("course_id") == course


def test_a_course_id_that_names_no_course_is_set_aside() -> None:
    row = rephrase({"course_id": "library-v1:A+B", "page": PAGE})
    assert "course_id" not in row
    assert aside(row) == {"course_id": "library-v1:A+B"}
    assert aside(rephrase({"course_id": 7, "page": PAGE})) == {"course_id": 7}
    assert noticed({"course_id": 7}) == (Counter(), Counter({"course_id": 1}))
    long = "x/" * 2 + "y" * 300
    assert aside(rephrase({"course_id": long})) == {"course_id": long}


def test_the_contexts_course_stays_as_delivered() -> None:
    assert rephrase({"context": {"course_id": f" {OPAQUE}"}})["context"]["course_id"] == f" {OPAQUE}"


# --- event and event_struct -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ("", '""'),
        (None, "null"),
        ("text", '"text"'),
        ("input_ab_2_1=5&x=ü", '"input_ab_2_1=5&x=ü"'),
        ('"input_ab_2_1=5"', '"input_ab_2_1=5"'),
        ({"b": 1, "a": 2}, '{"b":1,"a":2}'),
        ('{"b": 1, "a": "\\u00e9"}', '{"b":1,"a":"é"}'),
        ('{"b":1,"a":[{}]}', '{"b":1,"a":[{}]}'),
        ([1, "x"], '[1,"x"]'),
        ('[1, "x"]', '[1,"x"]'),
        ("7", "7"),
        (7.5, "7.5"),
        ("true", "true"),
        (" null ", "null"),
        ("nullify", '"nullify"'),
        ("007", '"007"'),
        ('{"cut": "sho', '"{\\"cut\\": \\"sho"'),
        ('"{\\"a\\": 1}"', '"{\\"a\\": 1}"'),  # parsed once: a text of JSON
        ({"a": "\u0000"}, '{"a":"\\u0000"}'),
    ],
)
def test_event(event: Any, text: str) -> None:
    assert rephrase({"event": event})["event"] == text


def test_no_event() -> None:
    assert rephrase({})["event"] == '""'


def test_event_of_a_record_from_mongodb_is_not_parsed_again() -> None:
    row = rephrase({"event": '{"id": 1}', "event_js": {"id": 1}})
    assert row["event"] == '"{\\"id\\": 1}"'
    assert "event_js" not in row
    assert aside(row) is None


ALL_MEMBERS = {"id": "x", "currentTime": 1, "GET": {}, "POST": {}, "query": "q"}


@pytest.mark.parametrize(
    "event_type",
    [
        "play_video",
        "seek_video",
        "load_video",
        "speed_change_video",
        "seq_goto",
        "seq_next",
        "seq_prev",
        "problem_check",
        "problem_save",
        "problem_reset",
        "save_problem_success",
        "save_problem_fail",
        "reset_problem_success",
        "reset_problem_fail",
        "show_answer",
        "edx.course.enrollment.activated",
        "edx.course.enrollment.deactivated",
        "edx.course.enrollment.mode_changed",
        "edx.course.enrollment.upgrade.succeeded",
        "problem_rescore",
        "x_problem_y",
        "/courses/a/b/c/xblock/x/handler/xmodule_handler/problem_get",
    ],
)
def test_types_whose_members_all_have_columns(event_type: str) -> None:
    row = rephrase({"event_type": event_type, "event": ALL_MEMBERS})
    assert row["event_struct"] == {"id": "x", "currentTime": 1, "GET": "{}", "POST": "{}", "query": "q"}


@pytest.mark.parametrize(
    "event_type",
    [
        "pause_video",
        "stop_video",
        "showanswer",
        "reset_problem",
        "edx.forum.thread.created",
        "openassessmentblock.create_submission",
        "edx.grades.problem.submitted",
        "play_video2",
        "harvardx.problem_check",
        "problem_video_embedded",
        "",
        None,
    ],
)
def test_other_types_have_three_members(event_type: str | None) -> None:
    row = rephrase({"event_type": event_type, "event": {**ALL_MEMBERS, "new_key": 1}})
    assert row["event_struct"] == {"GET": "{}", "POST": "{}", "query": "q"}
    assert aside(row) is None
    assert noticed({"event_type": event_type, "event": {"new_key": 1}}) == (Counter(), Counter())


@pytest.mark.parametrize(
    ("event", "struct"),
    [
        ({}, None),
        ({"id": "x"}, None),
        ({"GET": None}, {"GET": "null"}),
        ({"GET": "x", "query": None}, {"GET": '"x"'}),
        ({"query": 5}, {"query": "5"}),
        ({"query": {"a": 1}}, {"query": '{"a":1}'}),
        ([], None),
        ("text", None),
    ],
)
def test_members_of_other_types(event: Any, struct: dict[str, Any] | None) -> None:
    assert rephrase({"event_type": "x", "event": event}).get("event_struct") == struct


@pytest.mark.parametrize("event", ["input_x_2_1=5", ["input_x_2_1=5"], None, 5, ""])
def test_no_struct_without_an_object(event: Any) -> None:
    row = rephrase({"event_type": "problem_check", "event": event, "event_struct": {"id": "old"}})
    assert "event_struct" not in row
    assert aside(row) is None


@pytest.mark.parametrize("member", JSON_COLUMNS)
def test_members_that_are_json_text(member: str) -> None:
    for value, text in (({"a": 1}, '{"a":1}'), ("x", '"x"'), ([1], "[1]"), (None, "null"), (5, "5")):
        row = rephrase({"event_type": "problem_check", "event": {member: value}})
        assert row["event_struct"] == {member: text}
        assert json.loads(row["event"]) == {member: value}


def test_state() -> None:
    state = {
        "student_answers": {"a": "1"},
        "seed": 1,
        "done": True,
        "correct_map": {},
        "input_state": "x",
        "has_saved_answers": False,
        "score": {"raw": 1},
    }
    row = rephrase({"event_type": "problem_check", "event": {"state": state}})
    assert row["event_struct"]["state"] == {
        "student_answers": '{"a":"1"}',
        "seed": 1,
        "done": True,
        "correct_map": "{}",
        "input_state": '"x"',
    }
    assert aside(row) == {"event_struct": {"state": {"has_saved_answers": False, "score": {"raw": 1}}}}
    assert noticed({"event_type": "problem_check", "event": {"state": state}}) == (
        Counter({"event_struct.state.score": 1}),
        Counter(),
    )


@pytest.mark.parametrize(
    ("member", "value"), [("state", "{}"), ("answer", "my text"), ("rubric", [1]), ("state", 0)]
)
def test_a_record_that_is_none_is_set_aside(member: str, value: Any) -> None:
    record = {"event_type": "problem_check", "event": {member: value, "id": "x"}}
    row = rephrase(record)
    assert row["event_struct"] == {"id": "x"}
    assert aside(row) == {"event_struct": {member: value}}
    assert noticed(record) == (Counter(), Counter({f"event_struct.{member}": 1}))


@pytest.mark.parametrize("value", ["", None, {}])
def test_an_empty_record_is_null(value: Any) -> None:
    row = rephrase({"event_type": "problem_check", "event": {"state": value, "id": "x"}})
    assert row["event_struct"] == {"id": "x"}
    assert aside(row) is None


def test_answer_and_rubric() -> None:
    event = {"answer": {"text": "t", "file_key": "f"}, "rubric": {"content_hash": "h"}}
    row = rephrase({"event_type": "problem_x", "event": event})
    assert row["event_struct"] == {"answer": {"text": "t"}, "rubric": {"content_hash": "h"}}
    assert aside(row) == {"event_struct": {"answer": {"file_key": "f"}}}


def test_child_id() -> None:
    row = rephrase({"event_type": "problem_x", "event": {"child-id": "c"}})
    assert row["event_struct"] == {"child_id": "c"}
    both = rephrase({"event_type": "problem_x", "event": {"child-id": "c", "child_id": "d"}})
    assert both["event_struct"] == {"child_id": "d"}
    assert aside(both) == {"event_struct": {"child-id": "c"}}


# --- context --------------------------------------------------------------------------------------------


def test_context() -> None:
    context = {
        "course_id": OPAQUE,
        "course_user_tags": {"t": 1},
        "user_id": "",
        "org_id": "UnivX",
        "username": "u",
        "ip": "1.2.3.4",
        "agent": "Mozilla",
        "host": "h",
        "session": "s",
        "path": "/event",
        "module": {
            "display_name": "Quiz",
            "usage_key": "k",
            "original_usage_key": "o",
            "original_usage_version": None,
            "new_key": 1,
        },
        "application": {"name": "edx.mobileapp.android"},
        "client": {},
        "received_at": "2014",
        "component": "videoplayer",
        "open_in_browser_url": "https://h/",
        "asides": {"a": 1},
        "label": "l",
        "enterprise_uuid": None,
        "enterprise_enrollment": False,
        "another": [1],
    }
    row = rephrase({"context": context})
    agent = json.loads(row["context"].pop("agent"))
    assert row["context"] == {
        "course_id": OPAQUE,
        "course_user_tags": '{"t":1}',
        "org_id": "UnivX",
        "username": "u",
        "ip": "1.2.3.4",
        "host": "h",
        "session": "s",
        "path": "/event",
        "module": {"display_name": "Quiz"},
    }
    assert agent == {
        "oldagent": "Mozilla",
        "application": {"name": "edx.mobileapp.android"},
        "client": {},
        "received_at": "2014",
        "component": "videoplayer",
        "open_in_browser_url": "https://h/",
        "module.usage_key": "k",
        "module.original_usage_key": "o",
        "module.original_usage_version": None,
        "asides": {"a": 1},
    }
    assert aside(row) == {
        "context": {
            "module": {"new_key": 1},
            "label": "l",
            "enterprise_uuid": None,
            "enterprise_enrollment": False,
            "another": [1],
        }
    }
    assert noticed({"context": context})[0] == {"context.another": 1, "context.module.new_key": 1}


@pytest.mark.parametrize(
    ("agent", "old"), [(None, ""), ("", ""), ("Mozilla", "Mozilla"), ({"a": 1}, {"a": 1}), (7, 7)]
)
def test_old_agent(agent: Any, old: Any) -> None:
    assert json.loads(rephrase({"context": {"agent": agent}})["context"]["agent"]) == {"oldagent": old}


@pytest.mark.parametrize(
    ("tags", "text"), [({}, "{}"), ({"t": "ü"}, '{"t":"ü"}'), ([], "[]"), ("text", "text"), (None, "null")]
)
def test_course_user_tags(tags: Any, text: str) -> None:
    assert rephrase({"context": {"course_user_tags": tags}})["context"]["course_user_tags"] == text


@pytest.mark.parametrize(("context", "held"), [("text", "text"), (5, 5), ([1], [1]), (False, False)])
def test_a_context_that_is_no_object(context: Any, held: Any) -> None:
    row = rephrase({"context": context})
    assert "context" not in row
    assert aside(row) == {"context": held}
    assert noticed({"context": context})[1] == {"context": 1}


@pytest.mark.parametrize("record", [{}, {"context": None}, {"context": ""}])
def test_no_context(record: dict[str, Any]) -> None:
    row = rephrase(record)
    assert "context" not in row
    assert aside(row) is None


def test_module_that_is_no_object_or_empty() -> None:
    assert aside(rephrase({"context": {"module": "text"}})) == {"context": {"module": "text"}}
    assert "module" not in rephrase({"context": {"module": {"usage_key": "k"}}})["context"]


# --- mongoid --------------------------------------------------------------------------------------------


RETIRED_TOP = [
    "referer",
    "accept_language",
    "nonInteraction",
    "label",
    "labels",
    "roles",
    "environment",
    "minion_id",
    "log_file",
    "log_host",
    "source_type",
    "vector_timestamp",
]
RETIRED_EVENT_STRUCT = [
    "requested_skip_interval",
    "submitted_answer",
    "num_attempts",
    "task_id",
    "content",
    "widget_placement",
    "tab_count",
    "current_tab",
    "target_tab",
    "duration",
    "play_medium",
    "username",
]


@pytest.mark.parametrize("value", ["x", None, {"a": []}, 0])
def test_retired_keys(value: Any) -> None:
    record = {
        "event_type": "seq_next",
        "event": dict.fromkeys(RETIRED_EVENT_STRUCT, value),
        **dict.fromkeys(RETIRED_TOP, value),
    }
    row = rephrase(record)
    assert aside(row) == {
        **dict.fromkeys(RETIRED_TOP, value),
        "event_struct": dict.fromkeys(RETIRED_EVENT_STRUCT, value),
    }
    assert "event_struct" not in row
    assert noticed(record) == (Counter(), Counter())


@pytest.mark.parametrize(
    ("record", "held"),
    [
        ({"_id": {"$oid": "5f"}}, {"old_mongoid": "5f"}),
        ({"_id": "5f"}, {"old_mongoid": "5f"}),
        ({"_id": {"other": 1}}, {"old_mongoid": {"other": 1}}),
        ({"_id": None}, None),
        ({"_id": {"$oid": "5f"}, "mongoid": "4e"}, {"old_mongoid": "5f"}),
        ({"mongoid": "4e"}, {"old_mongoid": "4e"}),
        ({"mongoid": 4}, {"old_mongoid": 4}),
        ({"mongoid": "[4]"}, {"old_mongoid": "[4]"}),
        ({"mongoid": [4]}, {"old_mongoid": [4]}),
        ({"mongoid": ""}, None),
        ({"mongoid": None}, None),
        ({"mongoid": "{}"}, None),
        ({"mongoid": {"a": 1}}, {"a": 1}),
        ({"mongoid": '{"a": 1, "old_mongoid": null}'}, {"a": 1}),
        ({"mongoid": '{"old_mongoid": null}'}, None),
        (
            {"mongoid": '{"a": 1}', "_id": {"$oid": "5f"}, "referer": "r"},
            {"a": 1, "old_mongoid": "5f", "referer": "r"},
        ),
        (
            {"mongoid": '{"context": {"a": 1}}', "context": {"label": 2}},
            {"context": {"a": 1, "label": 2}},
        ),
        # Neither of two things under one name is lost.
        (
            {"mongoid": '{"context": "text"}', "context": {"label": 2}},
            {"context": "text", "context.label": 2},
        ),
        ({"mongoid": '{"context": {"a": 1}}', "context": "text"}, {"context": "text", "context.a": 1}),
    ],
)
def test_what_comes_along(record: dict[str, Any], held: Any) -> None:
    assert aside(rephrase(record)) == held


UNKNOWN: dict[str, Any] = {
    "new": 1,
    "": 2,
    "a-b": 3,
    "a.b": None,
    "0digit": [],
    "i4x-A-B-problem-C_2_1": "x",
    "k" * 5000: {"deep": {"deeper": "x"}},
    "Time": "case counts",
    "old_mongoid": None,
}


def test_unknown_keys() -> None:
    record = {"event_type": "problem_x", "event": UNKNOWN, "context": UNKNOWN, **UNKNOWN}
    row = rephrase(record)
    held = {key: value for key, value in UNKNOWN.items() if key != "old_mongoid"}
    # In the event `new` has a column, and a null `old_mongoid` is nothing to hold at the top alone.
    assert aside(row) == {
        **held,
        "event_struct": {key: value for key, value in UNKNOWN.items() if key != "new"},
        "context": UNKNOWN,
    }
    assert row["event_struct"] == {"new": 1}
    unknown, wrong = noticed(record)
    assert wrong == Counter()
    assert len(unknown) == 3 * len(UNKNOWN) - 1
    assert unknown["a-b"] == unknown["context.a-b"] == unknown["event_struct.a-b"] == 1
    assert unknown[("context." + "k" * 5000)[:120]] == 1


@pytest.mark.parametrize(
    ("record", "row"),
    [
        ({"event-type": "problem_x", "event": {"problem-id": "p"}}, {"event_type": "problem_x"}),
        ({"event.source": "x"}, {}),
        ({"event-struct": {"id": "x"}}, {}),
        ({"module-id": "A/B/c/D"}, {"module_id": "A/B/c/D"}),
    ],
)
def test_keys_spelled_with_dashes(record: dict[str, Any], row: dict[str, Any]) -> None:
    result = rephrase(record)
    assert {key: result[key] for key in row} == row


def test_dashes_give_way_to_the_column_itself() -> None:
    row = rephrase({"context": {"user-id": 5, "user_id": 6, "org-id": "o"}})
    assert row["context"]["user_id"] == 6
    assert row["context"]["org_id"] == "o"
    assert aside(row) == {"context": {"user-id": 5}}
    # The first of two that stand for the same column.
    row = rephrase({"context": {"course-user_tags": {}, "course_user-tags": {"x": 1}}})
    assert row["context"]["course_user_tags"] == "{}"
    assert aside(row) == {"context": {"course_user-tags": {"x": 1}}}
    assert aside(rephrase({"event-js": 1, "event-struct": {}})) == {"event-js": 1, "event-struct": {}}


def test_expected_keys_are_not_counted() -> None:
    rules = RephraseRules(retired_keys=(("context", "wiki"), ("wiki",), ("context", "username")))
    record = {"context": {"wiki": 1, "username": "u"}, "wiki": 2, "other": 3}
    assert noticed(record, rules) == (Counter({"other": 1}), Counter())
    row = rephrase(record, rules)
    assert aside(row) == {"wiki": 2, "other": 3, "context": {"wiki": 1}}
    assert row["context"]["username"] == "u"


# --- types ----------------------------------------------------------------------------------------------


NULL = object()  # nothing, and nothing set aside
ASIDE = object()  # set aside and counted

INTEGERS = [
    (7, 7),
    (-(2**63), -(2**63)),
    (2**63 - 1, 2**63 - 1),
    (2**63, ASIDE),
    (-(2**63) - 1, ASIDE),
    (True, 1),
    (False, 0),
    (7.0, 7),
    (-0.0, 0),
    (7.5, ASIDE),
    (1e30, ASIDE),
    ("7", 7),
    (" 7\n", 7),
    ("+7", 7),
    ("-7.00", -7),
    ("7e2", 700),
    ("7.5", ASIDE),
    ("9223372036854775807", 2**63 - 1),
    ("9223372036854775808", ASIDE),
    ("1e9999", ASIDE),
    ("1_000", ASIDE),
    ("\u0667", ASIDE),
    ("seven", ASIDE),
    (" ", ASIDE),
    ("", NULL),
    (None, NULL),
    ([], ASIDE),
    ({}, ASIDE),
    ({"$numberLong": "7"}, 7),
    ({"$numberInt": 7}, 7),
    ({"$numberLong": ""}, NULL),
    ({"$numberLong": None}, NULL),
    ({"$numberLong": "x"}, ASIDE),
    ({"$numberLong": 7, "x": 1}, ASIDE),
]
FLOATS = [
    (7.5, 7.5),
    (7, 7),
    (2**64, 2.0**64),
    ("7.5", 7.5),
    (" 7 ", 7.0),
    ("-1e-3", -0.001),
    (".5", 0.5),
    ("NaN", ASIDE),
    ("Infinity", ASIDE),
    ("1e400", ASIDE),
    ("1_0", ASIDE),
    ("fast", ASIDE),
    (True, ASIDE),
    ("", NULL),
    (None, NULL),
    ([1.5], ASIDE),
    ({"$numberLong": "7"}, 7.0),
]
BOOLEANS = [
    (True, True),
    (False, False),
    (1, True),
    (0, False),
    (1.0, True),
    (2, ASIDE),
    ("true", True),
    ("FALSE", False),
    ("yes", ASIDE),
    ("1", ASIDE),
    ("", NULL),
    (None, NULL),
    ([], ASIDE),
]
STRINGS = [
    ("x", "x"),
    ("", ""),
    ("a\u0000b", "a\u0000b"),
    (7, "7"),
    (7.5, "7.5"),
    (True, "true"),
    (False, "false"),
    ([1, "x"], '[1,"x"]'),
    ({"a": {}}, '{"a":{}}'),
    ({"$numberLong": "7"}, "7"),
    ({"$numberInt": 7}, "7"),
    (None, NULL),
    ({"$numberLong": None}, NULL),
]


def check(member: str, value: Any, expected: Any) -> None:
    event = {"mode": "m", **(({"state": {member: value}}) if member == "done" else {member: value})}
    record = {"event_type": "problem_x", "event": event}
    row = rephrase(record)
    struct = row["event_struct"]
    struct = struct.get("state", {}) if member == "done" else struct
    wrong = noticed(record)[1]
    if expected is ASIDE:
        assert member not in struct
        held = aside(row)["event_struct"]
        assert (held["state"] if member == "done" else held) == {member: value}
        assert sum(wrong.values()) == 1
        return
    assert aside(row) is None
    assert not wrong
    if expected is NULL:
        assert member not in struct
    else:
        assert struct[member] == expected
        assert type(struct[member]) is type(expected)


@pytest.mark.parametrize(("value", "expected"), INTEGERS)
def test_integer(value: Any, expected: Any) -> None:
    check("attempts", value, expected)


@pytest.mark.parametrize(("value", "expected"), FLOATS)
def test_float(value: Any, expected: Any) -> None:
    check("grade", value, expected)


@pytest.mark.parametrize(("value", "expected"), BOOLEANS)
def test_boolean(value: Any, expected: Any) -> None:
    check("done", value, expected)


@pytest.mark.parametrize(("value", "expected"), STRINGS)
def test_string(value: Any, expected: Any) -> None:
    check("success", value, expected)


def test_types_at_the_top_and_in_the_context() -> None:
    record = {"username": 7, "page": {"a": 1}, "session": None, "context": {"user_id": "x", "path": 5}}
    row = rephrase(record)
    assert row["username"] == "7"
    assert row["page"] == '{"a":1}'
    assert "session" not in row
    assert row["context"] == {"path": "5", "agent": '{"oldagent":""}'}
    assert aside(row) == {"context": {"user_id": "x"}}
    assert noticed(record)[1] == {"context.user_id": 1}


def test_new_speed() -> None:
    for speed, held in (("NaN", {"event_struct": {"new_speed": "NaN"}}), (None, None)):
        row = rephrase({"event_type": "speed_change_video", "event": {"new_speed": speed, "id": "x"}})
        assert row["event_struct"] == {"id": "x"}
        assert aside(row) == held


# --- the same again -------------------------------------------------------------------------------------


def test_fields_of_the_agent_added_to_a_row() -> None:
    row = rephrase({"context": {"agent": '{"oldagent":"M","client":1}', "component": "c"}})
    assert json.loads(row["context"]["agent"]) == {"oldagent": "M", "client": 1, "component": "c"}


def test_module_id_of_a_row_is_not_derived_anew() -> None:
    """In the text that the event has become, another rule would find the block."""
    event = {"link": BLOCK.format("html", "t")}
    with_context = rephrase({"event": event, "context": {}})
    without_context = rephrase({"event": event})
    for row in (with_context, without_context):
        assert row.get("module_id") is None
    text = {"event": json.dumps(event), "context": {}}
    assert rephrase(text)["module_id"] == "UnivX/3.14x/html/t"
    assert rephrase({**text, "context": {"agent": '{"oldagent":""}'}}).get("module_id") is None


def test_rows_without_context_have_no_needless_nulls() -> None:
    assert rephrase({"event": {"a": 1}}) == {"time": TIME, "event_source": "server", "event": '{"a":1}'}


# --- streams --------------------------------------------------------------------------------------------


def test_stream() -> None:
    good = b'{"time":1413290096,"event_source":"server","new_key":1}'
    rows: list[bytes] = []
    rejects: list[tuple[int, Reject, bytes]] = []
    counts = rephrase_stream(
        [good, b"\n", b"broken\n", b"{}\n", b"\xff" + good],
        RephraseRules(),
        rows.append,
        lambda *reject: rejects.append(reject),
    )
    expected = (
        b'{"time":"2014-10-14T12:34:56.000000+00:00","event_source":"server",'
        b'"mongoid":"{\\"new_key\\":1}","event":"\\"\\""}\n'
    )
    assert rows == [expected, expected]
    assert rejects == [
        (3, Reject("bad_json"), b"broken\n"),
        (4, Reject("no_event_source"), b"{}\n"),
    ]
    assert (counts.lines, counts.blank, counts.rows) == (5, 1, 2)
    assert counts.rejects == {"bad_json": 1, "no_event_source": 1}
    assert counts.noticed.bad_utf8 == 1
    assert counts.noticed.unknown_keys == {"new_key": 2}


def test_counts_of_rejects_are_forgotten() -> None:
    rephraser = Rephraser(RephraseRules())
    assert isinstance(rephraser.line(b'{"event_source":"x","new_key":1,"context":5}'), Reject)
    counts = rephraser.take_counts()
    assert not counts.unknown_keys
    assert not counts.wrong_types


def test_the_rules_are_told() -> None:
    """The page of the rules names every column it speaks of, and every reason of a reject."""
    page = (Path(__file__).parents[2] / "docs" / "tracking-log-rows.md").read_text()
    for reason in ("bad_json", "not_object", "no_event_source", "bad_time", "internal"):
        assert f"`{reason}`" in page
    for name in (*RETIRED_TOP, *RETIRED_EVENT_STRUCT, *JSON_COLUMNS):
        assert f"`{name}`" in page
