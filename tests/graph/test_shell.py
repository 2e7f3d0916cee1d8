"""The warehouse as people ask it: `doit shell` and `edxtasks.connect()`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from project import Project

import edxtasks
from edxtasks import complete
from edxtasks.course import CourseKey
from edxtasks.errors import SettingsError


def test_a_query_may_hold_an_equals_sign(built_once: Project) -> None:
    dataset = CourseKey.parse(built_once.courses[0]).dataset
    out = built_once.doit("shell", f"SELECT count(*) AS n FROM {dataset}.person_course WHERE user_id=0").out
    assert re.search(r"│\s+0 │", out)


def test_a_query_that_fails_says_so(built_once: Project) -> None:
    outcome = built_once.doit("shell", "SELECT * FROM nowhere", status=1)
    assert "nowhere" in outcome.err
    assert outcome.out == ""


def test_columns_have_the_meaning_that_the_table_says(built_once: Project) -> None:
    told = built_once.doit("shell", ".schema person_course").out.splitlines()  # as tasks name it
    assert re.fullmatch(r"\w+\.person_course:", told[0])
    assert told[1].split(maxsplit=2) == ["course_id", "STRING", "course key, ORG/NUMBER/RUN"]
    assert "person_course" in built_once.doit("shell", ".schema course_report_x.person_curse", status=1).err


def test_the_names_of_the_product_are_completed(
    built_once: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built_once.folder)
    assert complete.main(["doit", "person_course:"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"person_course:{key}" for key in built_once.courses]
    assert complete.main(["doit", "report:overall"]) == 0
    assert capsys.readouterr().out == "report:overall_stats\n"
    assert complete.main(["doit", "plan", "waldo"]) == 0
    assert capsys.readouterr().out == "waldofy\nwaldofy:rest\n"


def test_connect_shows_every_table_and_all_log_days_together(
    built_once: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built_once.folder)
    connection = edxtasks.connect()
    course = CourseKey.parse(built_once.courses[0])
    views = {
        f"{row[0]}.{row[1]}"
        for row in connection.execute("SELECT schema_name, view_name FROM duckdb_views()").fetchall()
    }
    assert set(built_once.tables()) <= views
    days = [view for view in views if view.startswith(f"{course.logs_dataset}.tracklog_")]
    each = sum(connection.execute(f"SELECT count(*) FROM {day}").fetchall()[0][0] for day in days)
    together = connection.execute(f"SELECT count(*) FROM {course.logs_dataset}.tracklog").fetchall()[0][0]
    assert together == each > 0


def test_connect_is_for_the_embedded_warehouse(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[warehouse]\nengine = "bigquery"\nproject_id = "x"\n')
    with pytest.raises(SettingsError, match="embedded"):
        edxtasks.connect(file)
