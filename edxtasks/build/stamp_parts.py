"""What a stamp is a digest of: the recipe, the files that a table is made from, the version of each input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.inputs import instances
from edxtasks.config import Settings
from edxtasks.config.settings import SETTINGS
from edxtasks.course import CourseKey
from edxtasks.table import TRACKLOG, External, Instance, Need, PythonModel, SqlModel, Table
from edxtasks.warehouse.base import digest

ABSENT = "absent"
"""The version of an input that does not exist: appearing and vanishing make a table stale."""

RECIPE = "recipe"
COURSES = "courses"
DECLARED = "of"
DIRECTORY = "directory"
FILE = "file "
PARAMETER = "@"
MARK = "made with "
LACKING = "lacking"
OF_COURSE = " of "
"""Names of parts that are no inputs: what a table is made by, for which courses, as which declared table,
from which directory; what could not be had, which no stamp has that a table would get now; how the names
begin of those of a file, a parameter and a mark (`PythonModel.marks`); and what joins an input and its
course."""


def stamp_of(parts: Mapping[str, str]) -> str:
    """The stamp that named parts make up."""
    return digest(*(text for name in sorted(parts) for text in (name, parts[name])))


def recipe_of(context: Context, table: Table) -> str:
    builder = table.builder
    assert not isinstance(builder, External)
    values = [f"{name}={_setting(context.settings, name)!r}" for name in builder.settings]
    if isinstance(builder, SqlModel):
        return digest(builder.recipe, *values) if values else builder.recipe
    return digest(str(builder.version), table.schema.digest(), *values)


def _setting(settings: Settings, name: str) -> object:
    """The value of a setting as a stamp has it; of a secret only whether there is one."""
    value: object = getattr(settings, name)
    entry = SETTINGS.get(("", name))
    return value is not None if entry is not None and entry.secret else value


def source_parts(context: Context, sources: Mapping[str, Path | None]) -> dict[str, str]:
    parts = {
        f"{FILE}{label}": ABSENT if path is None else context.digests(path) for label, path in sources.items()
    }
    # The directory of the dump counts too: its date is part of what is made from it.
    base = context.settings.paths.course_sql_base_dir
    dumped = [path.parent for path in sources.values() if path is not None and base in path.parents]
    if dumped:
        parts[DIRECTORY] = dumped[0].name
    return parts


def mark_parts(context: Context, table: Table, course: CourseKey | None) -> dict[str, str]:
    """What a table hangs on that is no file, table or setting, as the stamp may hold it. Raises `UserError`
    where the table cannot be made."""
    builder = table.builder
    if not isinstance(builder, PythonModel) or builder.marks is None:
        return {}
    of = Instance(context.settings, course, context.courses_of(table))
    return {f"{MARK}{name}": value for name, value in builder.marks(of).items()}


def input_parts(
    context: Context, table: Table, course: CourseKey | None, names: Mapping[str, Need] | list[str]
) -> Iterator[tuple[str, str]]:
    """The version of each input as a whole."""
    for name in names:
        if name == TRACKLOG:
            assert course is not None
            days = context.log_days(course)
            yield name, digest(*(text for day, state in days.items() for text in (day, state.version)))
            continue
        source = context.registry[name]
        for one in instances(context, table, name, course):
            state = context.input_state(table, source, one)
            label = source.task if one is course or one is None else f"{name}{OF_COURSE}{one}"
            yield label, ABSENT if state is None else state.version
