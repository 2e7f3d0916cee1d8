"""Nothing is left behind: not in the folder for temporary files, nor in the project, however a run ends."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from pathlib import Path

import pytest
from project import Project
from test_failures import processes_below, wait_until

from edxtasks.course import CourseKey


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of whatever is started."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def left(project: Project) -> list[str]:
    """What processes have left in the project: folders for scratch and unfinished files."""
    names = ("run-*", ".edxtasks-*", "*.part", "*.new")
    return [str(path) for name in names for path in project.folder.rglob(name)]


def at_work(project: Project, run: int) -> bool:
    """Whether a worker of the run has scratch files of a table that it builds."""
    return any(path.is_dir() for path in project.folder.glob(f"state/scratch/run-{run}-*/*"))


def test_killed_and_stopped_runs_leave_nothing(
    built_once: Project, tiny_campus: Path, tmp_path: Path, temporary: Path
) -> None:
    project = Project.create(tmp_path / "own", tiny_campus)
    project.doit("split")
    killed = project.start("-n", "2", "weekly")
    wait_until(lambda: at_work(project, killed.pid))
    killed.send_signal(signal.SIGSTOP)  # it may neither end its workers by itself nor start others
    for one in [*processes_below(killed.pid), killed.pid]:
        os.kill(one, signal.SIGKILL)
    killed.communicate(timeout=300)
    assert left(project) != []
    assert stat.S_IMODE((project.folder / "state" / "scratch").stat().st_mode) == 0o700

    project.doit("list")  # nothing that builds: what is left stays, and harms nobody
    stopped = project.start("-n", "2", "weekly")
    wait_until(lambda: at_work(project, stopped.pid))
    stopped.send_signal(signal.SIGINT)
    stopped.communicate(timeout=300)
    assert stopped.returncode == 130
    assert left(project) == []

    course = project.courses[0]
    dataset = CourseKey.parse(course).dataset
    project.doit(f"person_day:{course}")
    # Other tables may lack dates: the runs were ended anywhere.
    made = f"{dataset}.person_course_day"
    assert project.tables()[made] == built_once.tables()[made]
    project.doit("shell", f"SELECT count(*) FROM {dataset}.person_course_day")
    project.doit("delete_empty_tables", "--skiprun", course)
    assert left(project) == []
    assert list(temporary.iterdir()) == []


def test_a_state_that_cannot_be_written_is_a_warning(built: Project, temporary: Path) -> None:
    state = built.folder / "state"
    shutil.rmtree(state)
    state.write_text("a file, where a folder should be")
    table = f"pc_day_totals:{built.courses[0]}"
    built.doit("forget", table)
    outcome = built.doit(table)
    assert outcome.built == {table}
    assert "warning: scratch files are kept in" in outcome.err and str(state) in outcome.err
    assert left(built) == []
    assert list(temporary.iterdir()) == []
