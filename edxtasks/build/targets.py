"""Sets of targets: what `doall`, `nightly`, `weekly` and `setup_sql` stand for."""

from __future__ import annotations

from collections.abc import Mapping

from edxtasks.build.registry import commands
from edxtasks.table import TRACKLOG, Need, Table

SETUP_SQL = ("make_uic", "make_roles", "sql2bq", "load_forum")
"""Commands that load a new SQL dump."""

DOALL = (
    *SETUP_SQL,
    "analyze_problems",
    "analyze_videos",
    "analyze_forum",
    "axis2bq",
    "logs2gs",
    "logs2bq",
    "pcday_ip",
    "pcday_trlang",
    "person_day",
    "enrollment_day",
    "enrollment_events",
    "person_course",
    "problem_check",
    "show_answer",
    "analyze_ora",
    "time_task",
    "item_tables",
    "grading_policy",
    "grades_persistent",
    "grades_persistent_subsection",
)
"""Commands whose tables `doall` makes, as far as this version has them."""

NIGHTLY = "nightly"

OVER_COURSES = ("combinepc", "report")
"""Commands over all chosen courses that `weekly` ends with."""

DEMANDING = frozenset({"combinepc", "makegeoip", "make_cinfo", "staff2bq"})
"""Commands that fail when a person names them and there is nothing to make their tables from; others skip."""

LOCATED = ("pc_geoip", "person_course")
"""Tables that `just_do_geoip` makes anew."""

ONLY_FOR_PLACES = frozenset({"course_modal_ip", "pc_global_modal_ip", "pc_modal_ip", "pc_geoip"})
"""Tables that nobody needs who wants no places (`skip_geoip`)."""

ALSO_MADE = {"sql2bq": ("user_info_combo",)}
"""Commands that stand for tables of another command too."""

OTHER_NAMES = {"grades": "grading_policy", "analyze_course": "analyze_content"}
"""Commands that have a second name."""


def doall(registry: Mapping[str, Table]) -> list[str]:
    """The course tables of `doall`, in order of the registry."""
    made = commands(registry)
    wanted = {name for command in DOALL for name in made.get(command, ())}
    return [name for name in registry if name in wanted]


def setup_sql(registry: Mapping[str, Table]) -> list[str]:
    """The course tables of `setup_sql`."""
    made = commands(registry)
    wanted = {name for command in SETUP_SQL for name in made.get(command, ())}
    return [name for name in registry if name in wanted]


def weekly(registry: Mapping[str, Table]) -> list[str]:
    """The tables of `weekly`: those of `doall`, and those over all chosen courses."""
    made = commands(registry)
    wanted = {*doall(registry), *(name for command in OVER_COURSES for name in made.get(command, ()))}
    return [name for name in registry if name in wanted]


def nightly(registry: Mapping[str, Table]) -> list[str]:
    """The tables of `doall` that new logs reach."""
    chosen = set(doall(registry))
    return [name for name in reached_by_logs(registry) if name in chosen]


def reached_by_logs(registry: Mapping[str, Table]) -> list[str]:
    """The tables that depend on the tracking log, directly or through others."""
    reached: dict[str, None] = {}
    for name, table in registry.items():
        needs = [source for source, need in table.inputs.items() if need is not Need.BORROWED]
        if any(source == TRACKLOG or source in reached for source in needs):
            reached[name] = None
    return list(reached)
