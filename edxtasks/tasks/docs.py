"""`docs`: the catalog, a page of every table: what it means, where it comes from, what is there of it."""

from __future__ import annotations

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.pages.catalog.place import stored
from edxtasks.pages.stored import StoredPage
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.step import Step
from edxtasks.steps.task import PLACES_OF_REPORTS, Registry, Task, TaskOfRun
from edxtasks.table import Need
from edxtasks.workers import Job, Progress


class DocsStep(Step):
    """The page of all tables."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)

    @property
    def _page(self) -> StoredPage:
        return stored(self.run.context)

    def check(self) -> tuple[Status, str]:
        from edxtasks.pages.catalog.catalog import Catalog  # few runs make the page

        reason = self._page.outdated(Catalog(self.run.context).mark())
        return (Status.STALE if reason else Status.FRESH), reason

    def targets(self) -> list[str]:
        local = self.run.context.settings.warehouse.engine == "duckdb"
        return [self._page.url] if local else []

    def removable(self) -> list[str]:
        return [self._page.url] if self._page.exists() else []

    def clean(self) -> None:
        self._page.remove()

    def forget(self) -> bool:
        return self._page.forget()

    def job(self) -> Job:
        return Job(make_page, (self.job_context(),))


def make_page(progress: Progress, job: JobContext) -> Built:
    """Make the page."""
    from edxtasks.pages.catalog.catalog import Catalog

    catalog = Catalog(context_of(job))
    catalog.messages.note(catalog.make())
    return Built(1, messages=catalog.messages, unit="pages")


def _tables(registry: Registry) -> dict[str, Need]:
    """It tells of tables as they stand: whichever the run makes anyway come first."""
    return {name: Need.BORROWED for name, table in registry.items() if not table.external}


TASK = Task(
    text="make the catalog: a page of all tables, with columns, lineage, checks and what is built",
    step=DocsStep,
    once=True,
    needs_tables=_tables,
    options=PLACES_OF_REPORTS,
)
