"""A task without a table is one file: put there it is listed, helped, planned, run, in its sets and commands;
no other file knows of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from product_registry import product_registry
from project import REPOSITORY, Project, copy_of_the_package
from test_a_table_is_one_file import strings_of

from edxtasks.graph.task_files import TASKS, read_tasks

COUNT = '''"""`trial_count`: how many bytes a file of the course has, for a trial."""

from pathlib import Path

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.steps.step import Step
from edxtasks.steps.task import Task, TaskOfRun
from edxtasks.workers import Job
from edxtasks.table import Need


class Count(Step):
    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)
        self.file = of.run.context.settings.root / f"{of.of_course.directory}.txt"
        self.asked = of.asked

    def check(self):
        if self.file.exists():
            return Status.FRESH, ""
        return Status.STALE, "it was asked for" if self.asked else "it belongs to what was asked for"

    def job(self):
        return Job(write, (self.file,))


def write(progress, file: Path) -> Built:
    file.write_text("counted")
    return Built(1, unit="files")


TASK = Task(
    text="count for a trial",
    step=Count,
    aliases=("trial_other",),
    member_of="grades, nightly unless skip_log_loading",
    needs={"grading_policy": Need.REQUIRED, "research": Need.OPTIONAL},
)
'''
ONCE = '''"""`trial_once`: files that were named, for a trial."""

from edxtasks.build.freshness import Status
from edxtasks.steps.step import Step
from edxtasks.steps.task import Task, TaskOfRun


class Once(Step):
    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)
        self.files = of.files

    def check(self):
        return Status.STALE, ", ".join(self.files)

    def job(self):
        raise NotImplementedError


TASK = Task(text="name files for a trial", step=Once, once=True, takes_files=True)
'''
MISLED = '''"""`trial_misled`: a task that needs what is not there."""

from edxtasks.steps.task import Task
from edxtasks.table import Need
from edxtasks.tasks.trial_once import Once

TASK = Task(text="never", step=Once, once=True, needs={"grading_polcy": Need.REQUIRED})
'''


def test_tasks_by_their_files_alone(built: Project, tmp_path: Path) -> None:
    copy_of_the_package(tmp_path / "package")
    tasks = tmp_path / "package" / "edxtasks" / "tasks"
    (tasks / "trial_count.py").write_text(COUNT)
    (tasks / "trial_once.py").write_text(ONCE)
    (tasks / "trial_misled.py").write_text(MISLED)
    (tasks / "trial_broken.py").write_text("import no_such_module\n")
    edited = Project(built.folder, tmp_path / "package")
    course = built.courses[0]
    listed = [" ".join(line.split()) for line in edited.doit("list").out.splitlines()]
    assert "trial_count count for a trial" in listed
    assert "trial_other another name of trial_count" in listed
    assert "trial_broken trial_broken" in listed
    assert "count for a trial" in edited.doit("help", "trial_count").out
    planned = f"will run  trial_count:{course}: it belongs to what was asked for"
    assert planned in edited.doit("plan", f"nightly:{course}").out
    assert planned not in edited.doit("plan", f"nightly:{course}", "skip_log_loading=1").out
    assert "will run  trial_once: a.txt, b.txt" in edited.doit("plan", "trial_once", "a.txt", "b.txt").out
    first = edited.doit(f"trial_other:{course}")
    assert first.built >= {f"trial_count:{course}"}
    assert (built.folder / f"{course.replace('/', '__')}.txt").read_text() == "counted"
    again = edited.doit("grades", f"courses={course}", "force_recompute=1")
    assert again.built == {f"trial_count:{course}", f"grading_policy:{course}"}
    wrong = edited.doit("trial_broken", "trial_misled", "trial_count", f"courses={course}", status=None)
    assert wrong.failed == {f"trial_broken:{course}", "trial_misled"}
    assert "trial_broken.py: it cannot be imported: ModuleNotFoundError" in wrong.err
    assert "trial_misled.py: it needs grading_polcy, which is not a task or table; did you mean" in wrong.err


def test_the_folder_of_tasks_holds_tasks_and_nothing_else() -> None:
    registry = product_registry()
    files = [path for path in TASKS.glob("*") if path.name not in {"__pycache__", "__init__.py"}]
    assert {path.stem for path in files} == {name.partition(":")[0] for name in read_tasks(registry)}
    assert [task.fault for task in read_tasks(registry).values() if task.fault] == []


KNOWN_BY_NAME = {
    "commands/old_forms.py",  # what people typed for edx2bigquery
    "commands/other_names.py",  # what people type for it
}
"""Files that name tasks."""


@pytest.mark.parametrize("room", ["build", "steps", "graph", "commands"])
def test_no_task_is_known_by_its_name(room: str) -> None:
    package = REPOSITORY / "edxtasks"
    names = {path.stem for path in TASKS.glob("*.py")} - {"__init__"} | set(read_tasks(product_registry()))
    for path in sorted((package / room).rglob("*.py")):
        if str(path.relative_to(package)) in KNOWN_BY_NAME:
            continue
        assert names & set(strings_of(path)) == set(), path
