"""Time on task with other time-outs, under other names, and of totals alone: in runs of doit."""

from __future__ import annotations

import shutil

import duckdb
from project import Project

from edxtasks.course import CourseKey

OTHER = "time_on_task_config=timeout_short:1,timeout_long:60,time_on_task_table_name:slow"


def rows(project: Project, sql: str) -> list[tuple[object, ...]]:
    """What a query gives; `{0}` is the folder of the first course's tables, `{1}` that of its log days."""
    key = CourseKey.parse(project.courses[0])
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    folders = (project.warehouse / key.dataset, project.warehouse / key.logs_dataset)
    return connection.execute(sql.format(*folders)).fetchall()


def test_two_more_tables_with_other_timeouts(built: Project) -> None:
    standard = {name: version for name, version in built.tables().items() if "time_on_task" in name}
    outcome = built.doit("time_task", OTHER)
    assert outcome.built == {f"{name}:{one}" for name in ("slow", "slow_totals") for one in built.courses}
    assert built.doit("time_task", OTHER).built == set()
    now = built.tables()
    assert {name: now[name] for name in standard} == standard
    # Made by an option of another run: they are still those of the product.
    assert "removed" not in built.doit("plan", "time_task").out
    # Of all events but the calls of block handlers: gaps below an hour, and below a minute.
    counted = rows(
        built,
        "SELECT username, round(sum(gap) FILTER (gap < 3600), 3), round(sum(gap) FILTER (gap < 60), 3) FROM ("
        "SELECT username, epoch(time - lag(time) OVER (PARTITION BY username ORDER BY time)) AS gap "
        "FROM '{1}/tracklog_*.parquet' WHERE username != '' AND event_type NOT LIKE '%/xblock/%/handler%') "
        "GROUP BY username HAVING count(*) FILTER (gap < 3600) > 0 ORDER BY username",
    )
    found = rows(
        built,
        "SELECT username, round(total_time_60, 3), round(total_time_1, 3) FROM '{0}/slow_totals.parquet' "
        "ORDER BY username",
    )
    assert found == counted != []


def test_totals_alone(built: Project) -> None:
    course = built.courses[0]
    built.doit("forget", "time_on_task", "time_on_task_totals")
    words = ("time_task", "time_asset", "just_do_totals=1", f"courses={course}")
    outcome = built.doit(*words)
    assert outcome.built == {f"time_on_task_totals:{course}"}
    assert f"skipped time_on_asset_totals:{course}: time_on_asset_daily does not exist" in outcome.err
    shutil.rmtree(built.warehouse / CourseKey.parse(course).dataset / "time_on_task")
    outcome = built.doit(*words)
    assert outcome.built == set()
    assert f"skipped time_on_task_totals:{course}: time_on_task does not exist" in outcome.err
