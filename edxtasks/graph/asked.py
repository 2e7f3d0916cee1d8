"""What the words of the command line ask for, told in tables of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from edxtasks.build.registry import upstream
from edxtasks.build.targets import (
    DEMANDING,
    LOCATED,
    NIGHTLY,
    OTHER_NAMES,
    doall,
    nightly,
    reached_by_logs,
    setup_sql,
    weekly,
)
from edxtasks.config import Options
from edxtasks.table import TRACKLOG, Need, Scope, Table

SHARED = "courses."
"""How the names of tables begin that are made over courses and read by each of them."""

_SETS = {"setup_sql": setup_sql, "doall": doall, NIGHTLY: nightly, "weekly": weekly}


class Asked:
    """The tables that a run has among its targets, and how it takes them.

    `commands` are the tables that each command makes. Words that name no table count for nothing here.
    `courses_named`: a person named the courses of this run one by one, and chose no list.
    """

    def __init__(
        self,
        registry: Mapping[str, Table],
        commands: Mapping[str, Sequence[str]],
        words: Sequence[str],
        options: Options,
        courses_named: bool = False,
    ) -> None:
        self._registry = registry
        self._commands = commands
        self._words = words
        self._options = options
        self._courses_named = courses_named
        self._of_task = {table.task: table.name for table in registry.values() if not table.awaited}

    def tables_of(self, word: str) -> list[str]:
        """The tables that a word asks for; for one course (`task:COURSE`) only those of a course.

        The same in all forms: `person_course`, whose name is a command's and a table's, is the command, with
        a course behind it or without.
        """
        if word in self._of_task and ":" in word:
            return [self._of_task[word]]  # report:NAME
        base, of_one_course, _ = word.partition(":")
        names = self._matching(base if "*" in base else word) if "*" in word else []
        if names and "*" not in base:
            return names  # report:N*
        if not names:
            base = OTHER_NAMES.get(base, base)
            alone = [self._of_task[base]] if base in self._of_task else []
            names = _SETS[base](self._registry) if base in _SETS else list(self._commands.get(base) or alone)
        return [name for name in names if not of_one_course or self._registry[name].scope is Scope.COURSE]

    def _matching(self, pattern: str) -> list[str]:
        """The tables of all sets, commands and tables whose name matches a pattern with `*`."""
        known = dict.fromkeys((*_SETS, *OTHER_NAMES, *self._commands, *self._of_task))
        meant = [one for one in known if fnmatchcase(one, pattern)]
        return list(dict.fromkeys(name for one in meant for name in self.tables_of(one)))

    @cached_property
    def tables(self) -> set[str]:
        """The tables that are asked for; without any word they are those of `weekly`."""
        return {name for word in self._words or ("weekly",) for name in self.tables_of(word)}

    @cached_property
    def targets(self) -> set[str]:
        """The tables that the run may build: those that are asked for, and what they are made from."""
        return upstream(self._registry, self.tables)

    @cached_property
    def needed(self) -> set[str]:
        """The tables that are asked for, and those without which one of them cannot be made."""
        found: set[str] = set()
        waiting = list(self.tables)
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
        return {
            name
            for name in self.tables
            if self._registry[name].command in DEMANDING
            and named & {self._registry[name].command, self._registry[name].task}
        }

    @cached_property
    def as_they_stand(self) -> set[str]:
        """The tables that are not looked at.

        In `nightly` all that new logs do not reach, with `just_do_geoip` all but those with places. Where a
        person named the courses of the run, tables over all courses that everybody reads (`courses.NAME`),
        unless they are named themselves: else two people who name two courses in turn would make them anew
        for each other.
        """
        named = {word.partition(":")[0] for word in self._words if self.tables_of(word)}
        everything = set(self._registry)
        if self._options.just_do_geoip and named and named <= set(LOCATED):
            return everything - set(LOCATED)
        standing = self._shared if self._courses_named else set()
        if self._options.just_do_nightly or named == {NIGHTLY}:
            standing = standing | (everything - set(reached_by_logs(self._registry)))
        return standing

    @property
    def _shared(self) -> set[str]:
        return {
            name
            for name, table in self._registry.items()
            if table.scope is Scope.GROUP
            and name.startswith(SHARED)
            and not any(fnmatchcase(table.task, word) for word in self._words)
        }
