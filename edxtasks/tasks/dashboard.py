"""`dashboard`: the page of each course, and with `dashboard:campus` that of all chosen courses side by side.

Both are files `dashboard.html` of the storage: in the folder of the course, and in that of the report.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.course import CourseKey
from edxtasks.errors import SourceAbsentError, UserError
from edxtasks.messages import Messages
from edxtasks.pages import dashboards
from edxtasks.pages.queries import tables_read
from edxtasks.printable import listed
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.step import Step
from edxtasks.steps.task import PLACES_OF_REPORTS, Registry, Task, TaskOfRun
from edxtasks.table import Need
from edxtasks.workers import Job, Progress

if TYPE_CHECKING:  # every run reads this file, and few make pages
    from edxtasks.health.findings import Finding

CAMPUS = "campus"
_SHOWN_DATES = 5


class DashboardStep(Step):
    """The page of a course, or of the campus."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)
        self.course = of.course

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        try:
            if self.course is None:
                reason = dashboards.campus_outdated(context)
            else:
                reason = dashboards.outdated(context, self.course)
        except SourceAbsentError as absent:
            return Status.SKIPPED, str(absent)
        return (Status.STALE if reason else Status.FRESH), reason

    def targets(self) -> list[str]:
        context = self.run.context
        if context.settings.warehouse.engine != "duckdb" or (self.course is None and not context.courses):
            return []
        return [dashboards.stored(context, self.course).url]

    def removable(self) -> list[str]:
        context = self.run.context
        try:
            page = dashboards.stored(context, self.course)
        except UserError:
            return []  # without chosen courses there is no report
        return [page.url] if page.exists() else []

    def clean(self) -> None:
        dashboards.stored(self.run.context, self.course).remove()

    def forget(self) -> bool:
        return dashboards.stored(self.run.context, self.course).forget()

    def job(self) -> Job:
        return Job(make_page, (self.job_context(), self.course))


def make_page(progress: Progress, job: JobContext, course: CourseKey | None) -> Built:
    """Make a page, of a course or (None) of the campus."""
    from edxtasks.health.examination import examine
    from edxtasks.health.findings import OF_FILES

    context = context_of(job)
    if course is None:
        found = examine(context, unlisted=False).findings
        of_the_moment = any(one.course and one.kind in OF_FILES for one in found)
        place = dashboards.make_campus(context, findings_of_courses(found), of_the_moment)
    else:
        place = dashboards.make(context, course)
    messages = Messages()
    messages.note(place)
    return Built(1, messages=messages, unit="pages")


def findings_of_courses(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """What `doit health` finds, by key of the course, as the page tells it.

    Without numbers and files: numbers may be of few learners, and paths are the office's own.
    """
    dates: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        if one.course:
            what = " ".join(
                filter(None, (f"{one.level}:", one.kind.replace("_", " "), one.table.partition(":")[0]))
            )
            dates.setdefault((one.course, what), []).extend([one.date.isoformat()] if one.date else [])
    found: dict[str, list[str]] = {}
    for (course, what), days in dates.items():
        found.setdefault(course, []).append(f"{what} {listed(sorted(days), _SHOWN_DATES)}" if days else what)
    return found


def _tables(registry: Registry) -> dict[str, Need]:
    """The tables that a page shows; only the learners must be there."""
    needs = {name: need for name, need in tables_read().items() if not registry[name].external}
    return {**needs, dashboards.MADE_FROM: Need.REQUIRED}


TASK = Task(
    text="make the page of a course: pictures of its tables; dashboard:campus has all courses side by side",
    step=DashboardStep,
    needs_tables=_tables,
    options=PLACES_OF_REPORTS,
    parts=(CAMPUS,),
    parts_last=True,
)
