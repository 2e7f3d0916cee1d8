"""`doit run`, the command behind a bare `doit TASK`: doit's own, with three additions.

The failure of an optional input does not block what could use it; workers end with the run, also on Ctrl-C,
SIGTERM and when nobody reads its messages any more; and the reporter is told how far long tasks are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from doit.cmd_run import Run as DoitRun
from doit.control import TaskControl
from doit.runner import MThreadRunner, Runner
from doit.task import Stream

from edxtasks.commands.ending import INTERRUPTED, EndsWell, NobodyReads, ignore_interrupts, watching_readers
from edxtasks.commands.old_forms import AnswersOldForms
from edxtasks.graph.reporter import RunReporter
from edxtasks.graph.tasks import MARK, STEP, TOLERATES
from edxtasks.printable import say


class _Tolerant:
    """Leaves out, among the failed inputs of a task, those that it can do without.

    `marks`: it is remembered for which courses a set of tasks has succeeded.
    """

    marks = True

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
        return chosen


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
        run.processes = max(1, num_process)
        if always:
            run.forced.update(self.control.tasks)
        # As doit does: a name is a file to write, anything else is written to as it is.
        stream = Path(outfile).open("w", encoding="utf-8") if isinstance(outfile, str) else outfile  # noqa: SIM115
        reporter_class = self.reporters[reporter] if isinstance(reporter, str) else reporter
        report = reporter_class(stream, {"failure_verbosity": failure_verbosity})
        if isinstance(report, RunReporter):
            run.progress = report.progress
            report.locate(run.context.warehouse.where)
            report.pages = run.context.settings.engine.state / "runs"
        arguments = [self.dep_manager, report, continue_, always, Stream(verbosity, force_verbosity)]
        runner = ThreadRunner(*arguments, num_process) if num_process else SerialRunner(*arguments)
        runner.marks = not single  # without their inputs, sets do nothing
        scratch = run.context.scratch
        try:
            if runner.marks:
                self._remove_marks()
            scratch.sweep()  # what a killed run has left
            if warning := scratch.warning():
                say(f"warning: {warning}")
            with watching_readers() as nobody_reads:
                if isinstance(report, RunReporter):
                    report.nobody_reads = nobody_reads
                ended: int = runner.run_all(self.control.task_dispatcher())
                for remark in run.context.warehouse.remarks():
                    say(f"note: {remark}")
                return ended
        except NobodyReads:
            raise
        except KeyboardInterrupt:
            say("interrupted: what was finished is kept, the next run goes on from there")
            return INTERRUPTED
        finally:
            ignore_interrupts()
            run.workers.stop()
            scratch.close()
            scratch.sweep()  # what the workers have left, which were stopped in the middle of their work
            run.context.digests.save()
            if isinstance(outfile, str):
                stream.close()

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
