"""From the command line to doit's namespace: settings, courses, tasks."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidDodoFile

from edxtasks.build.context import Context
from edxtasks.build.overrides import with_overrides
from edxtasks.build.registry import read_registry
from edxtasks.build.sets import WHOLE
from edxtasks.build.table_status import courses_without_table
from edxtasks.caches import keep_in
from edxtasks.config import Settings, load_settings
from edxtasks.digests import Digests
from edxtasks.directories import anything_of
from edxtasks.errors import SettingsError, UserError, from_machine
from edxtasks.graph.arguments import Arguments, choose
from edxtasks.graph.memory import StampChecker
from edxtasks.graph.reporter import RunReporter
from edxtasks.graph.screen import Screen
from edxtasks.graph.task_files import (
    other_commands,
    read_tasks,
    refuse_unknown,
    reserved_words,
)
from edxtasks.graph.tasks import Graph, task_kinds
from edxtasks.graph.without_effect import refuse_without_effect
from edxtasks.messages import Messages
from edxtasks.printable import printable_message, say
from edxtasks.scratch import keep_to, scratch_of, use
from edxtasks.steps.step import Run
from edxtasks.warehouse import open_warehouse


def load_namespace(folder: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """`DOIT_CONFIG` and the task creator for the command line `arguments`.

    Raises doit's `InvalidDodoFile` with the text of any `UserError`, so that doit shows it without a
    traceback and ends with status 3.
    """
    # Tens of thousands of tasks are made and kept for the run: looking for garbage among them again and
    # again would take a third of a run that has nothing to do.
    gc.set_threshold(500_000, 50, 50)
    words = Arguments.of(arguments)
    screen = Screen()
    try:
        is_run = not words.words or words.words[0] not in other_commands()
        screen.show(lambda: "reading settings and tables, making the tasks")
        settings = load_settings(folder, words.variables, environment)
        if not is_run and settings.options.log_json is not None:
            raise SettingsError(f"log_json: without effect on {words.words[0]}, only runs have such lines")
        graph = make_graph(settings, words)
    except (UserError, OSError) as error:
        screen.stop()
        raise InvalidDodoFile(printable_message(str(from_machine(error) or error))) from None
    except BaseException:
        screen.stop()
        raise

    def tasks() -> Iterator[dict[str, Any]]:
        try:
            yield from graph.tasks()
            gc.freeze()  # they live as long as the command: not looked at again, nor taken apart at its end
        finally:
            if not is_run:  # what it writes is its own
                screen.stop()

    return {
        "DOIT_CONFIG": {
            "default_tasks": [WHOLE],
            "continue": True,
            "par_type": "thread",
            "num_process": settings.processes if settings.processes > 1 else 0,
            "verbosity": 2,
            "backend": "memory",
            "check_file_uptodate": StampChecker,
            "reporter": RunReporter,
        },
        "task_edxtasks": tasks,
        "EDXTASKS_RUN": graph.run,
        "EDXTASKS_SCREEN": screen,
    }


def make_graph(settings: Settings, words: Arguments) -> Graph:
    """The graph of a run; notices about settings and courses go to stderr."""
    messages = Messages(list(settings.notices))
    keep_to(settings.file_mode)
    keep_in(settings.engine.state)
    all_tables = read_registry(settings.engine.state, reserved_words())
    registry = with_overrides(all_tables, settings, ())
    tasks = read_tasks(registry, settings)
    refuse_unknown(words.words, tasks, settings)
    kinds = task_kinds(registry, tasks)
    scratch = use(scratch_of(settings))
    warehouse = open_warehouse(settings, None, scratch)
    choice = choose(
        words,
        settings,
        kinds,
        lambda course: anything_of(course, settings) or bool(warehouse.states(course.dataset)),
        messages,
        without_table=partial(courses_without_table, warehouse, settings, messages),
    )
    registry = with_overrides(all_tables, settings, choice.courses)
    digests = Digests(settings.engine.state / "digests.json")
    context = Context(settings, registry, warehouse, digests, choice.courses)
    context.declared = frozenset(all_tables)
    context.scratch = scratch
    run = Run(context)
    for line in messages.lines:
        say(line)
    graph = Graph(run, tasks, choice, words)
    if words.variables and (reach := graph.reach()) is not None:
        refuse_without_effect(words.variables, settings, all_tables, tasks, reach)
    for line in graph.remarks:
        say(line)
    if settings.options.force_recompute:
        graph.force(words.targets or (WHOLE,))
    return graph
