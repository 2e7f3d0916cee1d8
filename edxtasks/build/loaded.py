"""The tables that Python makes: loaded from SQL dumps and course exports, or computed where SQL cannot."""

from __future__ import annotations

from types import ModuleType

from edxtasks.build import geocode
from edxtasks.content import (
    course_axis,
    course_listing_and_metainfo,
    course_metainfo,
    grading_policy,
    video_lengths,
)
from edxtasks.dumps import (
    course_facts,
    forum,
    grades_persistent,
    grades_persistent_subsection,
    listings,
    roles,
    staff,
    studentmodule,
    user_info_combo,
    user_partitions,
)
from edxtasks.geolocation import pc_geoip
from edxtasks.problems import problem_analysis
from edxtasks.table import ComputedFrom, LoadedFrom, Need, Scope, Table
from edxtasks.warehouse.checks import Check


def _description(module: ModuleType) -> str:
    """What a module's table is: the first line of its docstring after "The table `NAME`:"."""
    line = (module.__doc__ or "").partition("\n")[0]
    sentence = line.partition("`: ")[2] or line
    return sentence[:1].upper() + sentence[1:]


def _loaded(name: str, command: str, grain: str, module: ModuleType, never_empty: bool = False) -> Table:
    """A course table whose module offers SCHEMA, VERSION, OUTPUT_FILES, sources and build."""
    made = LoadedFrom(
        module.sources,
        module.build,
        module.VERSION,
        settings=getattr(module, "SETTINGS", ()),
        outputs=module.OUTPUT_FILES,
        own_columns=getattr(module, "OWN_COLUMNS", False),
        never_empty=never_empty,
        published_outputs=getattr(module, "PUBLISHED_FILES", ()),
    )
    return Table(name, command, module.SCHEMA, made, _description(module), grain=grain)


def _from_office(name: str, command: str, grain: str, module: ModuleType) -> Table:
    """A table of the whole warehouse, from a file that the office keeps, which is published with it."""
    made = LoadedFrom(
        lambda course, settings: module.sources(settings),
        lambda course, settings, sources, scratch, notes: module.build(settings, sources, scratch, notes),
        module.VERSION,
        published={name.removeprefix("courses."): name.replace(".", "/")},
    )
    return Table(name, command, module.SCHEMA, made, _description(module), scope=Scope.WAREHOUSE, grain=grain)


def _computed(
    name: str,
    command: str,
    grain: str,
    module: ModuleType,
    inputs: dict[str, Need],
    internal: bool = False,
    files: tuple[str, ...] = (),
    checks: tuple[Check, ...] = (),
) -> Table:
    """A course table whose module computes it from rows of other tables, and files."""
    settings = getattr(module, "SETTINGS", ())
    made = ComputedFrom(module.build, module.VERSION, module.sources, settings, module.OUTPUT_FILES)
    description = _description(module)
    return Table(
        name,
        command,
        module.SCHEMA,
        made,
        description,
        grain=grain,
        inputs=inputs,
        internal=internal,
        files=files,
        checks=checks,
    )


LOADED = (
    _loaded("user_info_combo", "make_uic", "user_id", user_info_combo, never_empty=True),
    _loaded("studentmodule", "sql2bq", "id", studentmodule),
    _loaded("roles", "make_roles", "user_id", roles),
    _loaded("forum", "load_forum", "document", forum),
    _loaded("user_partitions", "user_part", "id", user_partitions),
    _loaded("grades_persistent", "grades_persistent", "user_id", grades_persistent),
    _loaded(
        "grades_persistent_subsection",
        "grades_persistent_subsection",
        "user_id, usage_key",
        grades_persistent_subsection,
    ),
    _loaded("course_axis", "axis2bq", "index", course_axis, never_empty=True),
    _loaded("grading_policy", "grading_policy", "grader (file order)", grading_policy),
    _from_office("courses.listings", "make_cinfo", "course_id (file order)", listings),
    _from_office("courses.staff", "staff2bq", "row of the file", staff),
    _computed(
        "course_facts",
        "person_course",
        "one row",
        course_facts,
        {"grading_policy": Need.OPTIONAL, "course_metainfo": Need.BORROWED, "course_axis": Need.OPTIONAL},
        internal=True,
    ),
    _computed(
        "problem_analysis",
        "analyze_problems",
        "user_id, problem_url_name (as a rule)",
        problem_analysis,
        {"studentmodule": Need.REQUIRED},
        files=problem_analysis.FILES,
        checks=(Check("one_row_per_problem", "COUNT(*) OVER (PARTITION BY user_id, problem_url_name) = 1"),),
    ),
    _computed("pc_geoip", "person_course", "username", pc_geoip, {"pc_modal_ip": Need.REQUIRED}),
    _computed(
        "course_metainfo", "analyze_content", "key", course_metainfo, {"stats_module_usage": Need.REQUIRED}
    ),
    _computed(
        "course_listing_and_metainfo",
        "analyze_content",
        "one row",
        course_listing_and_metainfo,
        {"course_metainfo": Need.REQUIRED},
    ),
    _computed(
        "video_lengths",
        "analyze_videos",
        "video_id",
        video_lengths,
        {"video_modules": Need.REQUIRED, "video_durations_day": Need.OPTIONAL},
        internal=True,
    ),
    geocode.TABLE,
)
