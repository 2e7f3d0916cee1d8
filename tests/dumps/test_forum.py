"""The table forum."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from build_inputs import built_by

from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.dumps import forum
from edxtasks.warehouse.rows import JsonLines

COURSE = CourseKey("MITx", "6.00x", "1T2014")

THREAD = {
    "_id": {"$oid": "52c4a0"},
    "_type": "CommentThread",
    "abuse_flaggers": [],
    "anonymous": False,
    "anonymous_to_peers": True,
    "at_position_list": [],
    "author_id": "48",
    "author_username": "ann",
    "body": 'two\nlines, "quoted" \u2028',
    "closed": False,
    "comment_count": {"$numberInt": "4"},
    "commentable_id": "i4x-edx-templates-course-Empty",
    "context": "course",
    "course_id": "course-v1:MITx+6.00x+1T2014",
    "created_at": {"$date": 1358028106904},
    "group_id": None,
    "historical_abuse_flaggers": ["7"],
    "last_activity_at": {"$date": "2014-08-29T15:11:49.4429Z"},
    "pinned": True,
    "tags_array": ["a b"],
    "thread_type": "question",
    "title": "Hi",
    "updated_at": {"$date": {"$numberLong": "1358028106904"}},
    "visible": True,
    "votes": {
        "up": ["48", "50"],
        "down": [],
        "up_count": 2,
        "down_count": 0,
        "count": 2,
        "point": 2,
    },
}
COMMENT = {
    "_id": {"$oid": "52c4a1"},
    "_type": "Comment",
    "author_id": "nobody",
    "course_id": "MITx/6.00x/1T2014",
    "child_count": {"$numberLong": "1"},
    "comment_thread_id": {"$oid": "52c4a0"},
    "endorsed": True,
    "endorsement": {"user_id": "48", "time": {"$date": "2014-08-29T15:11:49+02:00"}},
    "parent_id": {"$oid": "52c49f"},
    "parent_ids": [{"$oid": "52c49e"}, {"$oid": "52c49f"}],
    "sk": "52c49f-52c4a1",
    "created_at": {"$date": "garbage"},
    "a.new-field": 1,
}
REPLY: dict[str, Any] = {
    "_type": "Comment",
    "parent_id": None,
    "parent_ids": [],
    "endorsement": "null",
    "updated_at": 0,
    "created_at": None,
}


def lines(*documents: object) -> bytes:
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents).encode()


def build(base: Path, content: bytes, name: str = "forum.mongo") -> tuple[list[dict[str, Any]], Messages]:
    folder = base / "MITx-6.00x-1T2014"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    settings = Settings(root=base, paths=Paths(course_sql_base_dir=base))
    messages = Messages()
    built = built_by(forum, COURSE, settings, base, messages)
    assert isinstance(built, JsonLines)
    return [
        json.loads(line) for line in gzip.decompress(built.paths[0].read_bytes()).split(b"\n") if line
    ], messages


def test_a_thread(tmp_path: Path) -> None:
    rows, _ = build(tmp_path, lines(THREAD))
    assert rows == [
        {
            "author_id": 48,
            "author_username": "ann",
            "created_at": "2013-01-12T22:01:46.904Z",
            "anonymous_to_peers": True,
            "votes": {
                "count": 2,
                "point": 2,
                "down_count": 0,
                "up": '["48", "50"]',
                "down": "[]",
                "up_count": 2,
            },
            "parent_ids": None,
            "historical_abuse_flaggers": '["7"]',
            "comment_thread_id": None,
            "_type": "CommentThread",
            "updated_at": "2013-01-12T22:01:46.904Z",
            "abuse_flaggers": "[]",
            "child_count": None,
            "visible": True,
            "sk": None,
            "anonymous": False,
            "course_id": "MITx/6.00x/1T2014",
            "at_position_list": "[]",
            "mongoid": "52c4a0",
            "endorsed": None,
            "parent_id": None,
            # to the millisecond: 49.4429 s becomes 49.442
            "last_activity_at": "2014-08-29T15:11:49.442Z",
            "closed": False,
            "title": "Hi",
            "thread_type": "question",
            "commentable_id": "i4x-edx-templates-course-Empty",
            "group_id": None,
            "tags_array": '["a b"]',
            "endorsement": None,
            "comment_count": 4,
            "pinned": True,
            "body": 'two\nlines, "quoted" \u2028',
        }
    ]
    assert tuple(rows[0]) == forum.SCHEMA.names


def test_comments(tmp_path: Path) -> None:
    rows, messages = build(tmp_path, lines(THREAD, COMMENT, REPLY, COMMENT))
    # File order, and no document is taken for a double.
    assert [row["mongoid"] for row in rows] == ["52c4a0", "52c4a1", None, "52c4a1"]
    comment = rows[1]
    assert comment["author_id"] is None
    assert comment["created_at"] is None
    assert comment["child_count"] == 1
    assert comment["comment_thread_id"] == "52c4a0"
    assert comment["endorsement"] == {"user_id": 48, "time": "2014-08-29T13:11:49Z"}
    assert comment["parent_id"] == "52c49f"
    assert comment["parent_ids"] == "52c49e 52c49f"
    assert comment["votes"] is None
    assert rows[2]["parent_ids"] == ""
    assert [rows[2][name] for name in ("parent_id", "endorsement", "updated_at", "created_at")] == [None] * 4
    # `context` is known and left out without a word; the new field is told once.
    assert "forum.mongo: fields without a column: a.new-field" in messages.lines
    assert (
        "forum.mongo: values that could not be read are NULL: author_id (2), created_at (2)" in messages.lines
    )


def test_the_files(tmp_path: Path) -> None:
    content = gzip.compress(lines(THREAD, COMMENT))
    build(tmp_path, content, "forum.mongo.gz")
    folder = tmp_path / "MITx-6.00x-1T2014"
    text = gzip.decompress((folder / "forum.csv.gz").read_bytes()).decode()
    header, thread, comment = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == forum.SCHEMA.names
    row = dict(zip(header, thread, strict=True))
    assert json.loads(row["votes"]) == {**THREAD["votes"], "up": '["48", "50"]', "down": "[]"}  # type: ignore[dict-item]
    assert (row["visible"], row["closed"], row["group_id"]) == ("true", "false", "")
    assert row["body"] == THREAD["body"]
    assert dict(zip(header, comment, strict=True))["endorsed"] == "true"
    before = {name: (folder / name).read_bytes() for name in forum.OUTPUT_FILES}
    build(tmp_path, content, "forum.mongo.gz")
    assert before == {name: (folder / name).read_bytes() for name in forum.OUTPUT_FILES}


def test_a_bad_line_loses_only_itself(tmp_path: Path) -> None:
    rows, messages = build(tmp_path, lines(THREAD) + b"{broken\n\n" + lines(COMMENT))
    assert len(rows) == 2
    assert messages.counts["rejects"] == 1


def test_absent_empty_and_broken(tmp_path: Path) -> None:
    with pytest.raises(SourceAbsentError, match="forum was delivered empty"):
        build(tmp_path, b"")
    with pytest.raises(InputError, match="forum"):
        build(tmp_path, gzip.compress(lines(THREAD))[:-9], "forum.mongo.gz")
    folder = tmp_path / "MITx-6.00x-1T2014"
    assert not [name for name in forum.OUTPUT_FILES if (folder / name).exists()]
    for path in folder.iterdir():
        path.unlink()
    settings = Settings(root=tmp_path, paths=Paths(course_sql_base_dir=tmp_path))
    with pytest.raises(SourceAbsentError, match="forum was not delivered"):
        forum.sources(Instance(settings, COURSE))
