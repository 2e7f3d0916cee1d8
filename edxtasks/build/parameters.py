"""The named parameters that a model may use, and where their values come from.

A model that is made for a course has those of the course. Every model, whatever its scope, has the settings
of the top level that hold one value: `@sybil_max_group`. A secret, a path, a list and a table are none.
A model may name constants of its own.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from datetime import date

from edxtasks.config import Settings
from edxtasks.config.settings import SETTINGS
from edxtasks.course import CourseKey
from edxtasks.directories import dump_date
from edxtasks.errors import nearest
from edxtasks.table import Scope, Table
from edxtasks.warehouse.base import Parameter

OF_COURSE: Mapping[str, Callable[[CourseKey, Settings], Parameter]] = {
    "course_id": lambda course, settings: course.slash,
    "course_key": lambda course, settings: course.opaque,
    "dump_date": dump_date,
}
"""By name: `course_id` ORG/NUMBER/RUN; `course_key` course-v1:ORG+NUMBER+RUN; `dump_date` the date of the
directory that the SQL dump of the course is taken from, NULL where it has none."""

_TYPES = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", date: "DATE"}


def _types_of(hint: object) -> set[type]:
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return {part for part in parts if isinstance(part, type) and part is not type(None)}


def _of_settings() -> dict[str, str]:
    """The settings that can be parameters, with their types. What may be a date or a word is a STRING."""
    found = {}
    for name, hint in typing.get_type_hints(Settings).items():
        entry = SETTINGS.get(("", name))
        kinds = _types_of(hint)
        if entry is None or entry.secret or not kinds or not kinds <= set(_TYPES):
            continue
        found[name] = _TYPES[kinds.pop()] if len(kinds) == 1 else "STRING"
    return found


OF_SETTINGS: Mapping[str, str] = _of_settings()
"""GoogleSQL type by name of a setting. One that is not set is NULL."""


def complaint(name: str, scope: Scope) -> str:
    """What is wrong with a parameter in a model of this scope; "" for one that it may use."""
    if name in OF_SETTINGS or (name in OF_COURSE and scope is Scope.COURSE):
        return ""
    if name in OF_COURSE:
        return f"@{name} is of one course, and scope: {scope.value} is not"
    entry = SETTINGS.get(("", name))
    if entry is not None:
        return f"@{name} cannot be a parameter: it is a secret, or holds more than one value, or a path"
    known = [*OF_COURSE, *OF_SETTINGS] if scope is Scope.COURSE else list(OF_SETTINGS)
    return f"there is no parameter @{name}{nearest(name, known)}"


def value(name: str, course: CourseKey | None, settings: Settings) -> Parameter:
    """The value of a parameter. Raises what `dump_date` raises."""
    if name in OF_COURSE:
        assert course is not None  # else the model was refused
        return OF_COURSE[name](course, settings)
    found: Parameter = getattr(settings, name)
    return found.isoformat() if isinstance(found, date) and OF_SETTINGS[name] == "STRING" else found


def value_for(table: Table, name: str, course: CourseKey | None, settings: Settings) -> Parameter:
    """The value of a parameter in a table: of a constant that it names, else as `value`."""
    return table.constants[name] if name in table.constants else value(name, course, settings)
