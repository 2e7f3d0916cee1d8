"""What runs again, and what does not: same inputs and same recipe is fresh, whatever the clock says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
from project import Project, copy_of_the_package

from edxtasks.course import CourseKey

REPOSITORY = Path(__file__).resolve().parents[2]


def parquet_rows(path: Path) -> int:
    [row] = duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall()
    return int(row[0])


def test_a_second_run_builds_nothing(built: Project) -> None:
    assert built.doit("weekly").built == set()


def test_nothing_is_built_when_caches_are_gone_and_files_are_touched(built: Project) -> None:
    shutil.rmtree(built.folder / "state")
    for path in built.folder.rglob("*"):
        if path.is_file() and "warehouse" not in path.parts:
            path.touch()
    assert built.doit("weekly").built == set()


def test_nothing_is_built_when_the_listings_of_the_warehouse_are_gone(built: Project) -> None:
    for folder in built.warehouse.glob("*/_edxtasks"):
        shutil.rmtree(folder)
    assert built.doit("weekly").built == set()


def test_a_deleted_table_by_date_comes_back_alone(built: Project) -> None:
    course = built.courses[0]
    before = built.tables()
    shutil.rmtree(built.warehouse / CourseKey.parse(course).dataset / "person_course_day")
    assert built.doit("weekly").built == {f"person_course_day:{course}"}
    assert built.tables() == before


def test_a_deleted_whole_table_comes_back_alone(built: Project) -> None:
    course = built.courses[0]
    before = built.tables()
    (built.warehouse / CourseKey.parse(course).dataset / "pc_day_totals.parquet").unlink()
    assert built.doit("weekly", "log_json=run.jsonl").built == {f"pc_day_totals:{course}"}
    assert built.tables() == before
    # Programs read how large tables are, whether they were built or fresh.
    lines = [json.loads(line) for line in (built.folder / "run.jsonl").read_text().splitlines()]
    by_task = {line["task"]: line for line in lines[:-1]}
    assert (lines[-1]["built"], lines[-1]["status"]) == (1, "succeeded")
    for table, status in (("pc_day_totals", "built"), ("pc_nchapters", "fresh")):
        path = built.warehouse / CourseKey.parse(course).dataset / f"{table}.parquet"
        told = by_task[f"{table}:{course}"]
        assert (told["status"], told["bytes"]) == (status, path.stat().st_size)
        assert told["rows"] == parquet_rows(path)


def test_a_deleted_log_day_comes_back_alone(built: Project) -> None:
    course = built.courses[0]
    logs = built.warehouse / CourseKey.parse(course).logs_dataset
    sorted(logs.glob("tracklog_*.parquet"))[2].unlink()
    outcome = built.doit("weekly")
    assert outcome.built == {f"logs2bq:{course}"}


def test_a_forgotten_table_is_built_again_and_nothing_after_it(built: Project) -> None:
    course = built.courses[1]
    built.doit("forget", f"pcday_log:{course}")
    assert built.doit("weekly").built == {f"pcday_log:{course}"}


def test_clean_removes_a_table(built: Project) -> None:
    course = built.courses[0]
    built.doit("clean", f"pc_day_totals:{course}")
    assert not (built.warehouse / CourseKey.parse(course).dataset / "pc_day_totals.parquet").exists()
    assert built.doit("weekly").built == {f"pc_day_totals:{course}"}


def test_an_edited_comment_runs_nothing_and_edited_logic_the_model_and_what_reads_it(
    built: Project, tmp_path: Path
) -> None:
    copy_of_the_package(tmp_path / "package")
    edited = Project(built.folder, tmp_path / "package")
    model = tmp_path / "package" / "edxtasks" / "tables" / "person" / "pc_day_totals.sql"
    text = model.read_text()
    model.write_text(text.replace("-- INTEGER: days with events", "--   INTEGER: dates with events"))
    assert edited.doit("weekly").built == set()
    model.write_text(text.replace("MAX(max_dt) AS max_dt", "MAX(max_dt) + 1 AS max_dt"))
    courses = built.courses
    readers = ("person_course", "pc_day_totals")
    readers_of_person_course = ("problem_first_attempt_correct", "show_answer_stats_by_user")
    made = {f"{name}:{course}" for name in (*readers, *readers_of_person_course) for course in courses}
    outcome = edited.doit("weekly")
    assert {task for task in outcome.built if not task.startswith("report:")} == made
    # Logic that gives the same rows: the model runs, and nothing after it.
    model.write_text(text.replace("MAX(max_dt) AS max_dt", "MAX(max_dt) + 1 + 0 AS max_dt"))
    assert edited.doit("weekly").built == {f"pc_day_totals:{course}" for course in courses}


def test_force_recompute_builds_what_the_command_makes_and_not_its_inputs(built: Project) -> None:
    course = built.courses[0]
    outcome = built.doit("person_day", f"courses={course}", "force_recompute=1")
    parts = ("pcday_log", "pcday_video", "pcday_forum", "pcday_problem", "person_course_day")
    assert outcome.built == {f"{name}:{course}" for name in parts}
