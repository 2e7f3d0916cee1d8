"""`doit info TASK`: what a task makes and from what, whether that is up to date and why, who declares it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from doit.exceptions import InvalidCommand

from edxtasks.build.last_failures import LastFailures
from edxtasks.build.table_metadata import defined_in, files_read, settings_of
from edxtasks.build.table_status import time_text
from edxtasks.commands.ending import FAILED
from edxtasks.commands.graph_command import GraphCommand
from edxtasks.course import base_and_course
from edxtasks.graph.plan import Planned, plan
from edxtasks.graph.states import State, state_of, steps_of, summary
from edxtasks.graph.table_step import TableStep
from edxtasks.graph.task_files import TASKS
from edxtasks.graph.tasks import STEP
from edxtasks.printable import listed, number, printable_message, quantity
from edxtasks.steps.step import Step
from edxtasks.table import Need

_NEEDS: Mapping[Need, str] = {
    Need.REQUIRED: "made from",
    Need.OPTIONAL: "and, if there",
    Need.BORROWED: "as it stands",
}
_SHOWN = 12
_FRESH = {State.FRESH, State.NO_SOURCE, State.MAY_CHANGE}

_NO_STATUS = {
    "name": "hide_status",
    "long": "no-status",
    "type": bool,
    "default": False,
    "help": "do not look whether it is up to date",
}


class Info(GraphCommand):
    """Tell of tasks: what they make, from what, and how it stands with them."""

    name = "info"
    only_looks = True
    doc_purpose = "tell what a task makes, from what, and whether it is up to date"
    doc_usage = "[--no-status] TASK ..."
    doc_description = (
        "Also why it is not up to date, why it failed when it was last tried, where the table is kept, and "
        "which file declares it. Exit status 1 where a task is not up to date (doit's own rule); 0 with "
        "--no-status."
    )
    cmd_options = (_NO_STATUS,)

    def _execute(self, hide_status: bool) -> int:
        if self.sel_default_tasks:
            raise InvalidCommand("info needs a task: doit info TASK")
        tasks, selected = self.chosen()
        failures = LastFailures.read(self.run.context.settings.engine.state)
        stale = False
        for place, name in enumerate(selected):
            step = (tasks[name].meta or {}).get(STEP)
            looked = {} if hide_status else {one.name: one for one in plan(tasks, [name])}
            found = {
                one: state_of(tasks[one].meta[STEP], looked[one], failures)
                for one in steps_of(tasks, name)
                if one in looked
            }
            stale = stale or not _FRESH.issuperset(found.values())
            if place:
                print()
            if isinstance(step, Step):
                lines = self._of_step(tasks, step, looked.get(name), found.get(name), failures)
            else:
                lines = self._of_group(tasks, name, found)
            for line in lines:
                print(printable_message(line))
        return FAILED if stale else 0

    def _of_step(
        self,
        tasks: Mapping[str, Any],
        step: Step,
        planned: Planned | None,
        state: State | None,
        failures: LastFailures,
    ) -> Iterator[str]:
        base, _ = base_and_course(step.name)
        text = step.table.description if isinstance(step, TableStep) else _doc(tasks, base)
        yield f"{step.name}: {text}" if text else step.name
        yield ""
        facts: dict[str, str] = {}
        if state is not None and planned is not None:
            facts["state"] = state.value + (f": {planned.reason}" if planned.reason else "")
        failure = failures.found.get(step.makes)
        if failure is not None:
            facts["last failure"] = failure.told
        facts |= self._of_table(step) if isinstance(step, TableStep) else _of_task(step, base)
        yield from (f"  {word:13}  {text}" for word, text in facts.items() if text)

    def _of_table(self, step: TableStep) -> dict[str, str]:
        context, table = self.run.context, step.table
        facts = {"table": step.makes}
        state = context.state(table, step.course) if step.makes != step.name else None
        info = context.warehouse.info(context.name(table, step.course)) if state is not None else None
        if info is not None:
            rows = quantity(info.rows, "row")
            facts["table"] += f", {rows}, built {(time_text(info.modified) or '')[:16]} UTC"
        facts["kept in"] = str(step.location or "")
        for need, word in _NEEDS.items():
            facts[word] = ", ".join(one for one, how in table.inputs.items() if how is need)
        facts["files read"] = ", ".join(files_read(table))
        facts["files written"] = listed(step.files_written(), _SHOWN, None)
        readers = [one.task for one in context.registry.values() if table.name in one.inputs]
        facts["read by"] = listed(readers, _SHOWN)
        facts["settings"] = ", ".join(one.name for one in settings_of(table))
        facts["declared in"] = defined_in(table)
        return facts

    def _of_group(self, tasks: Mapping[str, Any], name: str, found: Mapping[str, State]) -> Iterator[str]:
        base, course = base_and_course(name)
        text = _doc(tasks, base)
        yield f"{name}: {text}" if text else name
        yield ""
        steps = list(steps_of(tasks, name))
        bases = list(dict.fromkeys(base_and_course(one)[0] for one in steps))
        courses = list(dict.fromkeys(filter(None, (base_and_course(one)[1] for one in steps))))
        facts = {
            "state": summary(found.values()) if found else "",
            "tasks": f"{number(len(steps))} of {quantity(len(courses), 'course')}"
            if courses
            else f"{len(steps)}",
            "courses": "" if course else listed(courses, _SHOWN),
            "made of": listed(bases, _SHOWN) if bases != [base] else "",
            "declared in": self._declared(base),
        }
        yield from (f"  {word:13}  {text}" for word, text in facts.items() if text)
        if bases != [base]:
            yield ""
            one = "TASK:COURSE" if courses else "TASK"
            yield f"doit info {one} tells of one; doit plan {name} tells what would run"

    def _declared(self, base: str) -> str:
        context = self.run.context
        table = next((one for one in context.registry.values() if one.task == base), None)
        if table is not None:
            return defined_in(table)
        return _of_task_file(base)


def _of_task(step: Step, base: str) -> dict[str, str]:
    return {"files written": listed(step.targets(), _SHOWN, None), "declared in": _of_task_file(base)}


def _of_task_file(base: str) -> str:
    """The file that declares a task without a table; "" where there is none."""
    file = TASKS / f"{base.partition(':')[0]}.py"
    return file.relative_to(TASKS.parents[1]).as_posix() if file.is_file() else ""


def _doc(tasks: Mapping[str, Any], base: str) -> str:
    task = tasks.get(base)
    return (task.doc or "") if task is not None else ""
