"""`doit run`, the command behind a bare `doit TASK`: doit's own, with three additions.

The failure of an optional input does not block what could use it; workers end with the run, also on Ctrl-C,
SIGTERM and when nobody reads its messages any more; and the reporter is told how far long tasks are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from doit.cmd_run import Run as DoitRun
from doit.control import TaskControl
from doit.exceptions import BaseFail, UnmetDependency
from doit.runner import MThreadRunner, Runner
from doit.task import Stream

from edxtasks.build.last_failures import LastFailures
from edxtasks.commands.ending import FAILED, EndsWell, ignore_interrupts
from edxtasks.commands.guard import INTERRUPTED, OUTPUT_CLOSED, NobodyReads, current
from edxtasks.commands.old_forms import AnswersOldForms
from edxtasks.errors import SettingsError
from edxtasks.graph.json_lines import JsonLines
from edxtasks.graph.reporter import RunReporter
from edxtasks.graph.screen import Screen
from edxtasks.graph.tasks import MARK, STEP, TOLERATES
from edxtasks.printable import say
from edxtasks.steps.step import Run as EdxtasksRun

SCREEN = "EDXTASKS_SCREEN"
"""Key in doit's namespace for what the run writes on: a `Screen`, made while the tasks are."""

_ENDINGS = {0: "succeeded", INTERRUPTED: "interrupted", OUTPUT_CLOSED: "output closed"}
"""What `log_json` says of a run by its exit status; any other is a failure."""


class _Tolerant:
    """Leaves out, among the failed inputs of a task, those that it can do without.

    `marks`: it is remembered for which courses a set of tasks has succeeded; `failures`: and which tasks
    failed.
    """

    marks = True
    failures: LastFailures | None = None

    def select_task(self, node: Any, tasks_dict: Any) -> bool:
        meta = node.task.meta or {}
        if node.bad_deps and STEP in meta:  # a command fails with any of the tasks that it names
            meta[STEP].failed_inputs = frozenset(one.task.name for one in node.bad_deps)
            bad = [one for one in node.bad_deps if one.task.name not in meta[TOLERATES]]
            node.bad_deps = [one for one in bad if _blocks(one.task)]
        chosen: bool = super().select_task(node, tasks_dict)  # type: ignore[misc]
        mark = (node.task.meta or {}).get(MARK)
        if mark is not None and node.run_status == "up-to-date" and self.marks:
            mark.write()
        if node.run_status == "up-to-date":
            self._note_success(node.task)
        return chosen

    def process_task_result(self, node: Any, base_fail: Any) -> None:
        super().process_task_result(node, base_fail)  # type: ignore[misc]
        if node.run_status == "successful":
            self._note_success(node.task)

    def _handle_task_error(self, node: Any, base_fail: BaseFail) -> None:
        super()._handle_task_error(node, base_fail)  # type: ignore[misc]
        step = (node.task.meta or {}).get(STEP)
        if self.failures is None or step is None or isinstance(base_fail, UnmetDependency):
            return
        if not step.is_held:
            self.failures.failed(step.makes, step.name, base_fail.message)

    def _note_success(self, task: Any) -> None:
        step = (task.meta or {}).get(STEP)
        if self.failures is not None and step is not None:
            self.failures.succeeded(step.makes)


def _blocks(failed: Any) -> bool:
    """Whether the failure of a task holds up what needs it: of all but a step that says that it does not."""
    step = (failed.meta or {}).get(STEP)
    return step is None or step.blocks


class SerialRunner(_Tolerant, Runner):  # type: ignore[misc]
    """One task after the other."""


class ThreadRunner(_Tolerant, MThreadRunner):  # type: ignore[misc]
    """Several tasks at once, each in a thread that waits for its worker process."""


class Run(AnswersOldForms, EndsWell, DoitRun):  # type: ignore[misc]
    """Run tasks."""

    name = "run"
    doc_purpose = "run tasks: doit TASK is short for it"
    doc_usage = "[-n N] [TASK ...] [name=value ...]"
    doc_description = (
        "Builds what the tasks make, and before that what they are made from; what is up to date is left "
        "alone. Without a task: weekly. A course is part of the name, TASK:COURSE; several are courses=A,B "
        "or clist=NAME, else course_id_list of the configuration. Options of tasks are words name=value in "
        "any place (docs/settings.md). Tasks go on after others have failed; what needs a failed one is not "
        "tried. Exit status: 0 all is built or was up to date, 1 a task failed, 2 so did what needs it, 3 "
        "the command line or the configuration is wrong, 130 interrupted, 141 the output pipe was closed. "
        "doit list names the tasks, doit help the commands."
    )
    meanings = {
        "always": "also build what is up to date: the named tasks and all that they are made from",
        "continue": "go on with other tasks after one has failed. Default: on; --no-continue stops at once",
        "verbosity": "what is shown of what tasks print: 0 nothing, 1 errors, 2 all. Default: 2",
        "reporter": "who tells of the run; other ones than ours are doit's (console, json, zero, …). "
        "Default: ours",
        "outfile": "write the closing table into this file. Default: the standard output",
        "num_process": "tasks at once. Default: maximum_parallel_processes of the configuration, else one",
        "single": "only the named tasks, without what they are made from",
    }
    examples = (
        ("weekly", "everything"),
        ("-n 8 weekly", "eight tasks at once"),
        ("person_course:MITx/2.03x/3T2013", "one table of one course"),
        ("person_course clist=spring", "the courses of a list"),
    )

    def parse_execute(self, in_args: Sequence[str]) -> int | None:
        """Parse the words of the command line, run the tasks, give the exit status."""
        try:
            return super().parse_execute(in_args)
        finally:
            screen = (getattr(self.loader, "namespace", None) or {}).get(SCREEN)
            if screen is not None:
                ignore_interrupts()  # nothing comes but the end: one more Ctrl-C must not break into that
                screen.stop()

    def _execute(
        self,
        outfile: Any,
        verbosity: int | None = None,
        always: bool = False,
        continue_: bool = False,
        reporter: Any = "console",
        num_process: int = 0,
        par_type: str = "thread",
        single: bool = False,
        auto_delayed_regex: bool = False,
        force_verbosity: bool = False,
        failure_verbosity: int = 0,
        pdb: bool = False,
    ) -> int:
        run = self.loader.namespace.get("EDXTASKS_RUN")
        if run is None:
            status: int = super()._execute(
                outfile,
                verbosity,
                always,
                continue_,
                reporter,
                num_process,
                par_type,
                single,
                auto_delayed_regex,
                force_verbosity,
                failure_verbosity,
                pdb,
            )
            return status
        self.control = TaskControl(self.task_list, auto_delayed_regex=auto_delayed_regex)
        self.control.process(self.sel_tasks)
        if single:
            self._leave_inputs_out()
        if num_process < 0:
            raise SettingsError(f"-n: expected a whole number from 1 up, found {num_process}")
        run.processes = max(1, num_process)
        if always:
            run.forced.update(self.control.tasks)
        with _opened(outfile) as stream:
            reporter_class = self.reporters[reporter] if isinstance(reporter, str) else reporter
            report = reporter_class(stream, {"failure_verbosity": failure_verbosity})
            arguments = [self.dep_manager, report, continue_, always, Stream(verbosity, force_verbosity)]
            runner = ThreadRunner(*arguments, num_process) if num_process else SerialRunner(*arguments)
            runner.failures = LastFailures.read(run.context.settings.engine.state)
            runner.marks = not single  # without their inputs, sets do nothing
            return self._run_tasks(run, runner, report)

    def _run_tasks(self, run: EdxtasksRun, runner: Any, report: Any) -> int:
        """Run what is chosen and leave nothing open; the exit status."""
        screen = self.loader.namespace.get(SCREEN) or Screen()
        log = None
        ended = FAILED
        try:
            log = _prepare(report, screen, run)
            if runner.marks:
                self._remove_marks()
            _clear_scratch(run)
            if (guard := current()) is not None:
                screen.nobody_reads = guard.nobody_reads
                guard.take_time()
            ended = runner.run_all(self.control.task_dispatcher())
            for remark in run.context.warehouse.remarks():
                say(f"note: {remark}")
        except NobodyReads:
            ended = OUTPUT_CLOSED
            raise
        except KeyboardInterrupt:
            ended = INTERRUPTED
            say("interrupted: what was finished is kept, the next run goes on from there")
        finally:
            ignore_interrupts()
            run.workers.stop()
            screen.stop()
            runner.failures.save()
            _close(run)
            if log is not None:
                ended = _end_log(log, report, ended)
        return ended

    def _remove_marks(self) -> None:
        for name in self.control.selected_tasks:
            for one in (name, *self.control.tasks[name].task_dep):
                mark = (self.control.tasks[one].meta or {}).get(MARK)
                if mark is not None:
                    mark.remove()

    def _leave_inputs_out(self) -> None:
        for name in self.control.selected_tasks:
            task = self.control.tasks[name]
            for one in [self.control.tasks[sub] for sub in task.task_dep] if task.has_subtask else [task]:
                one.task_dep = []


@contextmanager
def _opened(outfile: Any) -> Iterator[Any]:
    """What the closing table is written to. As doit does: a name is a file to write, anything else is
    written to as it is."""
    if isinstance(outfile, str):
        with Path(outfile).open("w", encoding="utf-8") as stream:
            yield stream
    else:
        yield outfile


def _prepare(report: Any, screen: Screen, run: EdxtasksRun) -> JsonLines | None:
    """Tell the reporter what it needs to know of a run, where it is ours; the `log_json` that it writes.
    Raises `SettingsError` for a `log_json` that cannot be written to."""
    if not isinstance(report, RunReporter):
        screen.stop()
        return None
    settings = run.context.settings
    report.screen = screen
    report.verbose = settings.options.verbose
    report.places.add(run.context.warehouse.where)
    report.pages = settings.engine.state / "runs"
    run.progress = report.record.progress
    if settings.options.log_json is not None:
        report.json = JsonLines(settings.options.log_json, report.record.wall)
    return report.json


def _clear_scratch(run: EdxtasksRun) -> None:
    """Remove what a killed run has left, and warn where scratch itself is not as it should be."""
    scratch = run.context.scratch
    scratch.sweep()
    if warning := scratch.warning():
        say(f"warning: {warning}")


def _close(run: EdxtasksRun) -> None:
    """Remove the scratch of a run whose workers have ended, and keep what it learnt."""
    scratch = run.context.scratch
    scratch.close()
    scratch.sweep()  # what the workers have left, which were stopped in the middle of their work
    run.context.digests.save()
    run.context.warehouse.save_listings()


def _end_log(log: JsonLines, report: RunReporter, status: int) -> int:
    """Write the last line of `log_json`; the exit status, which tells where lines could not be written."""
    log.end(report.record, _ENDINGS.get(status, "failed"), report.places)
    if not log.fault:
        return status
    say(f"FAILED  log_json: not all lines could be written: {log.fault}")
    return status or FAILED
