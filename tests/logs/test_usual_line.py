"""Lines of the usual form take a short way to the same row."""

from __future__ import annotations

import json
from types import NoneType
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType
from msgspec.structs import fields

from edxtasks.logs.rows.conform import Conformer, Level
from edxtasks.logs.rows.fast_path import NOT_USUAL, UsualLines
from edxtasks.logs.rows.json_text import compact
from edxtasks.logs.rows.module_id import ModuleIds
from edxtasks.logs.rows.rephrase import Rephraser, RephraseRules
from edxtasks.logs.rows.row_levels import (
    AGENT_OF_CONTEXT,
    AGENT_OF_MODULE,
    CONTEXT,
    ORDER_CONTEXT,
    ORDER_TOP,
    RETIRED_CONTEXT,
    RETIRED_TOP,
    TOP,
)
from edxtasks.logs.rows.usual_form import (
    ContextWithAgent,
    UsualContext,
    UsualModule,
    UsualRecord,
    is_learnable,
)
from edxtasks.logs.tracklog_schema import MODULE_SCHEMA, TRACKLOG_SCHEMA
from edxtasks.warehouse.schema import Column

BLOCK = "block-v1:UnivX+3.14x+T1+type@problem+block@ab12"
USUAL: dict[str, Any] = {
    "username": "anna",
    "event_type": "play_video",
    "ip": "10.0.0.1",
    "agent": "Mozilla",
    "host": "courses.edx.org",
    "referer": "https://h/r",
    "accept_language": "de",
    "event": '{"id": "v1", "currentTime": 7, "duration": 60}',
    "event_source": "browser",
    "context": {
        "user_id": 12,
        "org_id": "UnivX",
        "course_id": "course-v1:UnivX+3.14x+T1",
        "path": "/event",
        "enterprise_uuid": "",
        "course_user_tags": {},
    },
    "time": "2014-10-14T12:34:56.789012+00:00",
    "page": "https://h/p",
    "name": "play_video",
    "session": "s",
}
ROW = (
    b'{"time":"2014-10-14T12:34:56.789012+00:00","username":"anna","ip":"10.0.0.1","event_source":"browser",'
    b'"event_type":"play_video","agent":"Mozilla","page":"https://h/p","host":"courses.edx.org",'
    b'"name":"play_video","session":"s","course_id":"UnivX/3.14x/T1","module_id":"UnivX/3.14x/video/v1",'
    b'"context":{"course_id":"course-v1:UnivX+3.14x+T1","user_id":12,"org_id":"UnivX","path":"/event",'
    b'"course_user_tags":"{}","agent":"{\\"oldagent\\":\\"\\"}"},'
    b'"mongoid":"{\\"referer\\":\\"https://h/r\\",\\"accept_language\\":\\"de\\",'
    b'\\"event_struct\\":{\\"duration\\":60},\\"context\\":{\\"enterprise_uuid\\":\\"\\"}}",'
    b'"event_struct":{"id":"v1","currentTime":7},'
    b'"event":"{\\"id\\":\\"v1\\",\\"currentTime\\":7,\\"duration\\":60}"}'
)


@pytest.fixture
def usual_lines() -> UsualLines:
    return UsualLines(Conformer(compact), ModuleIds(True), compact)


def test_a_usual_line(usual_lines: UsualLines) -> None:
    row = ("UnivX/3.14x/T1", 1413290096789012, ROW)
    assert usual_lines.row(json.dumps(USUAL).encode()) == row
    assert usual_lines.row(json.dumps(dict(reversed(USUAL.items()))).encode() + b"\n") == row
    rephraser = Rephraser(RephraseRules())
    assert rephraser.line(json.dumps(USUAL).encode()) == row
    assert rephraser.line(ROW) == row, "a row that is rephrased again"


@pytest.mark.parametrize(
    "other",
    [
        {"page": None, "session": None, "event": None},
        {"event": {"POST": {}, "GET": {}}, "event_type": "/courses/x", "event_source": "server"},
        {"event": "input_ab12_2_1=5", "event_type": "problem_check"},
        {"context": {"user_id": None, "course_id": "UnivX/3.14x/T1", "path": ""}},
        {"context": {"course_id": "A/B/C", "path": "", "module": {"display_name": "Q", "usage_key": BLOCK}}},
        {"time": "2014-10-14T12:34:56+02:00"},
        {"context": {"course_id": "", "path": ""}},
        {"event_type": "x", "event": {"x": 2**53 - 1}},
        {"referer": None},
        {"context": {"course_id": "A/B/C", "path": "", "user_id": ""}},
        {"context": {"course_id": "A/B/C", "path": "", "agent": "Dalvik"}},
        {
            "context": {
                **{
                    "course_id": "A/B/C",
                    "path": "",
                    "component": "videoplayer",
                    "application": {"name": "a"},
                },
                **{"client": {"timezone": "x"}, "received_at": "t", "open_in_browser_url": "u", "asides": {}},
            }
        },
    ],
)
def test_other_usual_lines(usual_lines: UsualLines, other: dict[str, Any]) -> None:
    assert usual_lines.row(json.dumps(USUAL | other).encode())


@pytest.mark.parametrize(
    "other",
    [
        {"unknown": 1},
        {"vname": None},
        {"page": 7},
        {"context": None},
        {"context": {"course_id": "A/B/C"}},
        {"context": {"course_id": " ", "path": ""}},
        {"context": {"course_id": "library-v1:A+B", "path": ""}},
        {"context": {"course_id": "A/B/C", "path": "", "user_id": "12"}},
        {"context": {"course_id": "A/B/C", "path": "", "user_id": 2**53}},
        {"context": {"course_id": "A/B/C", "path": "", "agent": '{"oldagent":""}'}},
        {"context": {"course_id": "A/B/C", "path": "", "component": None}},
        {"course_id": "A/B/C"},
        {"module_id": "A/B/problem/P"},
        {"mongoid": "5f"},
        {"event_js": "{}"},
        {"time": "yesterday"},
        {"event": 7},
        {"event": '{"id":"x","currentTime":12345678901234567}'},
        {"event": {"x": 2**70}},
        {"event_type": "x", "event": {"x": 2**60}},
    ],
)
def test_lines_that_are_not_usual(usual_lines: UsualLines, other: dict[str, Any]) -> None:
    with pytest.raises(NOT_USUAL):
        usual_lines.row(json.dumps(USUAL | other).encode())


def columns_of(
    struct: type[Any], columns: tuple[Column, ...], aside: tuple[str, ...], ordered: tuple[str, ...]
) -> None:
    """Check that the fields of a struct are columns, of their types, and known fields that have none."""
    order = [each.name for each in fields(struct) if each.name in ordered]
    assert order == [name for name in ordered if name in order]
    named = {column.name: column for column in columns}
    for each in fields(struct):
        options = set(get_args(each.type)) or {each.type}
        if each.name == "course_user_tags":
            assert named[each.name].type == "STRING"
        elif each.name == "user_id":
            assert named[each.name].type == "INTEGER"  # or an empty text, which becomes null
        elif each.default is UNSET:
            assert each.name in aside
            assert {str, UnsetType} <= options <= {str, UnsetType, NoneType}
        elif each.name in {"context", "module", "event_struct", "event"}:
            assert each.name in named
        else:
            told = {str: "STRING", int: "INTEGER"}
            types = {told[t] for t in options if t in told}
            expected = "STRING" if each.name == "time" else named[each.name].type
            assert types | {expected} == {expected}, each.name
            assert each.default is None or each.required
            assert NoneType in options or each.required


def test_the_form_is_that_of_the_table() -> None:
    columns = TRACKLOG_SCHEMA.columns
    columns_of(UsualRecord, columns, RETIRED_TOP, ORDER_TOP)
    columns_of(UsualContext, TRACKLOG_SCHEMA["context"].fields, RETIRED_CONTEXT, ORDER_CONTEXT)
    more = {each.name for each in fields(ContextWithAgent)} - {each.name for each in fields(UsualContext)}
    assert more == set(AGENT_OF_CONTEXT)
    columns_of(UsualModule, MODULE_SCHEMA.columns, AGENT_OF_MODULE, ())
    missing = set(ORDER_CONTEXT) - {each.name for each in fields(UsualContext)}
    assert not missing, "each column of the context is usual"


@pytest.mark.parametrize(
    ("level", "key", "learnable"),
    [
        (TOP, "zz", True),
        (TOP, "nonInteraction", True),
        (TOP, "é.b-c", True),
        (TOP, "username", False),
        (TOP, "referer", False),  # usual already
        (TOP, "event-type", False),  # may be a column, spelled another way
        (TOP, "event.type", True),  # spells event__type, no column
        (TOP, "event_struct", False),
        (TOP, "old_mongoid", False),
        (TOP, "context", False),
        (TOP, "module", False),  # a record may be set aside under this name
        (TOP, "vname", False),
        (TOP, 'z"z', False),
        (TOP, "z\\z", False),
        (TOP, "z\nz", False),
        (TOP, "z" * 101, False),
        (CONTEXT, "zz", True),
        (CONTEXT, "label", True),
        (CONTEXT, "asides", False),
        (CONTEXT, "org-id", False),
        (CONTEXT, "enterprise_uuid", False),
    ],
)
def test_what_can_be_learnt(level: Level, key: str, learnable: bool) -> None:
    assert is_learnable(level, key) == learnable


def test_fields_of_many_lines_are_learnt_up_to_a_number() -> None:
    rephraser = Rephraser(RephraseRules())
    lines = usual_lines_of(rephraser)
    record = USUAL | {f"new{number:02}": number for number in range(40)}
    text = json.dumps(record).encode()
    row = rephraser.line(text)
    for _ in range(5000):
        rephraser.line(json.dumps(USUAL | {"rare": 1}).encode() if _ % 50 == 0 else text)
    assert len(lines._form.extras) == 16
    assert rephraser.line(text) == row
    fifteen = USUAL | dict.fromkeys(sorted(extra.key for extra in lines._form.extras)[:15], "x")
    assert lines.row(json.dumps(fifteen).encode()) == Rephraser(RephraseRules()).line(
        json.dumps(fifteen).encode()
    )


@pytest.mark.parametrize(("one_of", "learnt"), [(20, ["often"]), (100, [])])
def test_fields_of_few_lines_are_not_learnt(one_of: int, learnt: list[str]) -> None:
    # Every line pays for a learnt field. One of 8 unusual lines is looked at, and 32 of these decide.
    rephraser = Rephraser(RephraseRules())
    usual = json.dumps(USUAL).encode()
    with_field = json.dumps(USUAL | {"often": 1}).encode()
    for _ in range(8 * 32 + 8):
        rephraser.lines([usual] * (one_of - 1) + [with_field])
    assert [extra.key for extra in usual_lines_of(rephraser)._form.extras] == learnt


def usual_lines_of(rephraser: Rephraser) -> UsualLines:
    return rephraser._usual


TEXTS = st.text(max_size=6) | st.sampled_from(
    [
        "",
        "play_video",
        "problem_check",
        "problem_graded",
        "seq_goto",
        "page_close",
        "add_resource",
        "browser",
        "server",
        "i4x-UnivX-3_14x-video-v1",
        "/courses/UnivX/3.14x/T1/courseware/C/S/",
        f"/courses/course-v1:UnivX+3.14x+T1/xblock/{BLOCK}/handler/problem_check",
        "/courses/UnivX/3.14x/T1/modx/i4x://UnivX/3.14x/sequential/S/goto_position",
        BLOCK,
        "input_ab12_2_1=5",
        '{"oldagent":""}',
        "1e+22",
        "e+9999999999999999999",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXTS
MEMBERS = st.sampled_from(
    [
        *["id", "currentTime", "duration", "new", "old", "POST", "GET", "query", "answers", "state"],
        *["problem_id", "problem", "success", "attempts", "grade", "user_id", "unknown", "current-time"],
        *["course_id", "answer", "text", "seed", "done", "has_saved_answers"],
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(MEMBERS, inner, max_size=3),
    max_leaves=5,
)
EVENTS = st.dictionaries(MEMBERS, VALUES, max_size=5)
CONTEXTS = st.fixed_dictionaries(
    {
        "course_id": st.sampled_from(
            ["UnivX/3.14x/T1", "course-v1:UnivX+3.14x+T1", "A+B/C/D", "", "ccx-v1:A"]
        ),
        "path": TEXTS,
    },
    optional={
        "user_id": st.none() | st.integers(-(2**70), 2**70) | st.sampled_from(["12", "", " "]),
        **dict.fromkeys(("application", "client", "asides"), VALUES),
        **dict.fromkeys(("received_at", "component", "open_in_browser_url", "agent"), st.none() | TEXTS),
        "org_id": st.none() | TEXTS,
        "course_user_tags": st.none() | TEXTS | st.dictionaries(TEXTS, TEXTS, max_size=2),
        "module": st.fixed_dictionaries(
            {}, optional={"display_name": st.none() | TEXTS, "usage_key": st.none() | TEXTS}
        ),
        "enterprise_uuid": st.none() | TEXTS,
    },
)
RECORDS = st.fixed_dictionaries(
    {
        "time": st.sampled_from(
            ["2014-10-14T12:34:56.789012+00:00", "2014-10-14T12:34:56Z", "2014-10-14T12:34:56.78901٢+00:00"]
        ),
        "event_type": TEXTS,
        "event_source": st.sampled_from(["browser", "server", ""]),
        "context": CONTEXTS,
    },
    optional={
        **dict.fromkeys(("username", "ip", "agent", "page", "host", "name", "session"), st.none() | TEXTS),
        **dict.fromkeys(("referer", "accept_language"), TEXTS),
        "event": EVENTS | EVENTS.map(json.dumps) | TEXTS | st.none(),
        "event_struct": st.none() | st.just({"id": "x"}),
    },
)
REPHRASERS = {
    form: (Rephraser(RephraseRules(json_text_form=form)), Rephraser(RephraseRules(json_text_form=form)))
    for form in ("compact", "predecessor")
}


@given(RECORDS, st.sampled_from(["compact", "predecessor"]), st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=1500, deadline=None)
def test_both_ways_lead_to_the_same_row(
    record: dict[str, Any], form: str, ascii_only: bool, order: Any
) -> None:
    items = list(record.items())
    order.shuffle(items)
    record = dict(items)

    def line(record: dict[str, Any]) -> bytes:
        return json.dumps(record, ensure_ascii=ascii_only).encode(errors="replace")

    short_way, long_way = REPHRASERS[form]
    short = short_way.line(line(record))
    # A column that is not among the usual ones, without a value, changes nothing but the way.
    long = long_way.line(line(record | {"vname": None}))
    assert short_way.take_counts() == long_way.take_counts()
    if not isinstance(short, tuple) or not isinstance(long, tuple):
        assert short == long
        return
    assert short == long
    assert short_way.line(short[2]) == short
    short_way.take_counts()
