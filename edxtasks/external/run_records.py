"""What an external command was run on: kept in the storage, beside the other records of a course.

`COURSE/_edxtasks/external.NAME.json` holds what the run was made from, by part (the script, each table that
it read), the versions of the tables that it wrote, and the number of the cluster where HTCondor runs it. It
is written last: while what it says holds, the command is up to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from edxtasks.build.context import Context
from edxtasks.build.file_records import RECORDS
from edxtasks.course import CourseKey
from edxtasks.files import write_atomically
from edxtasks.storage import NotStoredError


@dataclass(frozen=True)
class Record:
    """`parts` by name of what a run was made from, `outputs` the versions of its tables: after the run, or
    with a `cluster` (the number of a job of HTCondor) before it."""

    parts: Mapping[str, str]
    outputs: Mapping[str, str]
    cluster: str = ""


def read_record(context: Context, course: CourseKey, name: str) -> Record | None:
    """The record of the last run, None where there is none that can be read."""
    with context.scratch.folder() as folder:
        path = folder / "record.json"
        try:
            context.storage.get(_place(context, course, name), path)
            form = orjson.loads(path.read_bytes())
            return Record(dict(form["parts"]), dict(form["outputs"]), str(form["cluster"]))
        except (NotStoredError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None  # as if it had never run


def write_record(context: Context, course: CourseKey, name: str, record: Record) -> None:
    """Keep the record of a run."""
    form = {"parts": record.parts, "outputs": record.outputs, "cluster": record.cluster}
    with context.scratch.folder() as folder:
        path = folder / "record.json"
        write_atomically(path, orjson.dumps(form, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        context.storage.put(path, _place(context, course, name))


def remove_record(context: Context, course: CourseKey, name: str) -> bool:
    """Forget the last run. False where there is no record of one."""
    return context.storage.delete(_place(context, course, name))


def _place(context: Context, course: CourseKey, name: str) -> str:
    return f"{context.course_folder(course)}/{RECORDS}/external.{name}.json"
