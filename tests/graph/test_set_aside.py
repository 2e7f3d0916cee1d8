"""A dump without a file: what cannot be made any more is set aside, and is absent for what reads it."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb
import pytest
from project import Project

from edxtasks.course import CourseKey

LATER = "2014-11-30"
"""The date of the dump that follows."""

SOURCES = ("users", "profiles", "enrollment", "certificates", "user_id_map", "rolecourse", "roleforum")
"""What the dump that follows always has."""

WITHOUT = {
    "studentmodule": "studentmodule was not delivered",
    "forum": "forum was not delivered",
    "course_axis": "no course content",
    "grading_policy": "no course content",
    "problem_grades": "studentmodule does not exist",
    "grades_persistent": "grades_persistentcoursegrade was not delivered",
    "grades_persistent_subsection": "grades_persistentsubsectiongrade was not delivered",
}
"""The tables that cannot be made from it, and why."""


def next_dump(project: Project, more: Collection[str] = (), courses: Collection[str] | None = None) -> None:
    """A later dump of the courses with `SOURCES` and the files whose names begin with one of `more`."""
    for course in project.courses if courses is None else courses:
        home = project.folder / "SQL" / CourseKey.parse(course).package_prefix
        [before] = (one for one in home.iterdir() if one.is_dir() and one.name != LATER)
        (home / LATER).mkdir()
        for path in before.iterdir():
            if path.name.startswith((*SOURCES, *more)) and "user_info_combo" not in path.name:
                shutil.copy(path, home / LATER)
    use_dump(project, LATER)


def use_dump(project: Project, day: str) -> None:
    """Name a dump in the configuration; the package that was sorted is gone."""
    config = project.folder / "config" / "edxtasks.toml"
    lines = [
        line for line in config.read_text().splitlines() if not line.startswith(("dump_dir", "course_sql_d"))
    ]
    lines.append(f'course_sql_date_dir = "{day}"')
    config.write_text("\n".join(lines) + "\n")


def marks(project: Project, course: str, tables: Collection[str]) -> Mapping[str, tuple[int, int]]:
    """Which files the tables are: a table that is read again is another file."""
    folder = project.warehouse / CourseKey.parse(course).dataset
    status = {table: (folder / f"{table}.parquet").stat() for table in tables}
    return {table: (one.st_ino, one.st_mtime_ns) for table, one in status.items()}


def values(project: Project, course: str, sql: str, table: str) -> list[tuple[object, ...]]:
    path = project.warehouse / CourseKey.parse(course).dataset / f"{table}.parquet"
    return duckdb.execute(sql, [str(path)]).fetchall()


COUNTS = (
    "SELECT count(nchapters), count(nforum_posts), count(passing_grade), count(*) > 0 FROM read_parquet(?)"
)


def test_rows_of_an_older_dump_do_not_stand_beside_those_of_a_newer(built: Project) -> None:
    course, other = built.courses
    [dump] = (built.folder / "SQL" / CourseKey.parse(course).package_prefix).iterdir()
    built.doit(f"research:{course}")
    before = built.tables()
    unread = WITHOUT.keys() - {"course_axis"}  # its build writes the files that were withdrawn
    was = marks(built, course, unread)
    assert all(values(built, course, COUNTS, "person_course")[0])
    stored = built.folder / "storage" / CourseKey.parse(course).directory
    written = {
        name: (stored / name).read_bytes() for name in ("problem_analysis.json.gz", "course_axis.json")
    }
    next_dump(built, courses=[course])
    plan = built.doit("plan", f"doall:{course}").out
    for table, reason in WITHOUT.items():
        assert f"will be set aside {table}:{course}: {reason}" in plan

    outcome = built.doit(f"doall:{course}")
    assert {f"{table}:{course}" for table in WITHOUT} <= outcome.skipped
    for table, reason in WITHOUT.items():
        [line] = [one for one in outcome.err.splitlines() if one.startswith(f"skipped {table}:{course}: ")]
        assert reason in line
        assert line.endswith("; the table that was made before is set aside")
    assert values(built, course, COUNTS, "person_course") == [(0, 0, 0, True)]
    # Nobody sees them: no reader of the folder, no view, no export, no table over courses.
    folder = built.warehouse / CourseKey.parse(course).dataset
    assert not any((folder / f"{table}.parquet").exists() for table in WITHOUT)
    assert not any((stored / name).exists() for name in written)
    assert not [*stored.glob("_edxtasks/problem_analysis.*"), *stored.glob("_edxtasks/course_axis.*")]
    query = f"SELECT view_name FROM duckdb_views() WHERE schema_name = '{folder.name}'"
    seen = set(built.doit("shell", query).out.split())
    assert "person_course" in seen
    assert not seen & set(WITHOUT)
    outcome = built.doit(f"research:{course}")
    assert "forum.csv.gz removed" in outcome.err
    storage = built.folder / "storage" / CourseKey.parse(course).directory / "latest"
    files = {path.name for path in storage.iterdir() if path.is_file()}
    assert "person_course_day.csv.gz" in files
    assert "forum.csv.gz" not in files
    # Once, and no more.
    outcome = built.doit(f"doall:{course}", f"research:{course}")
    assert outcome.built == set()
    assert "set aside" not in outcome.err

    # They come back as they were, unread, and all that hangs on them comes to what it was.
    use_dump(built, dump.name)
    outcome = built.doit("weekly")
    assert outcome.err.count("the table that was set aside is taken back") == 1, "told once"
    assert {f"{table}:{course}" for table in WITHOUT} <= outcome.built
    assert marks(built, course, unread) == was
    assert built.tables() == before
    assert {name: (stored / name).read_bytes() for name in written} == written
    assert not (folder / "_edxtasks" / "aside").exists()
    assert not any(task.endswith(other) for task in outcome.built)
    assert built.doit("weekly").built == set()


def test_another_source_replaces_what_was_set_aside(built: Project) -> None:
    course = built.courses[0]
    home = built.folder / "SQL" / CourseKey.parse(course).package_prefix
    [dump] = home.iterdir()
    next_dump(built, more=["course", "forum"], courses=[course])
    with gzip.open(dump / "studentmodule.csv.gz", "rt", newline="") as file:
        header, *records = csv.reader(file)
    built.doit(f"sql2bq:{course}")
    with gzip.open(home / LATER / "studentmodule.csv.gz", "wt", newline="") as file:
        csv.writer(file).writerows([header, *records[:7]])
    outcome = built.doit(f"sql2bq:{course}")
    assert "taken back" not in outcome.err
    assert values(built, course, "SELECT count(*) FROM read_parquet(?)", "studentmodule") == [(7,)]
    folder = built.warehouse / CourseKey.parse(course).dataset
    assert not (folder / "_edxtasks" / "aside").exists()


def test_a_forum_alone_is_set_aside_by_its_own_command_and_clean_takes_it_too(built: Project) -> None:
    course = built.courses[0]
    next_dump(built, more=["course", "studentmodule"], courses=[course])
    built.doit(f"load_forum:{course}")
    name = CourseKey.parse(course).dataset
    assert (
        f"forum:{course}: would remove {name}.forum (set aside)"
        in built.doit("clean", "-n", f"forum:{course}").out
    )
    built.doit("clean", f"forum:{course}")
    assert not (built.warehouse / name / "_edxtasks" / "aside").exists()


def test_a_table_of_somebody_else_is_left_where_it_is(built: Project) -> None:
    course = built.courses[0]
    next_dump(built, more=["course", "studentmodule"], courses=[course])
    path = built.warehouse / CourseKey.parse(course).dataset / "forum.parquet"
    duckdb.execute(f"COPY (SELECT * FROM '{path}' LIMIT 3) TO '{path}.new' (FORMAT parquet)")
    Path(f"{path}.new").rename(path)
    before = path.read_bytes()
    outcome = built.doit(f"load_forum:{course}")
    assert "the table that others made is read as it is" in outcome.err
    assert path.read_bytes() == before


def test_a_course_whose_directory_is_gone_keeps_its_tables(built: Project) -> None:
    course = built.courses[0]
    before = built.tables()
    shutil.rmtree(built.folder / "SQL" / CourseKey.parse(course).package_prefix)
    use_dump(built, LATER)
    outcome = built.doit(f"setup_sql:{course}", status=None)
    assert outcome.status != 0, "people are asked for, and there is no file of them"
    assert outcome.failed == {f"user_info_combo:{course}"}
    assert built.tables() == before


def test_logs_without_a_dump(built: Project) -> None:
    course = built.courses[0]
    for folder in (built.folder / "SQL", built.warehouse):
        shutil.rmtree(folder)
    use_dump(built, LATER)
    # What person_day can do without is not a failure; what person_course cannot do without is one.
    outcome = built.doit(f"person_day:{course}")
    assert f"person_course_day:{course}" in outcome.built
    assert f"user_info_combo:{course}" in outcome.skipped
    outcome = built.doit(f"person_course:{course}", status=None)
    assert outcome.status != 0
    assert outcome.failed == {f"user_info_combo:{course}"}


@pytest.mark.parametrize("gone", ["SQL", "dated directory", "users"])
def test_people_who_are_optional_are_taken_as_they_stand(built: Project, gone: str) -> None:
    course = built.courses[0]
    home = built.folder / "SQL" / CourseKey.parse(course).package_prefix
    [dump] = home.iterdir()
    use_dump(built, dump.name)
    if gone == "SQL":
        shutil.rmtree(built.folder / "SQL")
    elif gone == "dated directory":
        dump.rename(home / "2014-01-01")
    else:
        (dump / "users.csv.gz").unlink()
    before = built.tables()
    outcome = built.doit(f"person_day:{course}")
    assert "; the table is read as it stands" in outcome.err
    assert f"user_info_combo:{course}" in outcome.skipped
    assert built.tables() == before
    assert built.doit(f"make_uic:{course}", status=2).failed == {f"user_info_combo:{course}"}


def test_nothing_is_made_of_a_listed_course_that_has_nothing(built: Project) -> None:
    ghost = "GhostX/0.0x/3T2013"
    built.configure(course_id_list=json.dumps([*built.courses, ghost]))
    # Its table of one row is none to make either: others would then be made, by the next run at the latest.
    row = built.doit(f"stats_problem_check_show_answer_ip:{ghost}", f"forum_events:{ghost}", status=None)
    assert row.built == set()
    outcome = built.doit("weekly", f"doall:{ghost}", status=None)
    assert outcome.failed == {f"user_info_combo:{ghost}"}
    assert not [task for task in outcome.built if task.endswith(ghost)]
    assert not (built.warehouse / CourseKey.parse(ghost).dataset).exists()


def test_the_problems_of_a_day_come_and_go_with_the_tables_of_problems(built: Project) -> None:
    course = CourseKey.parse(built.courses[0])
    [states] = (built.folder / "SQL" / course.package_prefix).glob("*/studentmodule.csv.gz")

    def answered() -> int:
        days = f"{built.warehouse}/{course.dataset}/person_course_day/*.parquet"
        [(number,)] = duckdb.execute(f"SELECT sum(nproblems_answered) FROM '{days}'").fetchall()
        return int(number)

    before = answered()
    assert before > 0
    hidden = states.rename(built.folder / "hidden")
    config = built.folder / "config" / "edxtasks.toml"
    config.write_text(re.sub("^dump_dir.*$", "", config.read_text(), flags=re.MULTILINE))
    built.doit(f"person_day:{course}", status=None)
    assert answered() == 0
    hidden.rename(states)
    outcome = built.doit(f"person_day:{course}")
    assert outcome.built >= {f"pcday_problem:{course}", f"person_course_day:{course}"}
    assert answered() == before


def test_what_is_made_of_a_course_with_logs_alone_is_made_by_its_first_run(
    tiny_campus: Path, tmp_path: Path
) -> None:
    """Whether there is anything of the course is known when its logs have come, not when the run begins."""
    project = Project.create(tmp_path / "project", tiny_campus)
    configuration = project.folder / "config" / "edxtasks.toml"
    lines = configuration.read_text().splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith("dump_dir")))
    for path in sorted((project.folder / "DAILY").iterdir(), key=lambda path: path.stat().st_size)[:-1]:
        path.unlink()
    course = CourseKey.parse(project.courses[0])
    words = (f"pcday_problem:{course}", f"stats_problem_check_show_answer_ip:{course}")
    outcome = project.doit(*words, status=None)
    made = {"cameo_cutoff_time", "stats_problem_check_show_answer_ip", "pcday_problem"}
    assert {f"{name}:{course}" for name in made} <= outcome.built
    assert project.doit(*words, status=None).built == set()
