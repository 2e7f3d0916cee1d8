"""How a task that makes no table of the registry says what it is, once, for everybody.

Such a task is one file `edxtasks/tasks/NAME.py` with a `TASK`, or several tasks `NAME:…` with a `FAMILY`. Its
name comes from the file's, its line in `doit list` from `text`. No other file names it: in which sets and
commands it is, what it needs, whether it takes files, which step does its work, all stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edxtasks.config import Options, Settings
from edxtasks.course import CourseKey
from edxtasks.steps.made import Made
from edxtasks.steps.step import Run, Step
from edxtasks.table import Need, Table, commands_in

DUMP = "dump"
"""What tables are made from that read files of the dump, as `Task.makes` and `Task.needs` name it."""

PLACES_OF_REPORTS = ("org", "output_project_id", "output_dataset_id", "output_bucket")
"""Options that say where tables and files of reports are."""

Registry = Mapping[str, Table]


@dataclass(frozen=True)
class TaskOfRun:
    """What a step is made for: the task as doit has it (`name`), its course, and the run around it.

    `part` is the sub-task of no course (`Task.parts`), `asked` whether a person named the task, `files` are
    the words behind its name, of a task that takes them, `makes` the tables that the run may make. `shared`
    is for what all steps of the task have in common in one run.
    """

    run: Run
    name: str
    course: CourseKey | None = None
    part: str = ""
    asked: bool = False
    files: tuple[str, ...] = ()
    makes: frozenset[str] = frozenset()
    shared: dict[str, Any] = field(default_factory=dict)

    @property
    def of_course(self) -> CourseKey:
        """The course of a task of each course. Raises `LookupError` for another."""
        if self.course is None:
            raise LookupError(f"{self.name} is not a task of a course")
        return self.course


class CourseStep(Step):
    """A step of a task with a sub-task for each course, for one of them."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)
        self.course = of.of_course


@dataclass(frozen=True)
class Task:
    """A task that makes no table of the registry, with a sub-task for each course, or `once` in a run.

    `text` says in a line what it does, `step` gives the step behind it. `aliases` are other names of it.

    `member_of` names the sets and commands that it is part of, as the header of a table does: `doall`,
    `doall unless skip_log_loading`. Wherever it is a member together with those that it `follows`, it comes
    after them.

    `needs` are tasks, tables, or what tasks make (`tracklog`, `dump`): a failure of what is not REQUIRED does
    not hold it up; what is BORROWED is not made for it, and comes first where the run makes it anyway.
    `needs_tables` gives more of them, those that are known from the registry alone. `makes` is what tables
    and other tasks wait for; where it is not `active` with the settings of a run nobody does. `made` tells
    the files that it makes, and from what, for `doit graph`.

    `stands_for` is the command of tables that it is another name of: it needs no step. `parts` are sub-tasks
    of no course; with `parts_last` they come after those of the courses and
    all tables of the run, whose failure does not hold them up. `takes_files`: the words behind it on the line
    are files. `options`: those that it heeds and not every task does; a run without those that heed one
    refuses it. `redone`:
    `force_recompute` does its work again.
    """

    text: str = ""
    step: Callable[[TaskOfRun], Step] | None = None
    name: str = ""
    aliases: tuple[str, ...] = ()
    once: bool = False
    member_of: str = ""
    follows: tuple[str, ...] = ()
    needs: Mapping[str, Need] = field(default_factory=dict)
    needs_tables: Callable[[Registry], Mapping[str, Need]] | None = None
    makes: str = ""
    active: Callable[[Settings], bool] | None = None
    made: Callable[[Registry], Sequence[Made]] | None = None
    stands_for: str = ""
    parts: tuple[str, ...] = ()
    parts_last: bool = False
    takes_files: bool = False
    options: tuple[str, ...] = ()
    redone: bool = True
    fault: str = ""

    def groups(self, options: Options) -> list[str]:
        """The sets and commands that it is part of with these options."""
        return [one.name for one in commands_in(self.member_of) if one.holds(options)]

    def all_needs(self, registry: Registry) -> dict[str, Need]:
        """What it needs, with this registry."""
        return {**self.needs, **(self.needs_tables(registry) if self.needs_tables is not None else {})}

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and the other ones."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Family:
    """Tasks `NAME:…` of one file, which the settings name. A bare `NAME` is no task.

    `tasks` gives them, with their whole names. `unknown` says what to type instead of a name that is none of
    them ("": none was given).
    """

    tasks: Callable[[Settings], Sequence[Task]]
    unknown: Callable[[str, Settings], str]
