"""`doit retire USER…`: take learners who asked to be forgotten out of everything, and keep them away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import read_registry
from edxtasks.commands.ending import FAILED
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.config import known_courses
from edxtasks.errors import SettingsError
from edxtasks.printable import number, printable_path, say
from edxtasks.retired import read_retired, write_retired
from edxtasks.retirement.accounts import read_learners
from edxtasks.retirement.looking import Looker
from edxtasks.retirement.sweep import Made, Removed, Sweep
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.parquet import ParquetWarehouse

_CHECK = {
    "name": "check",
    "long": "check",
    "type": bool,
    "default": False,
    "help": "only look whether anything is left; change nothing",
}
_ORIGINALS = {
    "name": "originals",
    "long": "originals",
    "type": bool,
    "default": False,
    "help": "refused: raw logs and packages are listed, change them yourself",
}


class Retire(DataCommand):
    """Take learners out of logs, dumps, tables and files."""

    name = "retire"
    doc_purpose = "take learners who asked to be forgotten out of all data, for good"
    doc_usage = "[--check] USER ..."
    doc_description = (
        "USER is a user name, NAME:ID, or :ID. Rows go from the log directory and the sorted dumps, mentions "
        "in rows of others are blanked; tables that hold the learner are removed, and the next run makes "
        "them again. Then everything is looked through: status 0 where nothing is left. Raw logs and "
        "packages are listed and stay; what is delivered again brings nobody back. Embedded engine alone."
    )
    takes_words = None
    cmd_options: tuple[dict[str, Any], ...] = (_CHECK, _ORIGINALS)

    def perform(self, request: Request) -> int:
        """Status 1 where anything is left."""
        settings, words = request.settings, request.words
        if not words:
            raise SettingsError("retire needs learners: doit retire USER ...")
        if settings.warehouse.engine == "bigquery" or settings.storage.gs_bucket:
            raise SettingsError(
                "retire works with the embedded engine alone, so far: with BigQuery or a bucket, tables, "
                "their history (time travel) and old versions of files would stay. Nothing was changed"
            )
        if request.options["originals"]:
            raise SettingsError(
                "originals=1 is not there yet: raw logs and packages are listed, change them yourself. "
                "Nothing was changed"
            )
        warehouse = open_warehouse(settings)
        assert isinstance(warehouse, ParquetWarehouse)
        remove = not request.options["check"]
        courses = known_courses(settings)
        parts = {part for course in courses for part in (course.org, course.number, course.run)}
        learners = read_learners(words, settings, parts)
        retired = read_retired(settings, needed=True).with_learners(learners)
        for at, learner in enumerate(learners, 1):
            if learner.user_id is None:
                say(f"learner {at}: no sorted dump has the user id: rows with it alone stay (give NAME:ID)")
            if learner.username and learner.is_usual:
                say(f"learner {at}: the user name is a usual word: mentions cannot be told from it, and stay")
        if remove:
            write_retired(settings, retired)  # from now on nothing brings them back
        registry = read_registry(settings.engine.state)
        made = Made.of({**registry, **with_overrides(registry, settings, tuple(courses))})
        looker = Looker(warehouse, retired, learners)
        removed = Removed()
        if remove:
            cleaning = Sweep(settings, warehouse, retired, looker, made, remove=True)
            cleaning.logs()
            cleaning.dumps()
            cleaning.tables()
            cleaning.published()
            removed = cleaning.removed
            _tell(removed)
        checking = Sweep(settings, warehouse, retired, looker, made, remove=False)
        checking.logs()
        checking.dumps()
        checking.tables()
        checking.published()
        left = list(dict.fromkeys([*removed.left, *checking.removed.left]))
        originals = checking.originals()
        for path in originals:
            print(f"original: {path}")
        if originals:
            say(
                f"{number(len(originals))} raw logs or files of the package name the learner, or cannot be "
                "read. They are the office's and stay; what is read from them leaves the learner out"
            )
        if remove:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            removed.left = left
            write_retired(settings, retired, {"when": now, "learners": len(words), **removed.record()})
            say(f"{printable_path(settings.paths.retired_list)} keeps them away: keep it, and its key")
        for line in left:
            print(f"left: {line}")
        if left:
            say(f"ERROR: {number(len(left))} places are left: clean them, and check again")
            return FAILED
        print(
            "nothing is left"
            + ("; the next run makes the tables again: doit weekly" if removed.tables else "")
        )
        return 0


def _tell(removed: Removed) -> None:
    print(f"log directory: {number(removed.rows)} rows, {number(removed.rejects)} rejected lines")
    print(f"sorted dumps: {number(removed.records)} records")
    print(f"mentions in rows and records of others: {number(removed.mentions)} blanked")
    for table in removed.tables:
        print(f"removed table {table}")
    for file in removed.files:
        print(f"changed or removed {file}")
