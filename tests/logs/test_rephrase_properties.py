"""Whatever comes in: no exception, rows that fit the schema and load, and the same row again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from checked_lines import check
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edxtasks.logs.rows.rephrase import Rephraser, RephraseRules, rephrase_stream
from edxtasks.logs.tracklog_schema import EVENT_STRUCT_SCHEMA, TRACKLOG_SCHEMA

TIME = "2014-10-14T12:34:56.789012+00:00"

BLOCK = "block-v1:UnivX+3.14x+T1+type@problem+block@ab12"
WORDS = st.sampled_from(
    [
        "",
        " ",
        "NaN",
        "7",
        "true",
        "\ufeff",
        "UnivX/3.14x/T1",
        "course-v1:UnivX+3.14x+T1",
        "library-v1:A+B",
        "/courses/UnivX/3.14x/T1/courseware/C/S/",
        "https://h/courses/course-v1:UnivX+3.14x+T1/courseware/C/S/",
        f"/courses/course-v1:UnivX+3.14x+T1/xblock/{BLOCK}/handler/problem_check",
        "/courses/UnivX/3.14x/T1/modx/i4x://UnivX/3.14x/sequential/S/goto_position",
        BLOCK,
        f"see {BLOCK}",
        "i4x://UnivX/3.14x/problem/HW1",
        "i4x:\\/\\/UnivX\\/3.14x\\/problem\\/HW1",
        "i4x-UnivX-3_14x-video-v1",
        "input_ab12_2_1=5",
        '"input_ab12_2_1=5"',
        '{"oldagent":""}',
        '{"id":"ab12"}',
        '{"id": 7, "x": "i4x://A/B/c/D"}',
        f'{{"problem": "{BLOCK}"}}',
        '{"cut": "sho',
        "[1e999]",
        "123456789012345678901234567890",
        "problem_check",
        "problem_graded",
        "play_video",
        "seq_next",
        "page_close",
        "add_resource",
        "browser",
        "server",
    ]
)
TEXTS = WORDS | st.text(max_size=8)
COLUMN_NAMES = [
    *TRACKLOG_SCHEMA.names,
    *(column.name for column in TRACKLOG_SCHEMA["context"].fields),
    *(column.name for column in EVENT_STRUCT_SCHEMA),
]
KEYS = st.sampled_from(
    [
        *COLUMN_NAMES,
        *[
            "referer",
            "label",
            "old_mongoid",
            "has_saved_answers",
            "duration",
            "enterprise_uuid",
            "oldagent",
            "usage_key",
        ],
        *[
            "course-id",
            "module-id",
            "user-id",
            "child-id",
            "event-type",
            "event.type",
            "course_user-tags",
            "problem",
        ],
        *["_id", "$oid", "$numberLong", "component", "asides", "display_name", "context.label", "state.x"],
    ]
) | st.text(max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=3).map(json.dumps)
    ),
    max_leaves=8,
)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "time": st.just(TIME),
        "event_source": TEXTS | VALUES,
        "event_type": TEXTS | VALUES,
        "page": TEXTS | VALUES,
        "course_id": TEXTS | VALUES,
        "module_id": TEXTS | st.none(),
        "context": st.dictionaries(KEYS, VALUES, max_size=5) | VALUES,
        "event": st.dictionaries(KEYS, VALUES, max_size=5) | TEXTS | VALUES,
        "event_struct": VALUES,
        "mongoid": st.dictionaries(KEYS, VALUES, max_size=3).map(json.dumps) | VALUES,
    },
)


@given(st.binary(max_size=200))
@example(b'{"\xff":')
@example(b"\xef\xbb\xbf\xef\xbb\xbf{}")
def test_any_bytes(line: bytes) -> None:
    check(line)


@given(st.dictionaries(KEYS, VALUES, max_size=3), RECORDS)
@settings(max_examples=300)
def test_any_record(more: dict[str, Any], record: dict[str, Any]) -> None:
    merged = {"time": TIME, "event_source": "server", **more, **record}
    check(json.dumps(merged).encode())
    check(json.dumps(merged, ensure_ascii=False).encode(errors="replace"))


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.integers(0, 400), st.binary(max_size=3))
def test_a_damaged_record(record: dict[str, Any], place: int, damage: bytes) -> None:
    line = json.dumps({"time": TIME, "event_source": "server", **record}).encode()
    check(line[:place] + damage + line[place + 1 :])


@given(st.lists(st.binary(max_size=30) | RECORDS.map(lambda r: json.dumps({"time": TIME, **r}).encode())))
@settings(max_examples=50)
def test_counts_add_up(lines: list[bytes]) -> None:
    rows: list[bytes] = []
    rejected: list[int] = []
    counts = rephrase_stream(lines, RephraseRules(), rows.append, lambda number, *_: rejected.append(number))
    assert counts.lines == len(lines)
    assert counts.rows == len(rows)
    assert counts.lines == counts.blank + counts.rows + sum(counts.rejects.values())
    assert len(rejected) == sum(counts.rejects.values())
    assert all(row.endswith(b"\n") for row in rows)


@given(st.lists(st.tuples(st.dictionaries(KEYS, VALUES, max_size=3), RECORDS), min_size=1, max_size=40))
@settings(max_examples=15, deadline=None)
def test_rows_load_into_duckdb(tmp_path_factory: pytest.TempPathFactory, records: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("rows")
    file = folder / "tracklog.json"
    fixed = {"event_source": "server", "time": TIME}  # with these two no line is rejected
    lines = [json.dumps({**a, **b, **fixed}).encode() for a, b in records]
    with file.open("wb") as out:
        counts = rephrase_stream(lines, RephraseRules(), out.write, lambda *_: None)
    assert counts.rows == len(lines)
    loaded = load(file).fetchall()
    expected = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert len(loaded) == counts.rows
    for values, row in zip(loaded, expected, strict=True):
        assert values == tuple(row.get(name) for name in ("event", "mongoid", "course_id", "event_type"))


def load(file: Path) -> duckdb.DuckDBPyRelation:
    """The rows of a file, read as a load reads them."""
    columns = {column.name: column.duckdb_type for column in TRACKLOG_SCHEMA}
    rows = duckdb.read_json(str(file), format="newline_delimited", columns=columns)
    return rows.project('"event", "mongoid", "course_id", "event_type"')


def test_every_column_arrives_in_duckdb(tmp_path: Path) -> None:
    event = {"id": "ab12", "currentTime": "7.5", "old": 1, "new": "2", "new_key": "a\u0000b", "answers": {}}
    event["state"] = {"done": "TRUE", "seed": 1}
    record = {
        "time": "2014-10-14T08:34:56.789012-04:00",
        "username": "a\u0000b",
        "event_source": "browser",
        "event_type": "problem_check",
        "event": orjson.dumps(event).decode(),
        "context": {"user_id": "12", "course_id": "A/B/C", "module": {"display_name": "é"}},
    }
    result = Rephraser(RephraseRules()).line(orjson.dumps(record))
    assert isinstance(result, tuple)
    file = tmp_path / "tracklog.json"
    file.write_bytes(result[2] + b"\n")
    columns = {column.name: column.duckdb_type for column in TRACKLOG_SCHEMA}
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = connection.read_json(str(file), format="newline_delimited", columns=columns)
    assert rows.columns == list(TRACKLOG_SCHEMA.names)
    values = connection.sql("""
        SELECT CAST(time AS VARCHAR), epoch_us(time), length(username), course_id, module_id,
               context.user_id, context.module.display_name, event_struct."currentTime", event_struct."new",
               event_struct.state.done, event_struct.state.seed, event_struct.answers, event_js,
               json_extract_string(mongoid, '$.event_struct.new_key'), event ->> '$.id'
        FROM rows
    """).fetchall()[0]
    assert values == (
        "2014-10-14 12:34:56.789012+00",
        1413290096789012,
        3,
        "A/B/C",
        None,
        12,
        "é",
        7.5,
        2,
        True,
        1,
        "{}",
        None,
        "a\u0000b",
        "ab12",
    )
