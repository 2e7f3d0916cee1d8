"""One run's view of the whole: settings, registry, warehouse, and where a table of a course lives."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, cached_property

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import SettingsError, UserError
from edxtasks.printable import printable
from edxtasks.scratch import Scratch, scratch_of
from edxtasks.storage import Storage, open_storage
from edxtasks.table import REPORT, External, Scope, Table
from edxtasks.warehouse.base import TableName, TableState
from edxtasks.warehouse.interface import Warehouse

LOG_DAY = "tracklog_"
"""How the names of day tables start; `YYYYMMDD` follows."""

_MICROSECONDS_OF_DAY = 86_400_000_000


@dataclass
class Context:
    """What every check and build needs.

    `absent` are tables that count as absent although they may still be there: a check found that there is
    nothing to make them from, and they are to be set aside. `declared` are the names of all tables of the
    product, whatever the settings.
    """

    settings: Settings
    registry: Mapping[str, Table]
    warehouse: Warehouse
    digests: Digests
    courses: tuple[CourseKey, ...] = ()
    absent: set[TableName] = field(default_factory=set)
    declared: frozenset[str] = frozenset()
    _log_days: tuple[Mapping[str, TableState] | None, Mapping[str, TableState]] = (None, {})

    def dataset(self, course: CourseKey) -> str:
        """The dataset of a course; with the option `dataset_latest` its "latest" form."""
        return dataset_of(course, self.settings)

    def chosen(self) -> tuple[CourseKey, ...]:
        """The chosen courses. Raises `SettingsError` when there are none."""
        if not self.courses:
            raise SettingsError(
                "no course is chosen: a table over courses is made from those of the run. Choose some: "
                "courses=A,B, clist=NAME, or course_id_list in the configuration"
            )
        return self.courses

    def courses_of(self, table: Table) -> tuple[CourseKey, ...]:
        """The chosen courses that a table over courses is made from: all, or those of its organization."""
        if not table.organization:
            return self.courses
        return tuple(one for one in self.courses if organization_of(one) == table.organization)

    def report_organization(self) -> str:
        """The organization that reports over the chosen courses are named after: `org=`, else that of the
        first course."""
        return self.settings.options.org or self.chosen()[0].org

    def report_folder(self) -> str:
        """The folder of the storage for the files of a report; also the usual name of its dataset."""
        if self.settings.options.dataset_latest:
            return "course_report_latest"
        return usual_report_dataset(self.report_organization())

    def report_dataset(self) -> str:
        """The dataset of reports over the chosen courses."""
        return self.settings.options.output_dataset_id or self.report_folder()

    def course_folder(self, course: CourseKey) -> str:
        """The folder of the storage for the files of a course; with `dataset_latest` its "latest" form."""
        return course.directory + ("/latest" if self.settings.options.dataset_latest else "")

    @cached_property
    def scratch(self) -> Scratch:
        """Where files are kept that are needed for a while only."""
        return scratch_of(self.settings)

    @cached_property
    def storage(self) -> Storage:
        """The storage of the settings."""
        return open_storage(self.settings)

    @cached_property
    def report_storage(self) -> Storage:
        """The storage for files of reports: the bucket `output_bucket` where one is named."""
        bucket = self.settings.options.output_bucket
        if bucket is None or self.settings.warehouse.engine != "bigquery":
            return self.storage
        place = dataclasses.replace(self.settings.storage, gs_bucket=bucket)
        return open_storage(dataclasses.replace(self.settings, storage=place))

    def name(self, table: Table, course: CourseKey | None) -> TableName:
        """Dataset and name of a table of the registry, for a course where it is one of a course. Nothing is
        asked of the warehouse: names of tens of thousands of tasks are made with it."""
        if table.scope is Scope.COURSE:
            assert course is not None
            return _table_name(self.dataset(course), table.name)
        dataset, _, name = table.name.partition(".")
        return TableName(self.report_dataset() if dataset == REPORT else dataset, name)

    def dataset_of_course(self, course: CourseKey) -> str:
        """As `dataset`. Raises `UserError` when it holds the tables of another course."""
        dataset, owner = self._place(course)
        check_owner(self.warehouse, dataset, owner)
        return dataset

    def claim(self, course: CourseKey) -> None:
        """Note that the dataset of a course holds its tables. Raises `UserError` when they are another's."""
        claim(self.warehouse, *self._place(course))

    def claim_logs(self, course: CourseKey) -> None:
        """As `claim`, for the dataset with its log days."""
        claim(self.warehouse, course.logs_dataset, owner_of_logs(course))

    def _place(self, course: CourseKey) -> tuple[str, str]:
        return self.dataset(course), owner_of(course, self.settings)

    def excluded(self, table: Table) -> bool:
        """Whether the options of this run leave a table out."""
        return any(getattr(self.settings.options, name) for name in table.excluded_by)

    def left_out(self, reader: Table, name: str) -> bool:
        """Whether an input counts as absent for a table: it is left out, and the table is not; or it is
        there only where a person names it, and nobody did."""
        source = self.registry.get(name)
        if source is None:
            return False
        if isinstance(source.builder, External) and source.builder.only_named:
            return True
        return self.excluded(source) and not self.excluded(reader)

    def input_state(self, reader: Table, source: Table, course: CourseKey | None) -> TableState | None:
        """The state of an input as a table finds it: as `state`, None also where it is left out."""
        return None if self.left_out(reader, source.name) else self.state(source, course)

    def state(self, table: Table, course: CourseKey | None) -> TableState | None:
        """The state of a table, None while it does not exist or counts as absent.

        Raises `UserError` where its place is that of another course's table.
        """
        if table.scope is Scope.COURSE and course is not None:
            check_owner(self.warehouse, *self._place(course))
        name = self.name(table, course)
        return None if name in self.absent else self.warehouse.states(name.dataset).get(name.table)

    def log_days(self, course: CourseKey) -> Mapping[str, TableState]:
        """The day tables of a course that are loaded, in order of their days.

        Of a table of somebody else the times are not known: it may have any time of its day.

        Those that were asked for last are kept until their dataset is listed anew: a table of log days asks
        half a dozen times, and there may be thousands of days.
        """
        check_owner(self.warehouse, course.logs_dataset, owner_of_logs(course))
        states = self.warehouse.states(course.logs_dataset)
        listed, days = self._log_days
        if listed is not states:
            days = {name: _with_times(name, states[name]) for name in sorted(states) if is_log_day(name)}
            self._log_days = states, days
        return days


@cache
def _table_name(dataset: str, table: str) -> TableName:
    """The name of a table; kept, since each is asked for by all that read the table."""
    return TableName(dataset, table)


def owner_of_logs(course: CourseKey) -> str:
    """How the dataset with the log days of a course names its owner."""
    return f"{course} (tracking log)"


def owner_of(course: CourseKey, settings: Settings) -> str:
    """How the dataset of a course, as `dataset_of` names it, names its owner."""
    return f"{course}{' (dataset_latest)' if settings.options.dataset_latest else ''}"


def check_owner(warehouse: Warehouse, dataset: str, owner: str) -> None:
    """Raises `UserError` where a dataset holds the tables of another course: names of datasets have letters
    and digits only, so that two courses may have the same."""
    other = warehouse.other_owner(dataset, owner)
    if other is not None:
        raise UserError(
            f"the dataset {dataset} of {warehouse.where} holds the tables of {printable(other)}, and those "
            f"of {printable(owner)} would have the same place: keep them in another warehouse (settings path "
            "and project_id under [warehouse])"
        )


def claim(warehouse: Warehouse, dataset: str, owner: str) -> None:
    """Note whose tables a dataset holds, where it is not noted yet; raises as `check_owner` does."""
    check_owner(warehouse, dataset, owner)
    warehouse.note_owner(dataset, owner)


def _with_times(name: str, state: TableState) -> TableState:
    if is_foreign(state) and state.rows:
        first, last = times_of_day(day_of_log(name))
        return dataclasses.replace(state, first_time=first, last_time=last)
    return state


def is_foreign(state: TableState) -> bool:
    """Whether a day table has been made by somebody else."""
    return state.stamp is None and state.first_time is None and not state.fault


def times_of_day(day: date) -> tuple[int, int]:
    """First and last microsecond of a day, since 1970, UTC."""
    first = (day - date(1970, 1, 1)).days * _MICROSECONDS_OF_DAY
    return first, first + _MICROSECONDS_OF_DAY - 1


def dataset_of(course: CourseKey, settings: Settings) -> str:
    """The dataset of a course; with the option `dataset_latest` its "latest" form."""
    return course.dataset + ("_latest" if settings.options.dataset_latest else "")


def usual_report_dataset(organization: str) -> str:
    """The dataset of reports of an organization, unless a run names another."""
    return f"course_report_{identifier(organization)}"


def organization_of(course: CourseKey) -> str:
    """The organization of a course, as the names of datasets and tables have it."""
    return identifier(course.org)


def identifier(text: str) -> str:
    """A text as part of the name of a dataset or table: anything but letters, digits and `_` becomes `_`."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def is_log_day(name: str) -> bool:
    """Whether a table is a day of the tracking log: `tracklog_` and eight digits."""
    day = name.removeprefix(LOG_DAY)
    return name.startswith(LOG_DAY) and len(day) == 8 and day.isdecimal()


def day_of_log(name: str) -> date:
    """The day of a day table, by its name."""
    return datetime.strptime(name, f"{LOG_DAY}%Y%m%d").replace(tzinfo=UTC).date()
