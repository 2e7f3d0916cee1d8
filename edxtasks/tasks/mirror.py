"""`mirror`: the copy in storage of the files in a course's SQL directory, and of the course image.

Files are copied under their base names into the folder of the course. Which content each copy has stands in a
record beside them, `FOLDER/_edxtasks/dump_files.json`, written last: a file is copied when it is not in the
record, when its content is another, or when the copy is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from edxtasks.build.build_table import Built
from edxtasks.build.context import Context
from edxtasks.build.file_records import RECORDS, put_record
from edxtasks.build.freshness import Status
from edxtasks.build.published import published_names
from edxtasks.build.table_metadata import files_of
from edxtasks.content import course_image
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.dumps.package import DUMP_FILES
from edxtasks.errors import SourceAbsentError
from edxtasks.printable import quantity
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.made import Made
from edxtasks.steps.task import DUMP, CourseStep, Registry, Task
from edxtasks.storage import NotStoredError
from edxtasks.table import Need, Scope, Table
from edxtasks.workers import Job, Progress

ENDINGS = (".csv", ".csv.gz", ".json", ".json.gz", ".mongo.gz")
"""How the names of files that are copied end."""


@dataclass(frozen=True)
class Mirror:
    """The files of a course to be copied: `files` by name in the storage, `changed` the names to copy now."""

    files: dict[str, Path]
    changed: tuple[str, ...]
    record: str


def look(context: Context, course: CourseKey) -> Mirror:
    """Which files there are, and which differ from their copies; one listing of the folder.

    Raises `SourceAbsentError` when the course has no directory.
    """
    folder = context.course_folder(course)
    directory = sql_directory(course, context.settings)
    # Files that are published with a table are stored by what makes the table.
    theirs = {name for table in context.registry.values() for name in published_names(table, course)}
    found = sorted(path for path in directory.iterdir() if path.is_file() and path.name.endswith(ENDINGS))
    files = {
        f"{folder}/{path.name}": path
        for path in found
        if not path.name.startswith(".") and path.name not in theirs
    }
    try:
        image = course_image.sources(course, context.settings)["image"]
        assert image is not None
        files[course_image.destination(course, context.settings)] = image
    except SourceAbsentError:
        image = None  # most courses have none
    record = f"{folder}/{RECORDS}/dump_files.json"
    copied = _recorded(context, record)
    stored = context.storage.stats(f"{folder}/")
    changed = [
        name
        for name, path in files.items()
        if name not in stored
        or stored[name].size != path.stat().st_size
        or copied.get(name) != context.digests(path)
    ]
    return Mirror(files, tuple(changed), record)


def copy(context: Context, course: CourseKey, progress: Progress = lambda done, of, unit: None) -> int:
    """Copy what differs; gives the number of files. With `publish_course_images` the image is made public."""
    mirror = look(context, course)
    storage = context.storage
    content = {name: context.digests(path) for name, path in mirror.files.items()}
    if mirror.changed:  # a run that is killed leaves copies of which the record would tell the old content
        rest = {name: found for name, found in content.items() if name not in mirror.changed}
        put_record(storage, mirror.record, rest, context.scratch)
    for number, name in enumerate(mirror.changed, 1):
        storage.put(mirror.files[name], name)
        progress(number, len(mirror.changed), "files")
    image = course_image.destination(course, context.settings)
    if context.settings.publish_course_images and image in mirror.changed:
        storage.make_public(image)
    put_record(storage, mirror.record, content, context.scratch)
    return len(mirror.changed)


def _recorded(context: Context, record: str) -> dict[str, str]:
    with context.scratch.folder() as folder:
        path = folder / "record.json"
        try:
            context.storage.get(record, path)
            form = orjson.loads(path.read_bytes())
        except (NotStoredError, orjson.JSONDecodeError):
            return {}  # then all is compared by the storage itself
    return form if isinstance(form, dict) else {}


class MirrorStep(CourseStep):
    """The files of a course's SQL directory, and its image, in storage."""

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        if not self.has_work:
            return Status.FRESH, "with the embedded engine the files stay where they are"
        try:
            changed = look(context, self.course).changed
        except SourceAbsentError as absent:
            return Status.SKIPPED, str(absent)
        return (Status.STALE, f"{quantity(len(changed), 'file')} to copy") if changed else (Status.FRESH, "")

    @property
    def has_work(self) -> bool:
        return self.run.context.settings.warehouse.engine == "bigquery"

    def job(self) -> Job:
        return Job(mirror_files, (self.job_context(), self.course))


def mirror_files(progress: Progress, job: JobContext, course: CourseKey) -> Built:
    """Copy the files of a course's SQL directory to storage."""
    return Built(copy(context_of(job), course, progress), unit="files")


def _writers(registry: Mapping[str, Table]) -> dict[str, Need]:
    """The tables with which files are written beside the dump: they come first where the run makes them."""
    return {
        name: Need.BORROWED
        for name, table in registry.items()
        if table.scope is Scope.COURSE and table.writes_beside
    }


def _made(registry: Registry) -> list[Made]:
    tables = [table for table in registry.values() if table.scope is Scope.COURSE]
    beside = [name for table in tables for name in files_of(table) if name.startswith("file:")]
    files = (*(f"file:{name}" for name in DUMP_FILES), *beside)
    # A forum lies there compressed, and is told without that ending.
    kept = [name for name in files if name.endswith((*ENDINGS, ".mongo"))]
    image = {f"file:{course_image.NAME}": Need.REQUIRED, "setting:publish_course_images": Need.OPTIONAL}
    return [
        Made("course", ("gs:<dump_files>",), dict.fromkeys(kept, Need.OPTIONAL)),
        Made("course", (f"gs:{course_image.NAME}",), image),
    ]


TASK = Task(
    made=_made,
    text="copy the files of the SQL dump to storage, with engine = bigquery",
    step=MirrorStep,
    member_of="sql2bq, setup_sql, doall, weekly",
    needs={DUMP: Need.REQUIRED},
    needs_tables=_writers,
)
