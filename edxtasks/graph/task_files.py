"""Tasks that make no table of the registry: found by their files below `edxtasks/tasks/`."""

from __future__ import annotations

import dataclasses
import importlib
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from doit.doit_cmd import DoitMain

from edxtasks.build.freshness import Status
from edxtasks.build.registry import commands
from edxtasks.build.sets import SETS
from edxtasks.config import Options, Settings
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, UserError, nearest
from edxtasks.graph.arguments import base_of
from edxtasks.steps.step import Step
from edxtasks.steps.task import DUMP, Family, Registry, Task, TaskOfRun
from edxtasks.table import TRACKLOG, commands_in
from edxtasks.workers import Job

TASKS = Path(__file__).parents[1] / "tasks"
PACKAGE = "edxtasks.tasks"
_NO_SETTINGS = Settings(root=Path())

_OPTIONS = frozenset(field.name for field in dataclasses.fields(Options))


class _Faulty(Step):
    """A task whose file is wrong: it fails and says why, and holds up nothing else."""

    def __init__(self, of: TaskOfRun, fault: str) -> None:
        super().__init__(of.run, of.name)
        self._told = fault

    def check(self) -> tuple[Status, str]:
        raise UserError(self._told)

    def job(self) -> Job:
        raise UserError(self._told)


def read_tasks(registry: Registry, settings: Settings | None = None) -> dict[str, Task]:
    """All of them by name, each after those that it follows or needs; of families those that `settings` name.

    One whose file cannot be imported, or names what is not there, has a `fault`, and a step that fails with
    it.
    """
    found = {task.name: task for path in _files() for task in _tasks_of(path, settings or _NO_SETTINGS)}
    known = {*found, *registry, TRACKLOG, DUMP}
    groups = {*SETS, *(one.name for table in registry.values() for one in table.commands)}
    checked = {
        name: _with_fault(task, next(_faults(task, registry, known, groups), ""))
        for name, task in found.items()
    }
    return _in_order(checked)


def reserved_words() -> frozenset[str]:
    """What no table or command of tables may be called: sets, tasks without a table, commands of doit."""
    tasks = (task for path in _files() for task in _tasks_of(path, _NO_SETTINGS))
    names = {name for task in tasks for name in task.names} | {path.stem for path in _files()}
    return frozenset(SETS) | names | other_commands() | {"run"}


@cache
def other_commands() -> frozenset[str]:
    """The commands of doit, its own and ours, but for `run`, which is meant where none is named."""
    names = {one.get_name() for one in DoitMain.DOIT_CMDS}
    names |= {one.name for one in entry_points(group="doit.COMMAND")}
    return frozenset(names - {"run"})


def _files() -> list[Path]:
    return [path for path in sorted(TASKS.glob("*.py")) if not path.name.startswith("_")]


def refuse_unknown(words: Iterable[str], tasks: Mapping[str, Task], settings: Settings) -> None:
    """Raise `SettingsError` for a word that is of a family and names none of its tasks."""
    for word in words:
        name, _, rest = word.partition(":")
        if "*" in word or base_of(word, tasks)[0] in tasks or not (TASKS / f"{name}.py").is_file():
            continue
        family = getattr(importlib.import_module(f"{PACKAGE}.{name}"), "FAMILY", None)
        if isinstance(family, Family):
            told = family.unknown(rest.partition(":")[0], settings)
            raise SettingsError(f"{shorten(word)}: expected {name}:NAME or {name}:NAME:COURSE; {told}")


def _tasks_of(path: Path, settings: Settings) -> list[Task]:
    try:
        module = importlib.import_module(f"{PACKAGE}.{path.stem}")
        family = getattr(module, "FAMILY", None)
        if isinstance(family, Family):
            return list(family.tasks(settings))
        declared = getattr(module, "TASK", None)
    except Exception as error:  # noqa: BLE001 - it fails this task, and the others go on
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
        return [_with_fault(Task(name=path.stem), f"{path}: it cannot be imported: {told}")]
    if not isinstance(declared, Task) or declared.step is None:
        return [_with_fault(Task(name=path.stem), f"{path}: expected TASK = Task(…) with a step, found none")]
    return [dataclasses.replace(declared, name=path.stem)]


def _with_fault(task: Task, fault: str) -> Task:
    if not fault:
        return task
    return Task(
        text=task.text or task.name,
        name=task.name,
        once=task.once,
        step=lambda of: _Faulty(of, fault),
        fault=fault,
    )


def _faults(task: Task, registry: Registry, known: Collection[str], groups: Collection[str]) -> Iterator[str]:
    """What is wrong with what a task says of itself, for people."""
    place = f"{TASKS / task.name.partition(':')[0]}.py"
    if task.fault:
        yield task.fault
        return
    try:
        memberships = commands_in(task.member_of)
    except ValueError as error:
        yield f"{place}: {error}"
        return
    for one in memberships:
        if one.name not in groups:
            hint = nearest(one.name, groups)
            yield f"{place}: it is a member of {one.name}, which is not a set or command{hint}"
        if one.option and one.option not in _OPTIONS:
            yield f"{place}: {one.option} is not an option{nearest(one.option, _OPTIONS)}"
    for name in (*task.all_needs(registry), *task.follows):
        if name not in known:
            yield f"{place}: it needs {name}, which is not a task or table{nearest(name, known)}"
    for name in task.names:
        if name in registry or name in commands(registry) or name in SETS:
            yield f"{place}: {name} is a table, command or set already"
    if task.stands_for and task.stands_for not in groups:
        yield f"{place}: {task.stands_for} is not a command{nearest(task.stands_for, groups)}"


def _in_order(tasks: Mapping[str, Task]) -> dict[str, Task]:
    ordered: dict[str, Task] = {}
    begun: set[str] = set()

    def visit(name: str) -> None:
        if name not in tasks or name in begun:
            return
        begun.add(name)
        for before in (*tasks[name].needs, *tasks[name].follows):
            visit(before)
        ordered[name] = tasks[name]

    for name in sorted(tasks):
        visit(name)
    return ordered
