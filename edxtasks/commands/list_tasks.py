"""`doit list`: the tasks, their states, and those of one course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from doit.cmd_list import List as DoitList
from doit.exceptions import InvalidCommand

from edxtasks.build.last_failures import LastFailures
from edxtasks.commands.any_order import options_first
from edxtasks.commands.ending import EndsWell
from edxtasks.course import CourseKey, base_and_course, is_key
from edxtasks.graph.states import State, states, steps_of, summary
from edxtasks.printable import printable_message

_MEANINGS = {
    "subtasks": "also the tasks of single courses",
    "quiet": "names alone",
    "status": "also the state of each: fresh, stale, never built, failed (its last try), may change (what it "
    "is made from is not fresh), to be set aside, no source (nothing to make it from). All chosen courses "
    "are looked at; name one to be quick",
    "private": "also tasks whose name begins with _",
    "list_deps": "also what each is made from",
    "template": "how a line is printed, of {name}, {doc} and {status}",
}


class List(EndsWell, DoitList):  # type: ignore[misc]
    """Name the tasks."""

    name = "list"
    only_looks = True
    doc_purpose = "name the tasks, and how it stands with them"
    doc_usage = "[-s] [--all] [TASK ...] [COURSE ...]"
    doc_description = (
        "Without a word: all tasks. With a course, its tasks alone; with tasks, these alone. A state in the "
        "line of several tasks counts them."
    )
    cmd_options = tuple(
        {**option, "help": _MEANINGS.get(option["name"], option["help"])} for option in DoitList.cmd_options
    )

    def _parsed(self, in_args: Sequence[str]) -> int | None:
        return super()._parsed(options_first(in_args, self.get_options()))

    def _execute(
        self,
        subtasks: bool = False,
        quiet: bool = True,
        status: bool = False,
        private: bool = False,
        list_deps: bool = False,
        template: str | None = None,
        sort: str = "name",
        pos_args: Sequence[str] | None = None,
    ) -> int:
        run = self.loader.namespace.get("EDXTASKS_RUN")
        if run is None:
            given = (subtasks, quiet, status, private, list_deps, template, sort, pos_args)
            ended: int = super()._execute(*given)
            return ended
        tasks = {task.name: task for task in self.task_list}
        names = self._names(tasks, pos_args or (), subtasks)
        names = [name for name in names if private or not name.startswith("_")]
        if sort == "name":
            names.sort()
        told: dict[str, str] = {}
        if status or "{status" in (template or ""):
            found = states(tasks, names, LastFailures.read(run.context.settings.engine.state))
            told = {name: _state(tasks, name, found) for name in names}
        form = template or _form(names, told, quiet)
        for name in names:
            fields = {"name": name, "doc": _doc(tasks, name), "status": told.get(name, "")}
            print(printable_message(form.format(**fields)).rstrip())
            if list_deps:
                for before in tasks[name].task_dep:
                    print(printable_message(f" -  {before}"))
        return 0

    def _names(self, tasks: Mapping[str, Any], words: Sequence[str], subtasks: bool) -> list[str]:
        """The tasks that are asked for. Raises `InvalidCommand` for a word that names nothing."""
        courses = [str(CourseKey.parse(word)) for word in words if word not in tasks and is_key(word)]
        named = [word for word in words if word in tasks or not is_key(word)]
        for word in named:
            if word not in tasks:
                raise InvalidCommand(not_found=word)
        if courses:
            chosen = [name for name in tasks if base_and_course(name)[1] in courses]
            bases = set(named) or {base_and_course(name)[0] for name in chosen}
            return [name for name in chosen if base_and_course(name)[0] in bases]
        if named:
            return [one for name in named for one in (name, *(_subtasks(tasks, name) if subtasks else ()))]
        return [name for name, task in tasks.items() if subtasks or not task.subtask_of]


def _subtasks(tasks: Mapping[str, Any], name: str) -> list[str]:
    return [one for one in tasks[name].task_dep if tasks[one].subtask_of == name]


def _state(tasks: Mapping[str, Any], name: str, found: Mapping[str, State]) -> str:
    return summary(found[one] for one in steps_of(tasks, name) if one in found)


def _doc(tasks: Mapping[str, Any], name: str) -> str:
    base = tasks.get(base_and_course(name)[0])
    return tasks[name].doc or (base.doc if base is not None else "") or ""


def _form(names: Sequence[str], told: Mapping[str, str], quiet: bool) -> str:
    width = max(map(len, names), default=0)
    states_width = max(map(len, told.values()), default=0)
    status = f"{{status:<{states_width}}}  " if told else ""
    return f"{{name:<{width}}}  {status}" + ("" if quiet else "{doc}")
