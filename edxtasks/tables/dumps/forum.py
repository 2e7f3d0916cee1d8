"""The table `forum`: the documents of the discussion forum, posts and comments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from edxtasks.course import canonical
from edxtasks.csv_text import CsvWriter
from edxtasks.directories import sql_directory
from edxtasks.dumps import documents as mongo
from edxtasks.dumps.file_pieces import writable_directory
from edxtasks.dumps.row_files import csv_file, write_json_lines
from edxtasks.dumps.sources import FORUM_ENDINGS, required_file, tell_of_doubles
from edxtasks.dumps.values import timestamp_text
from edxtasks.messages import Messages
from edxtasks.printable import listed, printable
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, JsonLines
from edxtasks.warehouse.schema import Column, Schema

SCHEMA = Schema(
    (
        Column("author_id", "INTEGER", "account id of the author"),
        Column("author_username", "STRING", "name of the author's account"),
        Column("created_at", "TIMESTAMP", "when it was written (UTC)"),
        Column("anonymous_to_peers", "BOOLEAN", "the author is hidden from other learners"),
        Column(
            "votes",
            "RECORD",
            "votes on it",
            (
                Column("count", "INTEGER", "number of votes"),
                Column("point", "INTEGER", "votes up minus votes down"),
                Column("down_count", "INTEGER", "number of votes down"),
                Column("up", "STRING", "account ids of those who voted up, JSON list"),
                Column("down", "STRING", "account ids of those who voted down, JSON list"),
                Column("up_count", "INTEGER", "number of votes up"),
            ),
        ),
        Column("parent_ids", "STRING", "ids of the comments above it, separated by blanks; empty = none"),
        Column("historical_abuse_flaggers", "STRING", "account ids of earlier flaggers, JSON list"),
        Column("comment_thread_id", "STRING", "id of the thread that a comment belongs to"),
        Column("_type", "STRING", "CommentThread (opening post) or Comment (response or reply)"),
        Column("updated_at", "TIMESTAMP", "when it was last changed (UTC)"),
        Column("abuse_flaggers", "STRING", "account ids of those who flagged it, JSON list"),
        Column("child_count", "INTEGER", "number of replies to a response"),
        Column("visible", "BOOLEAN", "shown in the forum"),
        Column("sk", "STRING", "sort key of a comment in its thread"),
        Column("anonymous", "BOOLEAN", "the author is hidden from everybody"),
        Column("course_id", "STRING", "course key, slash form"),
        Column("at_position_list", "STRING", "unused, JSON list"),
        Column("mongoid", "STRING", "id of the document"),
        Column("endorsed", "BOOLEAN", "a response endorsed by staff or by the author of the question"),
        Column("parent_id", "STRING", "id of the response that a reply answers"),
        Column("last_activity_at", "TIMESTAMP", "last activity in the thread (UTC)"),
        Column("closed", "BOOLEAN", "the thread takes no further responses"),
        Column("title", "STRING", "title of the thread"),
        Column("thread_type", "STRING", "discussion or question"),
        Column("commentable_id", "STRING", "id of the topic"),
        Column("group_id", "INTEGER", "cohort that alone sees the thread; NULL = everybody"),
        Column("tags_array", "STRING", "tags, JSON list"),
        Column(
            "endorsement",
            "RECORD",
            "who endorsed it, NULL = nobody",
            (
                Column("user_id", "INTEGER", "account id"),
                Column("time", "TIMESTAMP", "when (UTC)"),
            ),
        ),
        Column("comment_count", "INTEGER", "number of responses and replies of the thread"),
        Column("pinned", "BOOLEAN", "kept at the top of the forum"),
        Column("body", "STRING", "text, as the author wrote it"),
    )
)
OUTPUT_FILES = ("forum-rephrased.json.gz", "forum.csv.gz")

NOT_KEPT = frozenset(
    {"context", "depth", "retired_username", "edit_history", "close_reason_code", "closed_by_id"}
)
"""Known fields of the documents that have no column."""

_SOURCE = "forum"
_FIELD_NAME = re.compile("[A-Za-z_][A-Za-z0-9_.-]{0,39}")


def sources(of: Instance) -> dict[str, Path | None]:
    """`forum.mongo[.gz]` of the course's SQL directory; `SourceAbsentError` when it was not delivered."""
    return {_SOURCE: required_file(sql_directory(of.course, of.settings), _SOURCE, FORUM_ENDINGS)}


def build(inputs: BuildInputs) -> Content:
    """The rows in file order; written as `OUTPUT_FILES` into the SQL directory, of which the first is loaded.

    Raises `InputError` when the file is broken or too many of its lines are no JSON objects.
    """
    path, settings, messages = inputs.file(_SOURCE), inputs.settings, inputs.messages
    tell_of_doubles(path, FORUM_ENDINGS, messages)
    target = writable_directory(sql_directory(inputs.course, settings), inputs.scratch, messages)
    json_path, csv_path = (target / name for name in OUTPUT_FILES)
    with csv_file(csv_path, SCHEMA.names) as table:
        write_json_lines(json_path, _recorded(rows(path, settings.max_bad_fraction, messages), table))
    return JsonLines((json_path,))


def _recorded(found: Iterator[dict[str, Any]], table: CsvWriter) -> Iterator[dict[str, Any]]:
    """The rows, each written to the CSV file on the way: records as JSON text, `true` and `false`."""
    for row in found:
        table.record(_cell(row[name]) for name in SCHEMA.names)
        yield row


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def rows(path: Path, max_bad_fraction: float, messages: Messages) -> Iterator[dict[str, Any]]:
    """The rows of the forum dump `path`, one for each document. Raises `InputError` as `build`."""
    file = printable(path.name)
    unknown: set[str] = set()
    unreadable: Counter[str] = Counter()
    for document in mongo.documents(path, messages, max_bad_fraction):
        unknown |= document.keys() - _KNOWN
        row = {}
        for name, (field, read) in _COLUMNS.items():
            delivered = document.get(field)
            row[name] = read(delivered)
            if row[name] is None and delivered not in _NONE:
                unreadable[name] += 1
        yield row
    if unreadable:
        told = ", ".join(f"{name} ({number})" for name, number in sorted(unreadable.items()))
        messages.add(f"{file}: values that could not be read are NULL: {told}")
    if unknown:
        # What does not look like the name of a field may be data that slipped into its place.
        names = sorted(filter(_FIELD_NAME.fullmatch, unknown))
        others = len(unknown) - len(names)
        parts = [listed(names, 20)] if names else []
        parts += [f"{others} whose names are not shown"] if others else []
        messages.note(f"{file}: fields without a column: {' and '.join(parts)}")


_NONE: tuple[object, ...] = (None, "", 0, {}, "null", {"$date": None}, {"$date": 0})
"""Values that stand for nothing: they make NULL and are no fault."""


def _time(value: object) -> str | None:
    moment = mongo.moment(value)
    return None if moment is None else timestamp_text(_to_the_millisecond(moment))


def _to_the_millisecond(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _list(value: object) -> str | None:
    """A list as JSON text."""
    return None if value is None else mongo.json_text(value)


def _joined(value: object) -> str | None:
    """The ids of a list, joined by one blank."""
    if not isinstance(value, list):
        return mongo.text(value)
    return " ".join(mongo.text(item) or "" for item in value)


def _course(value: object) -> str | None:
    text = mongo.text(value)
    return None if text is None else canonical(text)


def _votes(value: object) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    lists = ("up", "down")
    return {
        column.name: _list(value.get(column.name))
        if column.name in lists
        else mongo.integer(value.get(column.name))
        for column in SCHEMA["votes"].fields
    }


def _endorsement(value: object) -> dict[str, Any] | None:
    if not isinstance(value, Mapping) or not value:
        return None
    return {"user_id": mongo.integer(value.get("user_id")), "time": _time(value.get("time"))}


_BY_TYPE: dict[str, Callable[[object], object]] = {
    "INTEGER": mongo.integer,
    "BOOLEAN": mongo.boolean,
    "TIMESTAMP": _time,
    "STRING": mongo.text,
}
_SPECIAL: dict[str, tuple[str, Callable[[object], object]]] = {
    "votes": ("votes", _votes),
    "endorsement": ("endorsement", _endorsement),
    "parent_ids": ("parent_ids", _joined),
    "historical_abuse_flaggers": ("historical_abuse_flaggers", _list),
    "abuse_flaggers": ("abuse_flaggers", _list),
    "at_position_list": ("at_position_list", _list),
    "tags_array": ("tags_array", _list),
    "course_id": ("course_id", _course),
    "mongoid": ("_id", mongo.text),
}
_COLUMNS = {
    column.name: _SPECIAL.get(column.name) or (column.name, _BY_TYPE[column.type]) for column in SCHEMA
}
_KNOWN = {field for field, _ in _COLUMNS.values()} | NOT_KEPT


TABLE = Table(
    command="load_forum",
    sets=("doall", "setup_sql"),
    grain="document",
    schema=SCHEMA,
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"file:forum.mongo": Need.REQUIRED},
        outputs=OUTPUT_FILES,
    ),
)
