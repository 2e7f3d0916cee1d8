"""`external:NAME`: programs of an office, or of others, run for a course on its tables (docs/external.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edxtasks.build.build_table import Built
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status
from edxtasks.caches import keeps_caches
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.external.definitions import STATA, Definition, definitions, native, unknown
from edxtasks.external.run_records import Record, read_record, remove_record, write_record
from edxtasks.external.running import environment, note_job, run, submit
from edxtasks.external.script import Prepared, shown
from edxtasks.files import write_atomically
from edxtasks.locks import Lock
from edxtasks.messages import Messages
from edxtasks.printable import listed, printable_path
from edxtasks.steps.in_worker import JobContext, context_of
from edxtasks.steps.made import Made
from edxtasks.steps.task import PLACES_OF_REPORTS, CourseStep, Family, Registry, Task, TaskOfRun
from edxtasks.table import Need
from edxtasks.warehouse.base import TableName, digest
from edxtasks.workers import Job, Progress

NAME = Path(__file__).stem
SCRIPT = "the script"
"""The part of a record that is not a table."""


@dataclass(frozen=True)
class Program:
    """What a worker needs to run an external command for a course."""

    name: str
    course: CourseKey
    words: tuple[str, ...]
    run_dir: Path
    log_file: Path
    outputs: tuple[str, ...]
    parts: Mapping[str, str]
    environment: Mapping[str, str]
    leftover: Path | None = None


class ExternalStep(CourseStep):
    """An external command for a course: its script, its program, the tables that it writes."""

    def __init__(self, of: TaskOfRun, definition: Definition) -> None:
        super().__init__(of)
        self._definition = definition
        self._prepared: Prepared | None = None
        self._parts: dict[str, str] = {}

    def check(self) -> tuple[Status, str]:
        context, definition = self.run.context, self._definition
        self._prepared = prepared = Prepared.of(definition, context, self.course)
        command = shown(prepared.command())
        text = prepared.text
        if keeps_caches():  # else the command of the line only looks
            prepared.script.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(prepared.script, text.encode())
        if context.settings.options.skiprun:
            return Status.SKIPPED, f"not run (skiprun): {command}, in {printable_path(prepared.run_dir)}"
        self._parts = self._made_from(prepared)
        if not definition.output_table or not definition.depends_on:
            return Status.STALE, "it runs each time: depends_on and output_table say no more"
        return self._compared()

    def _made_from(self, prepared: Prepared) -> dict[str, str]:
        """What a run is made from, by part. Raises `UserError` where a table is missing."""
        context = self.run.context
        dataset = context.dataset(self.course)
        states = context.warehouse.states(dataset)
        missing = [name for name in self._definition.depends_on if name not in states]
        if missing:
            known = [name for name in missing if name in context.registry]
            hint = f" (doit {known[0]}:{self.course})" if known else ""
            raise UserError(f"{dataset} has no table {listed(missing)}, which it reads: make it first{hint}")
        tables = (*self._definition.depends_on, *self._definition.looks_at)
        return {SCRIPT: prepared.recipe(), **versions_of(context, self.course, tables)}

    def _compared(self) -> tuple[Status, str]:
        """Whether the last run was made from the same, and its tables stand as it left them."""
        name, outputs = self._definition.name, self._definition.output_table
        versions = versions_of(self.run.context, self.course, outputs)
        absent = [one for one in outputs if one not in versions]
        record = read_record(self.run.context, self.course, name)
        if record is not None and record.parts == self._parts and record.cluster:
            if absent or any(versions[one] == record.outputs.get(one) for one in outputs):
                return Status.STALE, f"submitted as cluster {record.cluster}, whose tables are not there yet"
            return Status.FRESH, f"made by cluster {record.cluster}"
        if absent:
            return Status.STALE, f"{listed(absent)} does not exist"
        if record is None:
            return Status.STALE, f"{listed(outputs)} was not made by this command"
        changed = [
            part
            for part in dict.fromkeys((*self._parts, *record.parts))
            if self._parts.get(part) != record.parts.get(part)
        ]
        if changed:
            return Status.STALE, f"{listed(changed)} changed"
        replaced = [one for one in outputs if versions[one] != record.outputs.get(one)]
        if replaced:
            return Status.STALE, f"{listed(replaced)} was replaced since"
        return Status.FRESH, ""

    def job(self) -> Job:
        prepared, definition = self._prepared, self._definition
        assert prepared is not None
        leftover = prepared.run_dir / f"{prepared.script.stem}.log"
        program = Program(
            definition.name,
            self.course,
            tuple(prepared.command()),
            prepared.run_dir,
            prepared.log_file,
            definition.output_table,
            self._parts,
            environment(self.run.context.settings),
            leftover if definition.text("type") == STATA else None,
        )
        if not self.run.context.settings.options.submit_condor:
            return Job(run_program, (self.job_context(), program))
        prefix, cidns = prepared.values["filename_prefix"], prepared.values["cidns"]
        file = prepared.root / "CONDOR" / f"{prefix}-{cidns}.submit"
        return Job(submit_program, (self.job_context(), program, prepared.root, file, prepared.condor(file)))

    def forget(self) -> bool:
        return remove_record(self.run.context, self.course, self._definition.name)

    def removable(self) -> list[str]:
        dataset = self.run.context.dataset(self.course)
        states = self.run.context.warehouse.states(dataset)
        return [str(TableName(dataset, name)) for name in self._definition.output_table if name in states]

    def clean(self) -> None:
        for name in self._definition.output_table:
            self.run.context.warehouse.drop(TableName(self.run.context.dataset(self.course), name))

    def refresh(self) -> None:
        self.run.context.warehouse.refresh(self.run.context.dataset(self.course))


def versions_of(context: Context, course: CourseKey, names: Sequence[str]) -> dict[str, str]:
    """The versions of those of the tables that exist, by name.

    Of one that we have not built it counts too when it was changed: nothing else may tell on BigQuery.
    """
    dataset = context.dataset(course)
    states = context.warehouse.states(dataset)
    versions = {name: states[name].version for name in names if name in states}
    for name in versions:
        info = context.warehouse.info(TableName(dataset, name)) if states[name].stamp is None else None
        if info is not None:
            versions[name] += f" {info.modified!r}"
    return versions


def _written(context: Context, course: CourseKey, names: Sequence[str]) -> dict[str, object]:
    """When tables were written last, by name; None for one that does not exist."""
    context.warehouse.refresh(context.dataset(course))
    infos = {name: context.warehouse.info(TableName(context.dataset(course), name)) for name in names}
    return {name: info and (info.modified, info.created, info.rows) for name, info in infos.items()}


def run_program(progress: Progress, job: JobContext, program: Program) -> Built:
    """Run an external command, and see that it wrote its tables. One run at a time does so: scripts, files
    and output of a program bear the names of command and course alone."""
    context = context_of(job)
    waited: list[str] = []

    def tell(told: str) -> None:
        waited.append(told)
        progress(0, 0, told)

    with Lock(_lock_file(context, program), f"external:{program.name}:{program.course}", tell):
        if waited and (built := _already(context, program)) is not None:
            return built
        return _run(context, program)


def _lock_file(context: Context, program: Program) -> Path:
    folder = context.settings.engine.state / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"external-{digest(program.name, str(program.course))}.lock"


def _already(context: Context, program: Program) -> Built | None:
    """What the run did that was waited for, where it is what this one would do."""
    record = read_record(context, program.course, program.name)
    versions = versions_of(context, program.course, program.outputs)
    if not program.outputs or record != Record(program.parts, versions):
        return None
    states = context.warehouse.states(context.dataset(program.course))
    return Built(sum(states[name].rows for name in program.outputs), already=True)


def _run(context: Context, program: Program) -> Built:
    before = _written(context, program.course, program.outputs)
    try:
        run(program.words, program.run_dir, program.log_file, program.environment)
    finally:
        if program.leftover is not None:
            program.leftover.unlink(missing_ok=True)
    after = _written(context, program.course, program.outputs)
    old = [name for name in program.outputs if after[name] is None or after[name] == before[name]]
    if old:
        raise UserError(
            f"the program ended well, but did not write {listed(old)} in "
            f"{context.dataset(program.course)}; its output is in {printable_path(program.log_file)}"
        )
    versions = versions_of(context, program.course, program.outputs)
    write_record(context, program.course, program.name, Record(program.parts, versions))
    messages = Messages()
    messages.note(f"output of the program: {printable_path(program.log_file)}")
    states = context.warehouse.states(context.dataset(program.course))
    rows = sum(states[name].rows for name in program.outputs)
    return Built(rows, messages=messages) if program.outputs else Built(1, messages=messages, unit="runs")


def submit_program(
    progress: Progress, job: JobContext, program: Program, root: Path, file: Path, text: str
) -> Built:
    """Submit an external command to HTCondor; its end is not waited for."""
    context = context_of(job)
    versions = versions_of(context, program.course, program.outputs)
    cluster = submit(file, text, root, program.environment)
    note_job(root, program.course, cluster, program.log_file)
    write_record(context, program.course, program.name, Record(program.parts, versions, cluster))
    messages = Messages()
    messages.note(f"submitted as cluster {cluster}: {printable_path(file)}; its end is not waited for")
    return Built(1, messages=messages, unit="jobs")


# The tasks


def _tasks(settings: Settings) -> list[Task]:
    found = definitions(settings)
    tasks = [_task(definition, found, settings) for definition in found.values()]
    for name, command in native(settings).items():
        tasks.append(Task(name=f"{NAME}:{name}", stands_for=command))
    return tasks


def _task(definition: Definition, others: Mapping[str, Definition], settings: Settings) -> Task:
    # What another command writes is not made for this one, but comes first where the run makes both.
    before = {
        f"{NAME}:{other.name}": Need.BORROWED
        for other in others.values()
        if set(other.output_table) & set(definition.depends_on)
        and not set(definition.output_table) & set(other.depends_on)
    }
    return Task(
        name=f"{NAME}:{definition.name}",
        text=definition.title,
        step=partial(ExternalStep, definition=definition),
        needs=before,
        needs_tables=partial(_inputs, definition, settings.options.skiprun),
        made=partial(_made, definition),
        options=("extparam", "skiprun", "submit_condor", *PLACES_OF_REPORTS),
        fault=definition.fault,
    )


def _inputs(definition: Definition, only_show: bool, registry: Registry) -> dict[str, Need]:
    need = Need.BORROWED if only_show else Need.REQUIRED
    tables = dict.fromkeys(definition.looks_at, Need.BORROWED) | dict.fromkeys(definition.depends_on, need)
    return {name: need for name, need in tables.items() if name in registry}


def _made(definition: Definition, registry: Registry) -> list[Made]:
    inputs = dict.fromkeys(definition.looks_at, Need.OPTIONAL)
    inputs |= dict.fromkeys(definition.depends_on, Need.REQUIRED)
    return [Made("course", definition.output_table, inputs)]


FAMILY = Family(tasks=_tasks, unknown=unknown)
