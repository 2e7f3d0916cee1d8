"""doit's own commands that make no sense here: what people want by them is told in their place.

doit keeps records of what it ran, and lets people ignore tasks or forget those records; here the tables
themselves say what is fresh. In a project of somebody else they are doit's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from doit.cmd_completion import TabCompletion as DoitTabCompletion
from doit.cmd_dumpdb import DumpDB as DoitDumpDB
from doit.cmd_ignore import Ignore as DoitIgnore
from doit.cmd_resetdep import ResetDep as DoitResetDep
from doit.cmd_strace import Strace as DoitStrace
from doit.exceptions import InvalidCommand

from edxtasks.commands.ending import EndsWell
from edxtasks.commands.old_forms import is_ours


class _HasNoUse(EndsWell):
    """Refuses to run on tasks of ours, and says what to type instead."""

    only_looks = True
    instead: ClassVar[str]

    def execute(self, params: Mapping[str, Any], args: Sequence[str]) -> int | None:
        """Run it as doit does, but for tasks of ours. Raises `InvalidCommand` for those."""
        if is_ours((), params):
            raise InvalidCommand(f"{self.get_name()} does nothing here: {self.instead}")  # type: ignore[attr-defined]
        status: int | None = super().execute(params, args)  # type: ignore[misc]
        return status


class Ignore(_HasNoUse, DoitIgnore):  # type: ignore[misc]
    """Leave a task out for ever: doit's own."""

    name = "ignore"
    doc_description = "Only for tasks of other projects. Here tasks are left out by not naming them."
    instead = "name the tasks that you want, or leave steps out by options (doit help TASK)"


class DumpDB(_HasNoUse, DoitDumpDB):  # type: ignore[misc]
    """Show doit's records: doit's own."""

    name = "dumpdb"
    doc_description = "Only for tasks of other projects. Here doit info TASK tells what is known of a task."
    instead = "doit keeps no records of these tasks. doit info TASK tells what is known of one"


class ResetDep(_HasNoUse, DoitResetDep):  # type: ignore[misc]
    """Take what is there for up to date: doit's own."""

    name = "reset-dep"
    doc_description = "Only for tasks of other projects. Here doit adopt takes over tables that are there."
    instead = "doit keeps no records of these tasks. doit adopt takes over tables that are there"


class Strace(_HasNoUse, DoitStrace):  # type: ignore[misc]
    """Find the files that a task reads: doit's own."""

    name = "strace"
    doc_description = "Only for tasks of other projects. Here doit info TASK tells what a task is made from."
    instead = "doit info TASK tells what a task is made from"


class TabCompletion(_HasNoUse, DoitTabCompletion):  # type: ignore[misc]
    """Print a script for completion of tasks: doit's own."""

    name = "tabcompletion"
    doc_description = "Only for tasks of other projects. Here doit completion SHELL prints the script."
    instead = "doit completion SHELL prints the script, for bash, zsh and fish"
