"""The catalog in the storage: `catalog/catalog.html`, from the registry and the warehouse as they stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from edxtasks.build.context import Context
from edxtasks.build.lineage import Lineage, column_lineage
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import read_registry
from edxtasks.config import known_courses
from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA
from edxtasks.messages import Messages
from edxtasks.pages.catalog.entries import Entry, Found, entries
from edxtasks.pages.catalog.page import catalog_page
from edxtasks.pages.catalog.place import stored
from edxtasks.pages.stored import recipe
from edxtasks.table import TRACKLOG, Scope, Table
from edxtasks.warehouse.base import TableName, TableState, digest

_LOG = Table(
    TRACKLOG,
    command="logs2bq",
    schema=TRACKLOG_SCHEMA,
    description="The tracking log of a course, a table tracklog_YYYYMMDD for each day.",
    grain="log line",
)
"""How the page shows the day tables."""


class Catalog:
    """The tables of a configuration: whatever a run was asked for, all its courses."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self.context = dataclasses.replace(context, courses=tuple(known_courses(settings)))
        self.context.scratch = context.scratch
        if self.context.courses != context.courses:  # a table may be one for each of their organizations
            self.context.registry = with_overrides(
                read_registry(settings.engine.state), settings, self.context.courses
            )
        self.messages = Messages()
        self.courses = [course for course in self.context.courses if self._is_its_own(course)]

    def mark(self) -> str:
        """What the page is made from: what is declared, the states of the tables, the code that makes it.

        A build that gives the same rows by the same recipe makes no other page.
        """
        warehouse = self.context.warehouse
        parts = [recipe(), *map(repr, entries(self._registry(), {}, self._lineage()))]
        for table in self._registry().values():
            for course, name, state in self._instances(table):
                parts.append(f"{course}|{name}|{state.stamp}|{state.version}|{state.rows}|{state.fault}")
                parts.append((warehouse.checked(name) or "") if table.checks else "")
        parts += map(str, self.courses)
        return digest(*parts)

    def make(self) -> str:
        """Make the page; gives where people find it. Raises `UserError` where it cannot be stored."""
        made_from = self.mark()
        page = catalog_page(self.entries(), len(self.courses))
        return stored(self.context).store(page, made_from, self.context.scratch)

    def entries(self) -> list[Entry]:
        """What is said of each table."""
        registry = self._registry()
        found = {name: self._found(table) for name, table in registry.items()}
        return entries(registry, found, self._lineage())

    def _lineage(self) -> Lineage:
        cache = self.context.settings.engine.state / "lineage.json"
        return column_lineage(self.context.registry, cache)

    def _registry(self) -> Mapping[str, Table]:
        return {**self.context.registry, TRACKLOG: _LOG}

    def _is_its_own(self, course: CourseKey) -> bool:
        try:
            self.context.dataset_of_course(course)
        except UserError as error:
            self.messages.add(f"{course} is left out: {error}")
            return False
        return True

    def _instances(self, table: Table) -> Iterator[tuple[str, TableName, TableState]]:
        """The instances of a table that are there: the course ("" for none), name and state."""
        if table is _LOG:
            for course in self.courses:
                for name, state in self.context.log_days(course).items():
                    yield str(course), TableName(course.logs_dataset, name), state
            return
        if table.scope is Scope.GROUP and not self.courses:
            return
        of = self.courses if table.scope is Scope.COURSE else (None,)
        for one in of:
            found = self.context.state(table, one)
            if found is not None:
                yield str(one or ""), self.context.name(table, one), found

    def _found(self, table: Table) -> Found:
        warehouse = self.context.warehouse
        there = list(self._instances(table))
        # Of log days there may be thousands: their times are not asked for.
        infos = [warehouse.info(name) for _, name, _ in there] if table is not _LOG else []
        built = [info.modified for info in infos if info is not None]
        faults = [f"{course}: {state.fault}".removeprefix(": ") for course, _, state in there if state.fault]
        return Found(
            sum(state.rows for _, _, state in there),
            len({course for course, _, _ in there}),
            len(self.courses) if table.scope is Scope.COURSE else 1,
            (min(built), max(built)) if built else None,
            {course: warehouse.check_results(name) for course, name, _ in there} if table.checks else None,
            faults,
        )
