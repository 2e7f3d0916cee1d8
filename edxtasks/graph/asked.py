"""What the words of the command line ask for, told in tables of the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from edxtasks.config import Options
from edxtasks.tables.declaration import Scope, Table
from edxtasks.tables.registry import upstream
from edxtasks.tables.targets import (
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

_SETS = {"setup_sql": setup_sql, "doall": doall, NIGHTLY: nightly, "weekly": weekly}


class Asked:
    """The tables that a run has among its targets, and how it takes them.

    `commands` are the tables that each command makes. Words that name no table count for nothing here.
    """

    def __init__(
        self,
        registry: Mapping[str, Table],
        commands: Mapping[str, Sequence[str]],
        words: Sequence[str],
        options: Options,
    ) -> None:
        self._registry = registry
        self._commands = commands
        self._words = words
        self._options = options
        self._of_task = {table.task: table.name for table in registry.values() if not table.awaited}

    def tables_of(self, word: str) -> list[str]:
        """The tables that a word asks for; for one course (`task:COURSE`) only those of a course."""
        if word in self._of_task:
            return [self._of_task[word]]
        base, of_one_course, _ = word.partition(":")
        if base in _SETS:
            names = _SETS[base](self._registry)
        else:
            base = OTHER_NAMES.get(base, base)
            names = list(self._commands.get(base) or ([base] if base in self._registry else []))
        return [name for name in names if not of_one_course or self._registry[name].scope is Scope.COURSE]

    @cached_property
    def tables(self) -> set[str]:
        """The tables that are asked for; without any word they are those of `weekly`."""
        return {name for word in self._words or ("weekly",) for name in self.tables_of(word)}

    @cached_property
    def targets(self) -> set[str]:
        """The tables that the run may build: those that are asked for, and what they are made from."""
        return upstream(self._registry, self.tables)

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
        """The tables that are not looked at: in `nightly` all that new logs do not reach, with
        `just_do_geoip` all but those with places."""
        named = {word.partition(":")[0] for word in self._words if self.tables_of(word)}
        everything = set(self._registry)
        if self._options.just_do_geoip and named and named <= set(LOCATED):
            return everything - set(LOCATED)
        if self._options.just_do_nightly or named == {NIGHTLY}:
            return everything - set(reached_by_logs(self._registry))
        return set()
