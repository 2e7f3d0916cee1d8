"""The command line as it is documented: names of tasks and courses, variables, errors for people."""

from __future__ import annotations

import pytest
from project import Project

from edxtasks.course import CourseKey

OTHER_FORM = "course-v1:{}+{}+{}"


def test_a_course_may_be_spelled_either_way(built: Project) -> None:
    course = built.courses[0]
    built.doit("forget", f"person_course:{course}")
    outcome = built.doit("person_course:" + OTHER_FORM.format(*course.split("/")))
    assert outcome.built == {f"person_course:{course}"}


def test_a_named_list_chooses_its_courses(built: Project) -> None:
    for course in built.courses:
        built.doit("forget", f"person_course:{course}")
    assert built.doit("person_course", "clist=first").built == {f"person_course:{built.courses[0]}"}


def test_daily_logs_of_one_file(built: Project) -> None:
    assert built.doit("daily_logs", "tlfn=DAILY/mitx-edx-events-2014-10-14.log.gz").built == set()


@pytest.mark.parametrize(
    "name", ["mitx-edx-events-2014-10-14.log.gz", "*edx*-14.log.gz", "DAILY/*-14.log.gz"]
)
@pytest.mark.parametrize("form", ["{}", "tlfn={}"])
def test_raw_logs_are_named_as_seen_from_where_one_is(built: Project, name: str, form: str) -> None:
    with built.start("-k", "split", form.format(name), folder=built.folder / "DAILY") as process:
        _, messages = process.communicate(timeout=300)
    assert process.returncode == 0, messages
    with built.start("-k", "split", form.format("no-such.log"), folder=built.folder / "DAILY") as process:
        _, messages = process.communicate(timeout=300)
    assert process.returncode == 1
    assert f"{built.folder / 'no-such.log'}: no such raw log" in messages


def test_a_bare_doit_is_weekly(built: Project) -> None:
    built.doit("forget", f"pc_forum:{built.courses[0]}")
    assert built.doit().built == {f"pc_forum:{built.courses[0]}"}


def test_list_names_every_command_and_table(built: Project) -> None:
    names = {line.split()[0] for line in built.doit("list").out.splitlines()}
    assert {"weekly", "doall", "nightly", "setup_sql", "split", "person_course", "pc_day_totals"} <= names


def test_an_unknown_variable_names_the_nearest(built: Project) -> None:
    outcome = built.doit("weekly", "end_dat=2014-10-13", status=3)
    assert 'did you mean "end_date"?' in outcome.err


def test_less_than_one_task_at_once_is_refused(built: Project) -> None:
    outcome = built.doit("-n", "-3", "weekly", status=3)
    assert "-n: expected a whole number from 1 up, found -3" in outcome.err


def test_a_course_that_nobody_chose_is_an_error(built: Project) -> None:
    course = built.courses[0]
    outcome = built.doit(f"person_course:{course}x", status=3)
    assert f'did you mean "{course}"?' in outcome.err
    outcome = built.doit(f"courses={course}", f"person_course:{built.courses[1]}", status=3)
    assert "is not chosen here, 1 other course is" in outcome.err


def test_plan_and_why_say_what_would_run(built: Project) -> None:
    course = built.courses[0]
    built.doit("forget", f"pc_day_totals:{course}")
    plan = built.doit("plan", "weekly").out
    assert f"will run  pc_day_totals:{course}: it was marked to be rebuilt" in plan
    assert f"may run   person_course:{course}: if pc_day_totals changes" in plan
    # Of a table over courses it is said which course's table may change.
    assert f"may run   report:person_course_latest: if person_course of {course} changes" in plan
    why = built.doit("why", f"person_course:{course}").out
    assert f"pc_day_totals:{course} will run: it was marked to be rebuilt" in why
    assert built.doit("weekly").built == {f"pc_day_totals:{course}"}


def test_info_tells_why_a_task_would_run(built: Project) -> None:
    course = built.courses[0]
    built.doit("forget", f"pc_day_totals:{course}")
    told = built.doit("info", f"pc_day_totals:{course}", status=1).out
    assert "  state          stale: it was marked to be rebuilt\n" in told


def test_clean_names_what_it_would_remove_and_then_removes_it(built: Project) -> None:
    course = CourseKey.parse(built.courses[0])
    table = built.warehouse / course.dataset / "roles.parquet"
    beside = next((built.folder / "SQL" / course.package_prefix).iterdir())
    files = [table, beside / "roles.csv", beside / "roles.json.gz"]
    named = built.doit("clean", "-n", f"make_roles:{course}").out.splitlines()
    assert named == [f"roles:{course}: would remove {path}" for path in files]
    assert all(path.exists() for path in files)
    removed = built.doit("clean", f"make_roles:{course}").out.splitlines()
    assert removed == [f"roles:{course}: removed {path}" for path in files]
    assert not any(path.exists() for path in files)
    assert built.doit("clean", f"roles:{course}").out == f"roles:{course} has nothing to remove\n"
    outcome = built.doit("weekly")
    assert outcome.built == {f"roles:{course}"}


def test_clean_without_a_task_is_refused(built: Project) -> None:
    before = built.tables()
    for words in (["clean"], ["clean", "-n"], ["clean", f"courses={built.courses[0]}"]):
        outcome = built.doit(*words, status=3)
        assert "clean needs a task" in outcome.err
    outcome = built.doit("clean", "split", status=1)
    assert outcome.out == "split makes no table: clean leaves it alone\n"
    assert built.tables() == before
