"""What is removed while a run is at work is a failure that names it, no table of nothing and no silence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from project import Project

from edxtasks.build.build_table import build
from edxtasks.build.freshness import Status
from edxtasks.build.inputs import existing_inputs
from edxtasks.config import load_settings
from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.graph.arguments import Arguments
from edxtasks.graph.load import make_graph
from edxtasks.graph.table_step import TableStep
from edxtasks.graph.tasks import STEP
from edxtasks.steps.step import Step

Steps = Callable[[str], TableStep]


@pytest.fixture
def steps(built: Project) -> dict[str, Step]:
    """The steps of a run of `doall` over a built project, by the name of the task."""
    words = Arguments.of(["doall"])
    graph = make_graph(load_settings(built.folder, words.variables, {}), words)
    found = {}
    for task in graph.tasks():
        step = task.get("meta", {}).get(STEP)
        if step is not None:
            found[step.name] = step
    return found


def removed(project: Project, steps: dict[str, Step], dataset: str) -> None:
    """Remove the tables of a dataset one by one: that a folder is gone the warehouse notices itself."""
    for path in (project.warehouse / dataset).iterdir():
        if path.suffix == ".parquet":
            path.unlink()
        elif not path.name.startswith("_"):
            shutil.rmtree(path)
    next(iter(steps.values())).run.context.warehouse.refresh_all()


@pytest.mark.parametrize(
    ("table", "inputs"),
    [
        ("person_course_base", ["user_info_combo", "pc_forum", "pc_nchapters", "course_facts", "roles"]),
        # Optional ones too: their columns would be NULL.
        ("pc_forum", ["forum"]),
    ],
)
def test_a_table_whose_inputs_were_removed_fails(
    built: Project, steps: dict[str, Step], table: str, inputs: list[str]
) -> None:
    course = CourseKey.parse(built.courses[0])
    for name in inputs:
        assert steps[f"{name}:{course}"].look() is Status.FRESH
    removed(built, steps, course.dataset)
    step = steps[f"{table}:{course}"]
    assert step.look() is Status.STALE
    assert f"{course.dataset}.{inputs[0]}" in step.reason or "…" in step.reason
    assert "somebody removed it in the meantime" in step.reason
    failure = step.work()
    assert "somebody removed it" in failure.get_msg()


def test_a_table_of_logs_whose_log_days_were_removed_fails(built: Project, steps: dict[str, Step]) -> None:
    course = CourseKey.parse(built.courses[0])
    assert steps[f"logs2bq:{course}"].look() is Status.FRESH
    removed(built, steps, course.logs_dataset)
    step = steps[f"pcday_ip_counts:{course}"]
    assert step.look() is Status.STALE
    assert f"{course.logs_dataset}: expected as this run found" in step.reason


def test_what_was_never_there_in_this_run_is_no_failure(built: Project, steps: dict[str, Step]) -> None:
    course = CourseKey.parse(built.courses[0])
    removed(built, steps, course.dataset)
    assert steps[f"person_course_base:{course}"].look() is Status.SKIPPED


def test_a_build_finds_out_too(built: Project, steps: dict[str, Step]) -> None:
    """Between the look of the parent and the work of the worker."""
    course = CourseKey.parse(built.courses[0])
    step = steps[f"pc_forum:{course}"]
    assert isinstance(step, TableStep)
    context = replace(step.run.context)
    expected = existing_inputs(context, step.table, course)
    assert expected == {f"{course.dataset}.forum"}
    removed(built, steps, course.dataset)
    with pytest.raises(UserError, match=f"{course.dataset}.forum: expected as this run found or made it"):
        build(context, step.table, course, expected=expected)
    assert not (built.warehouse / course.dataset / "pc_forum.parquet").exists()
