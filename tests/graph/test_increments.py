"""However the data arrive, the tables end as one run over all of them would make them."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from project import Project

from edxtasks.course import CourseKey


def without_logs(campus: Path, folder: Path) -> tuple[Project, list[Path]]:
    """A project without raw logs, and the logs that are to come."""
    project = Project.create(folder, campus)
    logs = sorted((project.folder / "DAILY").iterdir())
    waiting = project.folder / "WAITING"
    waiting.mkdir()
    return project, [Path(shutil.move(path, waiting / path.name)) for path in logs]


def made_anew(project: Project, folder: Path) -> dict[str, str]:
    """The tables that one run over the data of a project makes, in a folder of its own."""
    made = ("warehouse", "TRACKING_LOGS", "SQL", "state")
    shutil.copytree(project.folder, folder, ignore=shutil.ignore_patterns(*made))
    anew = Project(folder)
    anew.doit("weekly")
    return anew.tables()


def deliver(project: Project, path: Path) -> None:
    shutil.copy(path, project.folder / "DAILY" / path.name)


def test_a_few_logs_more_each_run_end_as_one_run_with_all(
    built_once: Project, tiny_campus: Path, tmp_path: Path
) -> None:
    project, logs = without_logs(tiny_campus, tmp_path / "project")
    # Not in the order of their days: later ones first, then those that fill in.
    waiting = logs[::2][::-1] + logs[1::2]
    while waiting:
        for path in waiting[:6]:
            deliver(project, path)
        del waiting[:6]
        project.doit("weekly")
    assert project.tables() == built_once.tables()


def test_late_withdrawn_and_replaced_lines_reach_every_table(built: Project, tmp_path: Path) -> None:
    """Of three days that do not touch each other, so that none hides what another has left."""
    course = CourseKey.parse(built.courses[0])
    line = (
        '{"username": "late", "event_source": "browser", "event_type": "play_video", "event": "{}", '
        f'"time": "2014-10-11T12:00:00+00:00", "context": {{"course_id": "{course}"}}}}'
    )
    late = built.folder / "DAILY" / "mitx-edx-events-2014-10-30.log.gz"
    late.write_bytes(gzip.compress(line.encode() + b"\n"))
    outcome = built.doit("weekly")
    assert f"pcday_log:{course}" in outcome.built
    assert not any(task.endswith(built.courses[1]) for task in outcome.built)
    assert built.doit("-n", "2", "weekly").built == set()
    (built.folder / "DAILY" / "mitx-edx-events-2014-10-13.log.gz").unlink()
    built.doit("split", "forget=mitx-edx-events-2014-10-13.log")
    path = built.folder / "DAILY" / "mitx-edx-events-2014-10-16.log.gz"
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(lines[: len(lines) // 2])))
    built.doit("weekly")
    assert built.tables() == made_anew(built, tmp_path / "anew")


def test_end_date_leaves_later_dates_out_and_they_come_back(built: Project) -> None:
    before = built.tables()
    built.doit("person_day", "end_date=2014-10-13")
    course = CourseKey.parse(built.courses[0]).dataset
    assert built.tables()[f"{course}.person_course_day"] != before[f"{course}.person_course_day"]
    built.doit("weekly")
    assert built.tables() == before
