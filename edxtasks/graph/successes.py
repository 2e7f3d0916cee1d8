"""Courses for which a whole set of tasks has succeeded: `skip_already_successful` leaves them alone.

A mark is a file `state/successful/SET/COURSE`, which says of which dump, and in which warehouse. It is taken
away when the set begins for the course, and written when all of it was done or up to date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from edxtasks.build.context import Context
from edxtasks.build.sets import SETS
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import SettingsError, SourceAbsentError, UserError
from edxtasks.files import write_atomically

MARKED = tuple(name for name, one in SETS.items() if one.marked)
"""The sets that keep marks."""


@dataclass(frozen=True)
class Mark:
    """The mark of one set (`name`) for one course."""

    context: Context
    name: str
    course: CourseKey

    def holds(self) -> bool:
        """Whether the last run of the set succeeded for the course, of the dump that is read now."""
        try:
            return self._file.read_bytes() == self._content()
        except OSError:
            return False

    def remove(self) -> None:
        """The set begins for the course: whether it succeeds is not known."""
        self._file.unlink(missing_ok=True)

    def write(self) -> None:
        """All tasks of the set were done, or up to date."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._file, self._content())

    @property
    def _file(self) -> Path:
        return self.context.settings.engine.state / "successful" / self.name / self.course.directory

    def _content(self) -> bytes:
        context = self.context
        try:
            dump = str(sql_directory(self.course, context.settings).resolve())
        except (SourceAbsentError, UserError):
            dump = ""
        place = {"warehouse": context.warehouse.where, "dataset": context.dataset(self.course)}
        return orjson.dumps({"dump": dump, **place})


def refuse_without_set(named: Iterable[str]) -> None:
    """Raise `SettingsError` where `skip_already_successful` is given and no set with marks is named."""
    if not set(named) & set(MARKED):
        raise SettingsError(
            f"skip_already_successful is for {' and '.join(MARKED)}: what is asked for keeps no marks. "
            "Take it off the line"
        )
