"""What the words of the command line ask for, told in tables of the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from edxtasks.build.only_step import ChosenSteps
from edxtasks.build.registry import upstream
from edxtasks.build.sets import SETS, WHOLE, reached_by_logs, tables_of_set
from edxtasks.config import Options
from edxtasks.graph.arguments import base_of
from edxtasks.table import SHARED, TRACKLOG, Need, Scope, Table

_NIGHTLY = next(name for name, one in SETS.items() if one.reached_by_logs)
"""The set for which nothing else is looked at than what new logs reach."""


class Selection:
    """The tables that a run has among its targets, and how it takes them.

    `steps` are the tables that each command makes. Words that name no table count for nothing here.
    `courses_named`: a person named the courses of this run one by one, and chose no list. `needs` are the
    tables that tasks without a table need, by name of the task.
    """

    def __init__(
        self,
        registry: Mapping[str, Table],
        steps: ChosenSteps,
        words: Sequence[str],
        options: Options,
        courses_named: bool = False,
        needs: Mapping[str, Mapping[str, Need]] | None = None,
    ) -> None:
        self._registry = registry
        self._steps = steps
        self._commands = steps.commands
        self._words = words
        self._options = options
        self._courses_named = courses_named
        named = {base_of(word, needs or {})[0] for word in words}
        self._needs_of_named = [tables for task, tables in (needs or {}).items() if task in named]
        self._of_task = {table.task: table.name for table in registry.values() if not table.external}

    def tables_of(self, word: str) -> list[str]:
        """The tables that a word asks for; for one course (`task:COURSE`) only those of a course.

        The same in all forms: `person_course`, whose name is a command's and a table's, is the command, with
        a course behind it or without.
        """
        if word in self._of_task and ":" in word:
            return [self._of_task[word]]  # report:NAME
        base, of_one_course = base_of(word, {*SETS, *self._commands, *self._of_task})
        names = self._matching(base if "*" in base else word) if "*" in word else []
        if names and "*" not in base:
            return names  # report:N*
        if not names:
            alone = [self._of_task[base]] if base in self._of_task else []
            if base in SETS:
                names = tables_of_set(self._registry, base)
            else:
                names = list(self._commands.get(base) or alone)
        return [name for name in names if not of_one_course or self._registry[name].scope is Scope.COURSE]

    def _matching(self, pattern: str) -> list[str]:
        """The tables of all sets, commands and tables whose name matches a pattern with `*`."""
        known = dict.fromkeys((*SETS, *self._commands, *self._of_task))
        meant = [one for one in known if fnmatchcase(one, pattern)]
        return list(dict.fromkeys(name for one in meant for name in self.tables_of(one)))

    @cached_property
    def tables(self) -> set[str]:
        """The tables that are asked for; without any word they are those of `weekly`."""
        return {name for word in self._words or (WHOLE,) for name in self.tables_of(word)}

    @cached_property
    def targets(self) -> set[str]:
        """The tables that the run may build: those that are asked for, or needed by a task that is asked for,
        and what they are made from."""
        of_tasks = self._needed_by_tasks(Need.REQUIRED, Need.OPTIONAL)
        return upstream(self._registry, self.tables.union(of_tasks))

    def _needed_by_tasks(self, *kinds: Need) -> Iterator[str]:
        """The tables that the named tasks need in one of these ways."""
        for needs in self._needs_of_named:
            yield from (name for name, need in needs.items() if name in self._registry and need in kinds)

    @cached_property
    def needed(self) -> set[str]:
        """The tables that are asked for, and those without which one of them cannot be made."""
        found: set[str] = set()
        waiting = [*self.tables, *self._needed_by_tasks(Need.REQUIRED)]
        while waiting:
            name = waiting.pop()
            if name not in found and name != TRACKLOG:
                found.add(name)
                inputs = self._registry[name].inputs
                waiting += [one for one, need in inputs.items() if need is Need.REQUIRED]
        return found

    @cached_property
    def only_groups(self) -> bool:
        """Whether only tables over courses are asked for."""
        return bool(self.tables) and all(
            self._registry[name].scope is not Scope.COURSE for name in self.tables
        )

    @cached_property
    def demanded(self) -> set[str]:
        """The tables that a person named, and that cannot be left out where there is nothing to make them
        from."""
        named = set(self._words)
        tables = (self._registry[name] for name in self.tables)
        return {
            table.name
            for table in tables
            if (self._steps.alone and table.name in self._steps.kept)
            or (table.required_when_named and named & {table.task, *(one.name for one in table.commands)})
        }

    @cached_property
    def forced(self) -> set[str]:
        """The tables that an option of the run makes anew."""
        return {
            name
            for name, table in self._registry.items()
            if any(getattr(self._options, option) for option in table.forced_by)
        }

    @cached_property
    def as_they_stand(self) -> set[str]:
        """The tables that are not looked at.

        In `nightly` all that new logs do not reach; with an option that makes tables anew all others, where
        only such are asked for. Where a
        person named the courses of the run, tables over all courses that everybody reads (`courses.NAME`),
        unless they are named themselves: else two people who name two courses in turn would rebuild them
        for each other. And those that an option of the run says so of.
        """
        named = {word.partition(":")[0] for word in self._words if self.tables_of(word)}
        everything = set(self._registry)
        if named and named <= self.forced:
            return everything - self.forced
        status = self._shared if self._courses_named else set()
        status = status | {name for name, table in self._registry.items() if self._stands(table)}
        if self._options.just_do_nightly or named == {_NIGHTLY}:
            status = status | (everything - set(reached_by_logs(self._registry)))
        return status | self._beside_steps

    @property
    def _beside_steps(self) -> set[str]:
        """The tables that stand because a person chose steps of a command whose steps are in order: those
        that were left out, and with `only_step` all else, but for what other words ask for."""
        steps = self._steps
        beside = set(self._registry) - steps.kept if steps.alone else set(steps.skipped)
        others = {name for word in self._words for name in self.tables_of(word)} - steps.kept - steps.skipped
        named = {self._of_task[word] for word in self._words if word in self._of_task and ":" in word}
        return beside - upstream(self._registry, others | named) if beside else beside

    def _stands(self, table: Table) -> bool:
        return any(getattr(self._options, option) for option in table.stands_with)

    def is_made_where_absent(self, table: Table) -> bool:
        """Whether a table that the run takes as it stands is made all the same where it does not exist: one
        over all courses without which a table of the run cannot be made."""
        return table.name in self.as_they_stand & self._shared and any(
            self._registry[name].inputs.get(table.name) is Need.REQUIRED
            for name in self.needed - {TRACKLOG}
            if name in self._registry
        )

    @property
    def _shared(self) -> set[str]:
        return {
            name
            for name, table in self._registry.items()
            if table.scope is Scope.GROUP
            and name.startswith(f"{SHARED}.")
            and not any(fnmatchcase(table.task, word) for word in self._words)
        }
