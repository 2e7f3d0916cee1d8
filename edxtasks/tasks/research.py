"""`research`: tables of a course as files `<table>.csv.gz`, in its folder `latest` of the storage.

Tables are taken as they stand; which exist, and have changed since they were exported, is looked up. Rows are
ordered by their columns, so that equal tables give equal bytes. Beside them goes the forum as `load_forum`
wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edxtasks.build.build_table import Built
from edxtasks.build.context import Context
from edxtasks.build.exports import with_settings, write_and_store
from edxtasks.build.file_records import mark_of, recorded, records
from edxtasks.build.freshness import Status
from edxtasks.build.row_writers import PLAIN, StoredRows, written
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.printable import listed
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.made import Made
from edxtasks.steps.task import CourseStep, Registry, Task
from edxtasks.table import Need
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.schema import Schema
from edxtasks.workers import Job, Progress

TABLES = (
    "person_course_day",
    "forum_events",
    "forum_posts",
    "time_on_task",
    "time_on_task_totals",
    "video_axis",
    "video_stats",
    "video_stats_day",
    "person_course_video_watched",
    "course_problem",
    "person_problem",
    "problem_check",
    "course_item",
)
"""The tables that are exported, as far as they exist."""

FORUM = "forum.csv.gz"
_FORUM_TABLE = "forum"
"""The table beside which that file is written."""


def research_folder(course: CourseKey) -> str:
    """The folder of the storage for these files: always the "latest" one of the course."""
    return f"{course.directory}/latest"


def to_remove(context: Context, course: CourseKey) -> list[str]:
    """The stored files whose table was set aside, by name of the table (`FORUM` among them): what is exported
    is of one dump."""
    aside = set(context.warehouse.aside(context.dataset(course)))
    gone = [name for name in TABLES if name in aside] + ([FORUM] if _FORUM_TABLE in aside else [])
    folder = research_folder(course)
    stored = set(context.storage.list(f"{folder}/")) if gone else set()
    return [name for name in gone if f"{folder}/{_file(name)}" in stored]


def to_export(context: Context, course: CourseKey, force: bool = False) -> tuple[list[str], int]:
    """The files to make anew, by name of the table (`FORUM` among them), and how many files there can be."""
    marks = _marks(context, course)
    folder = research_folder(course)
    stored = set(context.storage.list(f"{folder}/")) if marks else set()
    found = records(context.storage, folder) if marks else {}
    stale = [
        name
        for name, mark in marks.items()
        if force or f"{folder}/{_file(name)}" not in stored or found.get(_record(name)) != mark
    ]
    return stale, len(marks)


def _marks(context: Context, course: CourseKey) -> dict[str, str]:
    """What each file that can be made would be made of, by name of the table."""
    dataset = context.dataset(course)
    states = context.warehouse.states(dataset)
    form = with_settings(PLAIN, context.settings)
    marks = {
        name: mark_of(states[name].version, _columns(context, name), form)
        for name in TABLES
        if name in states
    }
    forum = _forum(context, course)
    if forum is not None:
        marks[FORUM] = context.digests(forum)
    return marks


def _columns(context: Context, name: str) -> Schema:
    return context.registry[name].schema if name in context.registry else Schema(())


def _forum(context: Context, course: CourseKey) -> Path | None:
    if _FORUM_TABLE in context.warehouse.aside(context.dataset(course)):
        return None  # the file is what is left of an older one
    try:
        path = sql_directory(course, context.settings) / FORUM
    except SourceAbsentError:
        return None
    return path if path.is_file() else None


def _file(name: str) -> str:
    return name if name == FORUM else f"{name}.csv.gz"


def _record(name: str) -> str:
    """Records of other exports of the same table stand in the same folder with `dataset_latest`."""
    return f"research.{name}"


def export_for_research(
    context: Context, course: CourseKey, force: bool, messages: Messages, progress: Callable[[int, int], None]
) -> int:
    """Make the files that are out of date; gives their number.

    Raises `UserError` where the storage cannot be written to.
    """
    dataset = context.dataset(course)
    marks = _marks(context, course)
    stale, _ = to_export(context, course, force)
    absent = [name for name in TABLES if name not in marks]
    if absent:
        messages.add(f"not exported, since they do not exist: {', '.join(absent)}")
    folder = research_folder(course)
    for name in to_remove(context, course):
        context.storage.delete(f"{folder}/{_file(name)}")
        messages.note(f"{_file(name)} removed from {folder}: its table was set aside")
    for done, name in enumerate(stale):
        with written(f"{_file(name)} of {course}"):
            mark, files = marks[name], [_file(name)]
            with recorded(context.storage, folder, _record(name), mark, files, context.scratch):
                if name == FORUM:
                    forum = _forum(context, course)
                    assert forum is not None
                    context.storage.put(forum, f"{folder}/{FORUM}")
                else:
                    _export(context, TableName(dataset, name), folder, messages)
        progress(done + 1, len(stale))
    return len(stale)


def _export(context: Context, name: TableName, folder: str, messages: Messages) -> None:
    info = context.warehouse.info(name)
    assert info is not None
    nested = [column.name for column in info.schema if column.type == "RECORD" or column.repeated]
    flat = Schema(tuple(column for column in info.schema if column.name not in nested))
    if nested:
        messages.note(f"{name.table}: columns that CSV cannot hold left out: {listed(nested, 20)}")
    rows = StoredRows(context.warehouse, name, flat, ordered=True)
    form = with_settings(PLAIN, context.settings)
    write_and_store(context.storage, folder, [_file(name.table)], flat, rows, form, context.scratch)


class ResearchStep(CourseStep):
    """The tables of a course that exist, as `<table>.csv.gz` in the storage."""

    def check(self) -> tuple[Status, str]:
        stale, files = to_export(self.run.context, self.course)
        removed = to_remove(self.run.context, self.course)
        if removed:
            return Status.STALE, ", ".join([*stale, *(f"{name} is to go" for name in removed)])
        if not files:
            return Status.SKIPPED, "none of its tables exists"
        return (Status.STALE if stale else Status.FRESH), ", ".join(stale)

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(export_research, (self.job_context(), self.course, force))


def export_research(progress: Progress, job: JobContext, course: CourseKey, force: bool) -> Built:
    """Export the tables of a course that have changed as files for research."""
    messages = Messages()
    number = export_for_research(
        context_of(job), course, force, messages, lambda done, of: progress(done, of, "files")
    )
    return Built(number, messages=messages, unit="files")


def _made(registry: Registry) -> list[Made]:
    return [
        Made(
            "course", ("gs:latest/<table>.csv.gz",), dict.fromkeys((*TABLES, f"file:{FORUM}"), Need.OPTIONAL)
        )
    ]


TASK = Task(
    made=_made,
    text="export tables of a course as csv.gz files to storage",
    step=ResearchStep,
    needs=dict.fromkeys(TABLES, Need.BORROWED),
)
