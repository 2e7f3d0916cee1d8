"""Several runs over one warehouse and one log directory: who holds what is told, and nothing is corrupted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from project import Project
from test_failures import wait_until

from edxtasks.build.last_failures import LastFailures
from edxtasks.course import CourseKey
from edxtasks.locks import Lock


def test_a_table_that_another_run_holds(built: Project) -> None:
    """With wait=0 a run leaves, and says who has it; commands that only read go on; with wait=60 it goes on
    when the other is done."""
    course = built.courses[0]
    dataset = CourseKey.parse(course).dataset
    task = f"pc_forum:{course}"
    built.doit("forget", task)
    lock = Lock(built.warehouse / dataset / "_edxtasks" / "pc_forum.lock", "pc_forum")
    with lock:
        left = built.doit(task, "wait=0", status=1)
        assert left.failed == {task}
        assert f"{dataset}.pc_forum: the run of process {os.getpid()} on " in left.err
        assert "wait=0 allows no longer wait" in left.err
        assert LastFailures.read(built.folder / "state").found == {}  # nobody has tried
        assert "pc_forum" in built.doit("list").out
        waiting = built.start(task, "wait=60")
        assert waiting.stderr is not None
        line = next(one for one in waiting.stderr if "waiting for" in one)
        assert f"waiting for {dataset}.pc_forum, which the run of process {os.getpid()} on " in line
    _, err = waiting.communicate(timeout=300)
    assert waiting.returncode == 0, err
    assert f"built   {task}: " in err


def test_a_log_directory_that_another_run_holds(tiny_campus: Path, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", tiny_campus)
    meta = project.folder / "TRACKING_LOGS" / "META"
    meta.mkdir(parents=True)
    with Lock(meta / ".lock", "the log directory"):
        left = project.doit("split", "wait=0", status=1)
    assert left.failed == {"split"}
    assert f"the log directory {meta.parent}: the run of process {os.getpid()} on " in left.err
    assert project.doit("split", "wait=0").built == {"split"}


def test_four_runs_at_once_end_with_the_same_tables(
    built_once: Project, tiny_campus: Path, tmp_path: Path
) -> None:
    """`list` and `health` beside them harm nobody, and are not harmed."""
    project = Project.create(tmp_path / "project", tiny_campus)
    line = f"doall:{project.courses[0]}"
    runs: list[subprocess.Popen[str]] = [project.start(line) for _ in range(4)]
    wait_until(lambda: list(project.warehouse.glob("*/*.parquet")) or runs[0].poll() is not None)
    beside = project.doit("health", status=None)
    assert beside.status in {0, 1}
    assert "Traceback" not in beside.err + project.doit("list", "-s").err
    ends = [run.communicate(timeout=600) for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, ends
    of_all_courses = ("pc_modal_ip", "pc_global_modal_ip")  # others than of one alone
    whole = built_once.tables()
    tables = {name: one for name, one in project.tables().items() if not name.endswith(of_all_courses)}
    assert any(name.endswith(".person_course") for name in tables)
    assert tables == {name: whole[name] for name in tables}
