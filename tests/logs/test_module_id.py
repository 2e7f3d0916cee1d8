"""The rules for module ids, each by its number, with what edx2bigquery gave (extended off) beside.

Every expected id is spelled by hand from the rule: ORG/NUMBER of the key, URL or course that the rule
names, then the type and the id.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from edxtasks.logs.rows.rephrase import Rephraser, RephraseRules

TIME = "2014-10-14T12:34:56.789012+00:00"
OPAQUE = "course-v1:UnivX+3.14x+T1"
SLASH = "UnivX/3.14x/T1"
BLOCK = "block-v1:UnivX+3.14x+T1+type@{}+block@{}"
PROBLEM = BLOCK.format("problem", "ab12")
PAGE = f"https://h/courses/{OPAQUE}/courseware/C1/S1/"
OLD_PAGE = f"https://h/courses/{SLASH}/courseware/C1/S1/"
SAME = object()

EXTENDED = Rephraser(RephraseRules())
AS_BEFORE = Rephraser(RephraseRules(module_id_extended=False))


def module_id(rephraser: Rephraser, record: dict[str, Any]) -> str | None:
    record = {"time": TIME, "event_source": "server", **record}
    context = {"course_id": record.pop("course", OPAQUE), "path": record.pop("path", "")}
    if "module" in record:
        context["module"] = record.pop("module")
    result = rephraser.line(json.dumps({"context": context, **record}).encode())
    assert isinstance(result, tuple), result
    value: str | None = json.loads(result[2]).get("module_id")
    return value


def browser(event_type: str, event: Any, **more: Any) -> dict[str, Any]:
    return {"event_source": "browser", "event_type": event_type, "event": event, **more}


def server(event_type: Any, event: Any = "", **more: Any) -> dict[str, Any]:
    return {"event_type": event_type, "event": event, **more}


XBLOCK = f"/courses/{OPAQUE}/xblock/{PROBLEM}"
FROM_COURSE_KEY = f"/courses/course-v1:CourseX+1.5x+T/xblock/{PROBLEM}"
QUOTED = "i4x:;_;_BlockX;_2.0x;_video;_ab12"
HTML = "i4x-UnivX-3_14x-problem-HW1_2"

RULES: list[tuple[str, dict[str, Any], str | None, Any]] = [
    # name, record, module id, module id without extension (SAME: no difference)
    ("1 type", server(f"{XBLOCK}/handler/xmodule_handler/problem_get"), "UnivX/3.14x/problem/ab12", SAME),
    (
        "1 path",
        server("problem_check", path=f"{XBLOCK}/handler/xmodule_handler/problem_check"),
        "UnivX/3.14x/problem/ab12",
        SAME,
    ),
    (
        "1 organization and number are those of the course key",
        server(f"{FROM_COURSE_KEY}/handler/x"),
        "CourseX/1.5x/problem/ab12",
        SAME,
    ),
    (
        "1 type goes before path",
        server(
            f"/courses/{OPAQUE}/xblock/{BLOCK.format('video', 'v1')}/handler/x", path=f"{XBLOCK}/handler/x"
        ),
        "UnivX/3.14x/video/v1",
        SAME,
    ),
    (
        "1 goes before 2",
        browser("problem_check", "input_zz_2_1=1", path=f"{XBLOCK}/handler/x", page=PAGE),
        "UnivX/3.14x/problem/ab12",
        SAME,
    ),
    (
        "1 not the block key of a custom course",
        server(f"/courses/{OPAQUE}/xblock/ccx-{PROBLEM}/handler/x"),
        None,
        SAME,
    ),
    (
        "2",
        browser("problem_check", "input_ab12_2_1=choice_1&x=2", page=PAGE),
        "UnivX/3.14x/problem/ab12",
        SAME,
    ),
    ("2 server", server("problem_check", "input_ab12_2_1=1"), "UnivX/3.14x/problem/ab12", SAME),
    (
        "2 JSON-quoted",
        browser("problem_check", '"input_ab12_2_1=choice_1"', page=PAGE),
        "UnivX/3.14x/problem/ab12",
        None,
    ),
    (
        "3",
        server("problem_graded", ["input_ab12_2_1=1", "<div>…</div>"]),
        "UnivX/3.14x/problem/ab12",
        SAME,
    ),
    (
        "3 list as JSON text",
        browser("problem_graded", '["input_ab12_2_1=1", "<p/>"]', page=PAGE),
        "UnivX/3.14x/problem/ab12",
        None,
    ),
    ("3 other lists", server("problem_graded", ["<div/>", "input_ab12_2_1=1"]), None, SAME),
    ("3 empty list", server("problem_graded", []), None, SAME),
    ("3 list of numbers", server("problem_graded", [1]), None, SAME),
    ("4 type", server(f"{XBLOCK}?x=1"), "UnivX/3.14x/problem/ab12", SAME),
    ("4 path", server("x", path=XBLOCK), "UnivX/3.14x/problem/ab12", SAME),
    ("4 organization of the course key", server(FROM_COURSE_KEY), "CourseX/1.5x/problem/ab12", SAME),
    ("5", browser("seq_goto", {"id": PROBLEM, "new": 2}), "UnivX/3.14x/problem/ab12", SAME),
    ("5 text", browser("x", json.dumps({"id": f'x {PROBLEM}"'})), "UnivX/3.14x/problem/ab12", SAME),
    (
        "5 organization of the block key",
        server("x", {"id": "block-v1:BlockX+2.0x+T9+type@video+block@v1"}),
        "BlockX/2.0x/video/v1",
        SAME,
    ),
    (
        "5 branch and version in the key, dash in the type",
        server("x", {"id": "block-v1:UnivX+3.14x+T1+branch@draft+version@5f+type@problem-builder+block@b1"}),
        "UnivX/3.14x/problem-builder/b1",
        SAME,
    ),
    ("5 not of a custom course", server("x", {"id": f"ccx-{PROBLEM}"}), None, SAME),
    (
        "6",
        browser("pause_video", {"id": "i4x-UnivX-3_14x-video-v1"}, course=SLASH),
        "UnivX/3.14x/video/v1",
        SAME,
    ),
    (
        "6 at the start alone",
        browser("x", {"id": "xi4x-UnivX-3_14x-video-v1"}, course=SLASH),
        None,
        SAME,
    ),
    (
        "6 id ends where no id character follows",
        browser("x", {"id": "i4x-UnivX-3_14x-video-v1/hide"}, course=SLASH),
        "UnivX/3.14x/video/v1",
        SAME,
    ),
    (
        "7 play_video on a page of courseware",
        browser("play_video", {"id": "ab12"}, page=PAGE),
        "UnivX/3.14x/video/ab12",
        SAME,
    ),
    (
        "7 other page",
        browser("play_video", {"id": "ab12"}, page="https://h/x"),
        "UnivX/3.14x/video/ab12",
        None,
    ),
    ("7 no page", browser("play_video", {"id": "ab12"}), "UnivX/3.14x/video/ab12", None),
    (
        "7 old course",
        browser("play_video", {"id": "ab12"}, page=OLD_PAGE, course=SLASH),
        "UnivX/3.14x/video/ab12",
        None,
    ),
    *(
        (f"7 {kind}", browser(kind, '{"id":"ab12"}', page=PAGE), "UnivX/3.14x/video/ab12", None)
        for kind in (
            "load_video",
            "pause_video",
            "stop_video",
            "seek_video",
            "speed_change_video",
            "complete_video",
            "show_transcript",
            "hide_transcript",
            "video_show_cc_menu",
            "video_hide_cc_menu",
            "edx.video.played",
            "edx.video.bumper.played",
        )
    ),
    ("7 other types", browser("hide_video", {"id": "ab12"}, page=PAGE), None, SAME),
    ("7 empty id", browser("play_video", {"id": ""}, page=PAGE), None, SAME),
    ("7 id with slash", browser("play_video", {"id": "a/b"}, page=PAGE), None, SAME),
    ("7 id with colon", browser("play_video", {"id": "a:b"}, page=PAGE), None, SAME),
    ("7 no course", browser("play_video", {"id": "ab12"}, course=""), None, SAME),
    (
        "8",
        server("x", f'see {PROBLEM}" and block-v1:A+B+C+type@html+block@t'),
        "UnivX/3.14x/problem/ab12",
        SAME,
    ),
    (
        "8 object as text",
        browser("problem_show", json.dumps({"problem": PROBLEM})),
        "UnivX/3.14x/problem/ab12",
        SAME,
    ),
    (
        "8 request",
        server("/x", json.dumps({"POST": {}, "GET": {"show": [BLOCK.format("html", "t9")]}})),
        "UnivX/3.14x/html/t9",
        SAME,
    ),
    ("8 cut JSON", server("x", f'{{"POST": {{"id": ["{PROBLEM}'), "UnivX/3.14x/problem/ab12", SAME),
    (
        "8 not with an id",
        browser("x", json.dumps({"id": "z", "usage": PROBLEM})),
        None,
        SAME,
    ),
    ("8 not in an object", server("x", {"usage": PROBLEM}), None, SAME),
    *(
        (f"9 {kind}", browser(kind, {"id": "i4x://UnivX/3.14x/recommender/r"}), None, SAME)
        for kind in ("add_resource", "delete_resource", "recommender_upvote")
    ),
    (
        "9 comes after 5",
        browser("add_resource", {"id": BLOCK.format("recommender", "r")}),
        "UnivX/3.14x/recommender/r",
        SAME,
    ),
    ("9 id that is not a string", server("x", {"id": 7, "problem_id": "i4x://A/B/problem/C"}), None, SAME),
    ("9 id null", server("x", {"id": None, "problem_id": "i4x://A/B/problem/C"}), None, SAME),
    (
        "9 id that is not a string, as text",
        server("x", json.dumps({"id": 7, "problem_id": "i4x://A/B/problem/C"})),
        None,
        SAME,
    ),
    (
        "10",
        browser("seq_prev", {"id": "i4x://UnivX/3.14x/sequential/S1", "old": 2, "new": 1}),
        "UnivX/3.14x/sequential/S1",
        SAME,
    ),
    (
        "10 seq_next with position",
        browser("seq_next", '{"id":"i4x://UnivX/3.14x/sequential/S1","old":1,"new":2}'),
        "UnivX/3.14x/sequential/S1/2",
        SAME,
    ),
    (
        "10 seq_goto with position",
        browser("seq_goto", {"id": "i4x://UnivX/3.14x/sequential/S1", "new": "5"}),
        "UnivX/3.14x/sequential/S1/5",
        SAME,
    ),
    (
        "10 seq_goto without position",
        browser("seq_goto", {"id": "i4x://UnivX/3.14x/sequential/S1"}),
        "UnivX/3.14x/sequential/S1",
        None,
    ),
    (
        "10 seq_next of a block key has no position",
        browser("seq_next", {"id": BLOCK.format("sequential", "S1"), "new": 2}),
        "UnivX/3.14x/sequential/S1",
        SAME,
    ),
    ("10 browser alone", server("seq_prev", {"id": "i4x://UnivX/3.14x/sequential/S1"}), None, SAME),
    ("11", browser("page_close", {}, page=f"{OLD_PAGE}#"), "UnivX/3.14x/sequential/S1/", SAME),
    ("11 text", browser("page_close", "{}", page=OLD_PAGE), "UnivX/3.14x/sequential/S1/", SAME),
    (
        "11 chapter, with slash",
        browser("page_close", {}, page=f"https://h/courses/{SLASH}/courseware/C1/"),
        "UnivX/3.14x/chapter/C1/",
        SAME,
    ),
    ("11 opaque", browser("page_close", {}, page=PAGE), "UnivX/3.14x/sequential/S1/", None),
    ("11 position", browser("page_close", {}, page=f"{OLD_PAGE}2"), "UnivX/3.14x/sequential/S1/", None),
    ("11 position/", browser("page_close", {}, page=f"{OLD_PAGE}2/"), "UnivX/3.14x/sequential/S1/", None),
    ("11 query", browser("page_close", {}, page=f"{OLD_PAGE}?a=b/c"), "UnivX/3.14x/sequential/S1/", None),
    ("11 fragment", browser("page_close", {}, page=f"{OLD_PAGE}#a/b"), "UnivX/3.14x/sequential/S1/", None),
    ("11 no slash at the end", browser("page_close", {}, page=OLD_PAGE[:-1]), None, SAME),
    ("11 courseware", browser("page_close", {}, page=f"https://h/courses/{SLASH}/courseware/"), None, SAME),
    ("11 other types", browser("page_open", {}, page=OLD_PAGE), None, SAME),
    ("11 not the server", server("page_close", {}, page=OLD_PAGE), None, SAME),
    ("12", browser("save", "input_ab12_2_1=1", page=PAGE), "UnivX/3.14x/problem/ab12", SAME),
    ("12 list", browser("show", ["input_ab12_2_1=1"], page=PAGE), "UnivX/3.14x/problem/ab12", SAME),
    ("12 list as JSON text", browser("show", '["input_ab12_2_1=1"]'), "UnivX/3.14x/problem/ab12", None),
    ("12 list, not browser", server("show", ["input_ab12_2_1=1"]), None, SAME),
    ("13", server(f"/courses/{SLASH}/discussion/threads/0a1b/reply"), "UnivX/3.14x/forum/0a1b", SAME),
    ("13 opaque", server(f"/courses/{OPAQUE}/discussion/threads/0a1b"), "UnivX/3.14x/forum/0a1b", None),
    ("13 from the start", server(f"/x/courses/{SLASH}/discussion/threads/0a1b"), None, SAME),
    (
        "14",
        server(f"/courses/{SLASH}/discussion/forum/General/threads/0a1b"),
        "UnivX/3.14x/forum/0a1b",
        SAME,
    ),
    (
        "14 opaque",
        server(f"/courses/{OPAQUE}/discussion/forum/General/threads/0a1b/"),
        "UnivX/3.14x/forum/0a1b",
        None,
    ),
    (
        "15",
        server(f"/courses/{SLASH}/discussion/i4x-UnivX-3_14x-course-T1/threads/create"),
        "UnivX/3.14x/forum/new",
        SAME,
    ),
    (
        "15 other forum",
        server(f"/courses/{SLASH}/discussion/General/threads/create"),
        "UnivX/3.14x/forum/new",
        None,
    ),
    (
        "15 opaque",
        server(f"/courses/{OPAQUE}/discussion/i4x-x/threads/create"),
        "UnivX/3.14x/forum/new",
        None,
    ),
    ("16 sequential", server(f"/courses/{SLASH}/courseware/C1/S1/"), "UnivX/3.14x/sequential/S1/", SAME),
    ("16 chapter, without slash", server(f"/courses/{SLASH}/courseware/C1/"), "UnivX/3.14x/chapter/C1", SAME),
    ("16 opaque", server(f"/courses/{OPAQUE}/courseware/C1/S1/"), "UnivX/3.14x/sequential/S1/", None),
    ("16 opaque chapter", server(f"/courses/{OPAQUE}/courseware/C1/"), "UnivX/3.14x/chapter/C1", None),
    ("16 position", server(f"/courses/{SLASH}/courseware/C1/S1/3"), "UnivX/3.14x/sequential/S1/", None),
    ("16 no chapter", server(f"/courses/{SLASH}/courseware"), None, SAME),
    ("16 more", server(f"/courses/{SLASH}/courseware/C1/S1/V1/"), None, SAME),
    ("17", server(f"/courses/{SLASH}/jump_to_id/x7"), "UnivX/3.14x/jump_to_id/x7", SAME),
    ("17 slash", server(f"/courses/{SLASH}/jump_to_id/x7/"), "UnivX/3.14x/jump_to_id/x7", SAME),
    ("17 prefix", server(f"/x/courses/{SLASH}/jump_to_id/x7/"), "UnivX/3.14x/jump_to_id/x7", SAME),
    ("17 opaque", server(f"/courses/{OPAQUE}/jump_to_id/x7"), "UnivX/3.14x/jump_to_id/x7", None),
    ("17 at the end alone", server(f"/courses/{SLASH}/jump_to_id/x7/y"), None, SAME),
    (
        "18 organization and number are those of the URL",
        server(f"/courses/{SLASH}/xblock/{QUOTED}/handler/x"),
        "UnivX/3.14x/video/ab12",
        SAME,
    ),
    (
        "18 path",
        server("x", path=f"/courses/{SLASH}/xblock/{QUOTED}/handler/x"),
        "UnivX/3.14x/video/ab12",
        SAME,
    ),
    ("18 handler alone", server(f"/courses/{SLASH}/xblock/{QUOTED}/x/"), None, SAME),
    ("18 from the start", server(f"/x/courses/{SLASH}/xblock/{QUOTED}/handler/x"), None, SAME),
    ("19", server("x", "input_ab12_2_1=1"), "UnivX/3.14x/problem/ab12", SAME),
    ("19 JSON-quoted", server("x", '"input_ab12_2_1=1"'), "UnivX/3.14x/problem/ab12", None),
    (
        "20",
        server(f"/courses/{SLASH}/modx/i4x://UnivX/3.14x/problem/HW1/problem_get"),
        "UnivX/3.14x/problem/HW1",
        SAME,
    ),
    (
        "20 queue",
        server(f"/courses/{SLASH}/xqueue/7/i4x://UnivX/3.14x/problem/HW1/score_update"),
        "UnivX/3.14x/problem/HW1",
        SAME,
    ),
    (
        "20 position",
        server(
            f"/courses/{SLASH}/modx/i4x://UnivX/3.14x/sequential/S1/goto_position",
            {"POST": {"position": ["3"]}, "GET": {}},
        ),
        "UnivX/3.14x/sequential/S1/3",
        SAME,
    ),
    (
        "20 position of a text event is not seen",
        server(
            f"/courses/{SLASH}/modx/i4x://UnivX/3.14x/sequential/S1/goto_position",
            '{"POST": {"position": ["3"]}, "GET": {}}',
        ),
        "UnivX/3.14x/sequential/S1",
        SAME,
    ),
    (
        "20 no position",
        server(f"/courses/{SLASH}/modx/i4x://UnivX/3.14x/sequential/S1/goto_position", {"POST": {}}),
        "UnivX/3.14x/sequential/S1",
        SAME,
    ),
    ("21", server("x", 'see i4x://UnivX/3.14x/html/t1"} or i4x://A/B/C/D'), "UnivX/3.14x/html/t1", SAME),
    ("21 not in an object", server("x", {"link": "i4x://UnivX/3.14x/html/t1"}), None, SAME),
    (
        "21 not with an id",
        server("x", json.dumps({"id": "z", "link": "i4x://UnivX/3.14x/html/t1"})),
        None,
        SAME,
    ),
    (
        "22",
        server(
            "problem_check",
            {"problem_id": "i4x://UnivX/3.14x/problem/HW1"},
            path=f"/courses/{SLASH}/modx/i4x://UnivX/3.14x/problem/HW1/problem_check",
        ),
        "UnivX/3.14x/problem/HW1",
        SAME,
    ),
    ("22 block key", server("problem_check", {"problem_id": PROBLEM}), "UnivX/3.14x/problem/ab12", None),
    (
        "22 problem",
        server("showanswer", {"problem": "i4x://UnivX/3.14x/problem/HW1"}),
        "UnivX/3.14x/problem/HW1",
        None,
    ),
    ("22 block key in problem", server("x", {"problem": PROBLEM}), "UnivX/3.14x/problem/ab12", None),
    (
        "22 problem_id goes before problem",
        server("x", {"problem": "i4x://A/B/problem/P", "problem_id": PROBLEM}),
        "UnivX/3.14x/problem/ab12",
        None,
    ),
    ("22 other problem_id", server("x", {"problem_id": 7, "problem": "HW1"}), None, SAME),
    ("23 block key", server("x", {"a": 1}, module={"usage_key": PROBLEM}), "UnivX/3.14x/problem/ab12", None),
    (
        "23 i4x URL",
        server("x", "", module={"usage_key": "i4x://UnivX/3.14x/problem/HW1", "display_name": "Q"}),
        "UnivX/3.14x/problem/HW1",
        None,
    ),
    (
        "23 goes after 22",
        server("x", {"problem": "i4x://A/B/problem/P"}, module={"usage_key": PROBLEM}),
        "A/B/problem/P",
        None,
    ),
    ("23 not where 9 stops", server("x", {"id": 7}, module={"usage_key": PROBLEM}), None, SAME),
    ("23 other usage key", server("x", {"a": 1}, module={"usage_key": 7}), None, SAME),
    ("23 other module", server("x", {"a": 1}, module=PROBLEM), None, SAME),
    # White space around an id.
    ("5 white space", browser("x", {"id": f"\n{PROBLEM} "}), "UnivX/3.14x/problem/ab12", SAME),
    ("6 white space", browser("x", {"id": "\ni4x-UnivX-3_14x-video-v1"}), "UnivX/3.14x/video/v1", SAME),
    ("7 white space", browser("pause_video", {"id": "\nab12\t"}), "UnivX/3.14x/video/ab12", None),
    ("7 white space alone", browser("pause_video", {"id": " \n"}), None, SAME),
    (
        "10 white space",
        browser("seq_goto", {"id": " i4x://UnivX/3.14x/sequential/S1\n", "new": 3}),
        "UnivX/3.14x/sequential/S1/3",
        SAME,
    ),
    (
        "11 percent-escapes",
        browser(
            "page_close", "{}", page="https://h/courses/%C3%89coleX/%C3%89t%c3%a9.1/T/courseware/C1/S1/#"
        ),
        "ÉcoleX/Été.1/sequential/S1/",
        SAME,
    ),
    (
        "12 percent-escapes",
        browser(
            "x",
            "input_ab12_2_1=5",
            page="https://h/courses/course-v1:%C3%89coleX+%C3%89t%C3%A9.1%2BT/courseware/C1/S1/",
        ),
        "ÉcoleX/Été.1/problem/ab12",
        SAME,
    ),
]


@pytest.mark.parametrize(("record", "module", "before"), [r[1:] for r in RULES], ids=[r[0] for r in RULES])
def test_rule(record: dict[str, Any], module: str | None, before: Any) -> None:
    assert module_id(EXTENDED, record) == module
    assert module_id(AS_BEFORE, record) == (module if before is SAME else before)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("input_ab12_2_1", "ab12"),
        ("input_ab12_2_1=5", "ab12"),
        ("input_ab12_2_1[]=choice_1", "ab12"),
        ("input_ab12_2_1%5B%5D=choice_1&input_cd34_2_1=x", "ab12"),
        ("input_ab12_2_1_dynamath=5", "ab12"),
        ("input_ab12_2_1_comment=5", "ab12"),
        ("input_ab12_2_1_choiceinput_0bc=5", "ab12"),
        ("input_X_2_1_dynamath=5", "X"),
        ("input_E6_1_1_2_1=5", "E6_1_1"),
        ("input_i4x-UnivX-3_14x-problem-L4_Problem_9_2_1=5", "L4_Problem_9"),
        ("input_i4x-UnivX-3_14x-problem-HW1_2_2_1=5", "HW1_2"),
        ("input_ab12_2=5", None),
        ("input_ab12=5", None),
        ("input_ab12_2_1_=5", None),
        ("input_ab12_2_1_0x=5", None),
        ("input_ab12_2_1{}=5", None),
        ("input_=5", None),
        ("input_" + "a" * 1000 + "_2_1=5", None),
    ],
)
def test_names_of_input_fields(name: str, problem: str | None) -> None:
    expected = None if problem is None else f"UnivX/3.14x/problem/{problem}"
    assert module_id(EXTENDED, browser("problem_check", name, page=PAGE)) == expected


def test_course_of_an_input_field() -> None:
    """The page's course goes before the event's; without either there is no module id."""
    record = browser("problem_check", "input_ab12_2_1=5", page="https://h/courses/course-v1:PageX+1+T/x")
    assert module_id(EXTENDED, record) == "PageX/1/problem/ab12"
    record["page"] = "https://h/courses/PageX/1/T/x"
    assert module_id(EXTENDED, record) == "UnivX/3.14x/problem/ab12"
    assert module_id(EXTENDED, {**record, "page": "", "course": ""}) is None


@pytest.mark.parametrize(
    ("html_id", "course", "module"),
    [
        # Of the event's course: its own parts, with dots and dashes.
        ("i4x-MITx-8_01x-video-x", "MITx/8.01x/T", "MITx/8.01x/video/x"),
        ("i4x-My-Univ-6-002x-video-u0-s1", "My-Univ/6-002x/T", "My-Univ/6-002x/video/u0-s1"),
        ("i4x-MITx-8_01x-my_type-x", "MITx/8.01x/T", "MITx/8.01x/my_type/x"),
        ("i4x-MITx-8_01x-video-u0s1/tab2/video1", "MITx/8.01x/T", "MITx/8.01x/video/u0s1"),
        # Of another course, or none known: the shortest number before a known type.
        ("i4x-MITx-8_01x-video-x", "MITx/6.00x/T", "MITx/8_01x/video/x"),
        ("i4x-MITx-6-002x-problem-a-video-b", "", "MITx/6-002x/problem/a-video-b"),
        ("i4x-MITx-6-002x-videoalpha-x", "", "MITx/6-002x/videoalpha/x"),
        ("i4x-MITx-6_002x-split_test-x", "", "MITx/6_002x/split_test/x"),
        # No known type: the first three dashes.
        ("i4x-MITx-6_002x-mentoring-x-y", "", "MITx/6_002x/mentoring/x-y"),
        ("i4x-MITx-6_002x", "", None),
        ("i4x-MITx-8_01x-video-", "MITx/8.01x/T", None),
    ],
)
def test_html_ids(html_id: str, course: str, module: str | None) -> None:
    assert module_id(EXTENDED, browser("x", {"id": html_id}, course=course)) == module


@pytest.mark.parametrize(
    ("text", "module"),
    [
        (f'"{PROBLEM}"}}', "UnivX/3.14x/problem/ab12"),
        (f"{PROBLEM}]}}}}", "UnivX/3.14x/problem/ab12"),
        (f"{PROBLEM}&x", "UnivX/3.14x/problem/ab12"),
        (f"{PROBLEM}<br>", "UnivX/3.14x/problem/ab12"),
        (f"{PROBLEM}@x", "UnivX/3.14x/problem/ab12"),
        (f"{PROBLEM}-~.:%20é", "UnivX/3.14x/problem/ab12-~.:%20é"),
    ],
)
def test_where_an_id_ends(text: str, module: str) -> None:
    assert module_id(EXTENDED, server("x", f"see {text}")) == module


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("block-v1:A+b+c+branch@draft+version@0a+type@video+block@v1", "A/b/video/v1"),
        ("block-v1:x+y+z+block-v1:A+b+c+type@video+block@v1", "A/b/video/v1"),
        # A million beginnings of keys and no end: each is looked through once, not all that follows it.
        ("block-v1:A+b+c+" * 60_000, None),
        ("block-v1:A+b+c+type@x" * 40_000, None),
    ],
)
def test_where_a_key_may_begin(text: str, module: str | None) -> None:
    assert module_id(EXTENDED, server("x", f"see {text}")) == module


@pytest.mark.parametrize(
    "record",
    [
        server("edx.forum.thread.created", {"id": "0a1b", "commentable_id": "General"}),
        server("edx.course.enrollment.activated", {"course_id": OPAQUE, "user_id": 5, "mode": "audit"}),
        browser("edx.ui.lms.link_clicked", {"current_url": PAGE, "target_url": "https://x"}),
        server(f"/courses/{SLASH}/about"),
        server(f"/courses/{OPAQUE}/info"),
        server(f"/courses/{OPAQUE}/progress"),
        server(f"/courses/{OPAQUE}/jump_to/{PROBLEM}"),
        server(f"/container/{PROBLEM}"),
        server("x", {"exam_content_id": PROBLEM, "component_usage_id": PROBLEM}),
        server("x", f"ccx-{PROBLEM}"),
        {"event": None, "event_type": None, "page": None},
        {},
        server(["problem_check"], {"problem": {}}),
    ],
)
def test_not_derived(record: dict[str, Any]) -> None:
    assert module_id(EXTENDED, record) is None


def test_a_module_id_that_is_there_is_kept() -> None:
    record = server("problem_check", {"problem_id": PROBLEM})
    assert module_id(EXTENDED, {**record, "module_id": "A/B/problem/c"}) == "A/B/problem/c"
    for blank in ("", "  ", None):
        assert module_id(EXTENDED, {**record, "module_id": blank}) == "UnivX/3.14x/problem/ab12"


def test_html_id_of_a_problem_in_text() -> None:
    record = browser("problem_check", f'"input_{HTML}_2_1=5"', course=SLASH)
    assert module_id(EXTENDED, record) == "UnivX/3.14x/problem/HW1_2"
