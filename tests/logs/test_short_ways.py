"""What is looked up by the form around an id, or read without a pattern, is what the patterns find."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.logs.rows import event_course, module_links, usage_keys
from edxtasks.logs.rows.event_course import opaque_course_of_page
from edxtasks.logs.rows.module_id import ModuleIds
from edxtasks.logs.rows.module_links import BLOCK, HandlerForms, courseware_module, read_links
from edxtasks.logs.rows.row_levels import is_listed
from edxtasks.logs.rows.usage_keys import find_block_key, input_problem

IDS = st.one_of(
    st.sampled_from(
        ["ab12", "0", "problem", "handler", "block", "ccx", "é7", "²", "a_b", "a-b", "", "v1", "x@0"]
    ),
    st.text("ab0_-~.:%/@+é² ", max_size=8),
)
HEADS = st.sampled_from(
    [
        "/courses/course-v1:A+B.1+C/xblock/block-v1:A+B.1+C+type@problem",
        "/courses/course-v1:X+Y+Z/xblock/block-v1:A+B+C+branch@draft+type@drag-and-drop",
        "/courses/A/B/C/xblock/block-v1:A+B+C+type@video",
        "/courses/course-v1:A+B+C/jump_to_id/x",
        "/courses/course-v1:A+B+C/xblock/ccx-block-v1:A+B+C+type@problem",
        "/x/block-v1:A+B+C+type@problem+block@y/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@html",
        "/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@problem+block@one+block@two",
        "https://h/courses/course-v1:A+B+C/courseware/c/block-v1:A+B+C+type@vertical",
        "",
    ]
)
TAILS = st.sampled_from(
    [
        "/handler/xmodule_handler/problem_get",
        "/handler",
        "/handler/video_embedded/problem_check",
        "/",
        "",
        "/handler?x=1",
        "/handler/+block@late/handler/",
        "/handler/courses/A/B/C/discussion/threads/t1",
        "/i4x://A/B/problem/P/handler",
    ]
)


@pytest.mark.parametrize("extended", [True, False])
def test_the_path_of_a_handler_by_its_form(extended: bool) -> None:
    forms = HandlerForms(extended)
    block = "block-v1:O+P+C+type@problem+block@{}"
    path = f"/courses/course-v1:A+B.1+C/xblock/{block}/handler/xmodule_handler/problem_get"
    for name in ("ab12", "c3", "problem"):
        found = forms.find(path.format(name))
        assert found is not None
        assert found[1] == f"A/B.1/problem/{name}"
        assert found[0].listed
    assert forms.find(path.format("a_b")) is None
    assert forms.find(path.format("ab12").removesuffix("problem_get") + "show") is not None
    assert forms.find(path.format("ab12").replace("/handler/", "/other/")) is None


FORMS = {extended: HandlerForms(extended) for extended in (True, False)}


@settings(max_examples=300, deadline=None)
@given(HEADS, IDS, TAILS, st.booleans())
def test_any_path(head: str, name: str, tail: str, extended: bool) -> None:
    path = f"{head}+block@{name}{tail}"
    found = FORMS[extended].find(path)
    if found is not None:
        assert found[1] == read_links(path, extended).handler
        assert found[0].listed == is_listed(path)


def by_the_rules(extended: bool) -> ModuleIds:
    """All rules one by one, none of the short ways before them."""
    ids = ModuleIds(extended)
    ids.handlers.find = lambda path: None  # type: ignore[method-assign]
    ids._of_plain_id = lambda identifier, course, has: None  # type: ignore[method-assign]
    return ids


SHORT, LONG = ({extended: make(extended) for extended in (True, False)} for make in (ModuleIds, by_the_rules))
IDENTIFIERS = st.one_of(
    IDS,
    IDS.map(lambda name: f"block-v1:A+B+C+type@problem+block@{name}"),
    IDS.map(lambda name: f" block-v1:A+B+C+x@y+type@video+block@{name}\n"),
    IDS.map(lambda name: f"block-v1:A+B+C+type@html+block@one block-v1:A+B+C+type@video+block@{name}"),
    IDS.map(lambda name: f"ccx-block-v1:A+B+C+type@html+block@{name}"),
    IDS.map(lambda name: f"i4x-A-B-problem-{name}"),
    IDS.map(lambda name: f"i4x://A/B/problem/{name}"),
)
EVENT_TYPES = st.sampled_from(
    [
        *["play_video", "seq_goto", "seq_next", "problem_check", "edx.video.x", "add_resource", "page_close"],
        "/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@html+block@z9/x",
        "/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@html+block@z9/handler/x",
    ]
)
PATHS = st.one_of(
    st.sampled_from(["/event", "", "/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@html+block@z9"]),
    st.builds("{}+block@{}{}".format, HEADS, IDS, TAILS),
)


@settings(max_examples=400, deadline=None)
@given(
    EVENT_TYPES,
    st.booleans(),
    PATHS,
    st.sampled_from(["A/B/C", "A.1/B.2/C", None]),
    st.dictionaries(st.sampled_from(["id", "new", "problem_id", "x"]), IDENTIFIERS | st.integers(0, 9)),
    st.booleans(),
)
def test_any_event(
    event_type: str, browser: bool, path: str, course: str | None, event: dict[str, Any], extended: bool
) -> None:
    found = []
    for ids in (SHORT[extended], LONG[extended]):
        kind = ids.event_types(event_type)
        found.append(ids.derive(kind, browser, "", path, course, event, event, ""))
    assert found[0] == found[1]


def test_a_block_in_the_event_type_goes_before_the_id_of_the_event() -> None:
    kind = SHORT[True].event_types("/courses/course-v1:A+B+C/xblock/block-v1:A+B+C+type@html+block@z9/x")
    assert kind.has & BLOCK
    event = {"id": "block-v1:A+B+C+type@video+block@v1"}
    assert SHORT[True].derive(kind, False, "", "", "A/B/C", event, event, "") == "A/B/html/z9"


@given(IDS, st.sampled_from(["_2_1", "_2_1[]", "_10_2", "_2", "_2_1_dynamath", "_٢_1", "_2_1_3_4"]))
def test_the_name_of_an_input_field(name: str, end: str) -> None:
    text = f"input_{name}{end}"
    match = usage_keys._INPUT.fullmatch(text)
    assert input_problem(text) == (match[1] if match else None)


@given(
    st.lists(
        st.sampled_from(
            [
                *[
                    "https://h",
                    "/courses/",
                    "course-v1:A+B+C",
                    "course-v1:A+B",
                    "/",
                    "?",
                    "#",
                    "A/B/C",
                    " ",
                    "x",
                ],
                *["%2B", "course-v1:", "/courses/course-v1:D+E+F/"],
            ]
        ),
        max_size=9,
    ).map("".join)
)
def test_the_course_of_a_page(page: str) -> None:
    assert opaque_course_of_page(page) == event_course._first_course(page, (event_course._COURSES_OPAQUE,))


SEGMENTS = st.sampled_from(
    [
        *[
            "courses",
            "course-v1:A+B.1+C",
            "course-v1:A+B+C+D",
            "course-v1:A+B",
            "A",
            "B",
            "C",
            "courseware",
            "",
        ],
        *["c1", "s 1", "é", "2", "x?y", "#", "https:", "h", "%", "course-v1: A+B+C", "x\n"],
    ]
)


@settings(max_examples=400)
@given(
    st.lists(SEGMENTS, max_size=9).map("/".join)
    | st.lists(SEGMENTS, min_size=1, max_size=4).map(
        lambda parts: "/".join(["/courses/course-v1:A+B.1+C/courseware", *parts])
    ),
    st.booleans(),
)
def test_a_page_of_courseware(url: str, extended: bool) -> None:
    assert courseware_module(url, extended) == module_links._courseware_by_pattern(url, extended)


def test_the_usual_page_of_courseware() -> None:
    page = "/courses/course-v1:A+B.1+C/courseware/c1/s1/"
    assert courseware_module(page, True) == "A/B.1/sequential/s1/"
    assert courseware_module(page, False) is None


@given(st.text("ab+@:-1", max_size=20).map("block-v1:A+B+C+type@x+block@{}".format) | IDENTIFIERS, IDS)
def test_the_form_of_a_block_key(before: str, name: str) -> None:
    form = usage_keys.block_key_form(before)
    if form is not None and re.fullmatch(r"[^\W_]+", name):
        assert find_block_key(f"{before}@{name}") == form + name
