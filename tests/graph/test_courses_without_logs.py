"""A course with a dump and no log, and one with logs and no dump: what is made, told, and how a run ends."""

from __future__ import annotations

from pathlib import Path

import duckdb
from project import Project

from edxtasks.course import CourseKey

BY_DATE = (
    "forum_events",
    "ora_events_day",
    "time_on_task",
    "video_durations_day",
    "video_stats_day",
)
MADE_OF_THEM = (
    "ora_events",
    "time_on_task_totals",
    "person_course_video_watched",
    "video_stats",
)
COMMANDS = ("analyze_videos", "analyze_forum", "analyze_ora", "time_task")


def one_course(folder: Path, campus: Path, without: str) -> tuple[Project, CourseKey]:
    """A project of the first course of a campus alone, without a setting of places, and its key."""
    project = Project.create(folder, campus)
    course = project.courses[0]
    project.configure(course_id_list=f'["{course}"]')
    config = project.folder / "config" / "edxtasks.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith(f"{without} =")]
    config.write_text("\n".join(lines) + "\n")
    return project, CourseKey.parse(course)


def number_of_rows(project: Project, course: CourseKey, table: str) -> int:
    found = project.tables()[f"{course.dataset}.{table}"]
    assert found
    place = project.warehouse / course.dataset / f"{table}*"
    files = [str(path) for path in place.parent.glob(place.name) if path.suffix == ".parquet"] or (
        f"{project.warehouse / course.dataset / table}/*.parquet"
    )
    [(rows,)] = duckdb.execute("SELECT count(*) FROM read_parquet(?)", [files]).fetchall()
    return int(rows)


def test_without_any_log_the_tables_are_there_and_empty(tiny_campus: Path, tmp_path: Path) -> None:
    project, course = one_course(tmp_path / "project", tiny_campus, without="tlfn")
    outcome = project.doit("axis2bq", "make_uic", *COMMANDS)
    for table in (*BY_DATE, *MADE_OF_THEM):
        assert number_of_rows(project, course, table) == 0, table
    assert outcome.err.count("warning: there is no log day of the course: no rows") >= len(BY_DATE)
    # What does not hang on logs is as ever.
    assert number_of_rows(project, course, "video_axis") > 0
    assert number_of_rows(project, course, "forum_posts") > 0
    assert project.doit(*COMMANDS).built == set()


def test_a_course_of_logs_alone(tiny_campus: Path, tmp_path: Path) -> None:
    project, course = one_course(tmp_path / "project", tiny_campus, without="dump_dir")
    assert not (project.folder / "SQL").exists()
    outcome = project.doit(*COMMANDS)
    assert outcome.failed == set()
    for table in BY_DATE:
        assert number_of_rows(project, course, table) > 0, table
    # Nothing says which videos the course has, or what was posted: tables without rows, which is told.
    for table in ("video_axis", "forum_posts", "person_course_video_watched"):
        assert number_of_rows(project, course, table) == 0, table
    assert "read as empty, since they do not exist: course_axis" in outcome.err
    assert "read as empty, since they do not exist: forum" in outcome.err
