"""One run's view of the whole: settings, registry, warehouse, and where a table of a course lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.tables.declaration import Scope, Table
from edxtasks.warehouse.base import TableName, TableState, Warehouse

LOG_DAY = "tracklog_"
"""How the names of day tables start; `YYYYMMDD` follows."""

PLACES = frozenset({"pc_modal_ip", "pc_geoip"})
"""The tables that `person_course` takes addresses and places from."""


@dataclass
class Context:
    """What every check and build needs."""

    settings: Settings
    registry: Mapping[str, Table]
    warehouse: Warehouse
    digests: Digests
    courses: tuple[CourseKey, ...] = ()

    def dataset(self, course: CourseKey) -> str:
        """The dataset of a course; with the option `dataset_latest` its "latest" form."""
        return course.dataset + ("_latest" if self.settings.options.dataset_latest else "")

    def report_dataset(self) -> str:
        """The dataset of reports over the chosen courses."""
        options = self.settings.options
        if options.output_dataset_id:
            return options.output_dataset_id
        if options.dataset_latest:
            return "course_report_latest"
        return f"course_report_{self.settings.org or self.courses[0].org}"

    def name(self, table: Table, course: CourseKey | None) -> TableName:
        """Dataset and name of a table of the registry, for a course where it is one of a course."""
        if table.scope is Scope.COURSE:
            assert course is not None
            return TableName(self.dataset(course), table.name)
        prefix, _, name = table.name.replace(":", ".").partition(".")
        return TableName(self.report_dataset() if prefix == "report" else prefix, name)

    def left_out(self, name: str) -> bool:
        """Whether the options of this run take an input for absent: places, with `skip_geoip`."""
        return self.settings.options.skip_geoip and name in PLACES

    def state(self, table: Table, course: CourseKey | None) -> TableState | None:
        """The state of a table, None while it does not exist or is left out."""
        if self.left_out(table.name):
            return None
        name = self.name(table, course)
        return self.warehouse.states(name.dataset).get(name.table)

    def log_days(self, course: CourseKey) -> dict[str, TableState]:
        """The day tables of a course that are loaded, in order of their days."""
        states = self.warehouse.states(course.logs_dataset)
        return {name: states[name] for name in sorted(states) if is_log_day(name)}


def is_log_day(name: str) -> bool:
    """Whether a table is a day of the tracking log: `tracklog_` and eight digits."""
    day = name.removeprefix(LOG_DAY)
    return name.startswith(LOG_DAY) and len(day) == 8 and day.isdecimal()
