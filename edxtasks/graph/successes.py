"""Courses for which a whole set of tasks has succeeded: `skip_already_successful` leaves them alone.

A mark is a file `state/successful/SET/COURSE`, which says of which dump, and in which warehouse. It is taken
away when the set begins for the course, and written when all of it was done or up to date.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from edxtasks.build.context import Context
from edxtasks.build.sets import SETS
from edxtasks.course import CourseKey
from edxtasks.directories import sql_directory
from edxtasks.errors import SettingsError, SourceAbsentError, UserError
from edxtasks.files import write_atomically
from edxtasks.printable import SHOWN_COURSES, listed, quantity

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


def already_successful(context: Context, named: Collection[str]) -> list[tuple[str, CourseKey]]:
    """The sets and courses that a run leaves alone with `skip_already_successful`; `named` are its tasks.

    Raises `SettingsError` where the option is given and no set with marks is named.
    """
    if not context.settings.options.skip_already_successful:
        return []
    sets = [name for name in MARKED if name in named]
    if not sets:
        raise SettingsError(
            f"skip_already_successful is for {' and '.join(MARKED)}: what is asked for keeps no marks. "
            "Take it off the line"
        )
    pairs = itertools.product(sets, context.courses)
    return [(name, course) for name, course in pairs if Mark(context, name, course).holds()]


def remarks_on(context: Context, left_out: Iterable[tuple[str, CourseKey]]) -> list[str]:
    """What is told of the courses that a run leaves alone."""
    lines = []
    for name, pairs in itertools.groupby(left_out, lambda pair: pair[0]):
        courses = [course for _, course in pairs]
        chosen = quantity(len(context.courses), "course is", "courses are")
        lines.append(
            f"{name}: {len(courses)} of {chosen} not looked at "
            f"(skip_already_successful): {listed(courses, SHOWN_COURSES)}"
        )
    return lines
