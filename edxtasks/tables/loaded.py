"""The tables that are loaded from files: SQL dumps and course exports."""

from __future__ import annotations

from types import ModuleType

from edxtasks.dumps import course_facts, studentmodule, user_info_combo
from edxtasks.geolocation import pc_geoip
from edxtasks.tables.declaration import ComputedFrom, LoadedFrom, Need, Table


def _description(module: ModuleType) -> str:
    """What a module's table is: the first line of its docstring after "The table `NAME`:"."""
    line = (module.__doc__ or "").partition("\n")[0]
    sentence = line.partition("`: ")[2] or line
    return sentence[:1].upper() + sentence[1:]


def _loaded(name: str, command: str, grain: str, module: ModuleType, settings: tuple[str, ...] = ()) -> Table:
    """A course table whose module offers SCHEMA, VERSION, OUTPUT_FILES, sources and build."""
    description = _description(module)
    made = LoadedFrom(module.sources, module.build, module.VERSION, settings, module.OUTPUT_FILES)
    return Table(name, command, module.SCHEMA, made, description, grain=grain)


def _computed(
    name: str, command: str, grain: str, module: ModuleType, inputs: dict[str, Need], internal: bool = False
) -> Table:
    """A course table whose module computes it from rows of other tables, and files."""
    description = _description(module)
    made = ComputedFrom(module.build, module.VERSION, module.sources, (), module.OUTPUT_FILES)
    return Table(
        name, command, module.SCHEMA, made, description, grain=grain, inputs=inputs, internal=internal
    )


LOADED = (
    _loaded("user_info_combo", "make_uic", "user_id", user_info_combo, ("max_bad_fraction",)),
    _loaded("studentmodule", "sql2bq", "id", studentmodule, ("max_bad_fraction",)),
    _computed(
        "course_facts",
        "person_course",
        "one row",
        course_facts,
        {"grading_policy": Need.OPTIONAL, "course_metainfo": Need.BORROWED, "course_axis": Need.OPTIONAL},
        internal=True,
    ),
    _computed("pc_geoip", "person_course", "username", pc_geoip, {"pc_modal_ip": Need.REQUIRED}),
)
