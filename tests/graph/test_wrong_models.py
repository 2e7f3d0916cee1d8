"""A model that is wrong fails its own table, and what reads it, and nothing else."""

from __future__ import annotations

from pathlib import Path

from project import Project, copy_of_the_package

from edxtasks.course import CourseKey

WRONG = {
    "person/pc_forum": ("command: ", "comand: "),
    "person/enrollday_all": ("FROM enrollments\n", "FROM enrolments\n"),
    "person/pc_day_totals": ("SUM(nforum)", "nforum"),
    "person/course_modal_language": ("-- grain: username", "-- check many (error): language_event > 1"),
    "person/pc_nchapters": ("GROUP BY student_id", "GROUP BY student_id, module_id"),
    "problems/problem_first_attempt_correct": (
        "-- INTEGER: number of the problem",
        "-- number of the problem",
    ),
    "problems/chapter_grades": ("MIN(due)", "MIN(do)"),
    "ora/ora_events": ("@course_id AS course_id, -- STRING:", "@course_id AS course_id, -- INTEGER:"),
    "forum/forum_person": ("@course_id", "@course"),
    "video/video_modules": (
        "PARTITION BY module_id ORDER BY index)",
        "PARTITION BY module_id ORDER BY name)",
    ),
}
"""What is wrong in turn: a key of the header, an input, an aggregate, a check, the grain, the comment of a
column, a column of an input, a type, a parameter, an order with ties."""

TOLD = {
    "pc_day_totals.sql": "line {line}: nforum is neither in GROUP BY nor in an aggregate",
    "enrollday_all.sql": "line {line}: it reads enrolments, which is not a table",
    "course_modal_language.sql": "line {line}: check many: ",
    "problem_first_attempt_correct.sql": "line {line}: the comment of column problem_nid is "
    '"number of the problem in the course"; expected "TYPE: meaning"',
    "chapter_grades.sql": "line {line}: no source has a column do",
    "ora_events.sql": "line {line}: the columns differ from their declaration: course_id INTEGER is "
    "declared, the query gives course_id STRING",
    "forum_person.sql": 'line {line}: there is no parameter @course; did you mean "course_id"?',
    "video_modules.sql": "line {line}: ROW_NUMBER hangs on chance where the order has ties",
}
"""What is said of each file, and in which line: where the wrong words stand."""


def test_wrong_models_fail_alone(built: Project, tmp_path: Path) -> None:
    copy_of_the_package(tmp_path / "package")
    tables = tmp_path / "package" / "edxtasks" / "tables"
    models = tables / "person"
    lines = {}
    for name, (right, wrong) in WRONG.items():
        path = tables / f"{name}.sql"
        text = path.read_text()
        assert right in text, name
        lines[path.name] = text[: text.index(right)].count("\n") + 1
        path.write_text(text.replace(right, wrong))
    model = (models / "course_modal_ip.sql").read_text()
    (models / "split.sql").write_text(model)
    (models / "list.sql").write_text(model)
    (models / "mine.sql").write_text(model.replace("-- command: ", "-- command: run, "))
    reserved = ("split_table", "list_table", "mine")
    edited = Project(built.folder, tmp_path / "package")
    course = built.courses[0]
    assert "person_course" in edited.doit("list").out
    plan = edited.doit("plan", "weekly").out
    assert f"will run  pc_forum:{course}: {models}/pc_forum.sql, line" in plan
    assert 'the header key "comand" is not known; did you mean "command"?' in plan
    assert f"{models}/pc_forum.sql" in edited.doit("why", f"pc_forum:{course}").out
    assert edited.doit("forget", f"course_axis:{course}").status == 0
    outcome = edited.doit("weekly", status=None)
    assert outcome.status != 0
    names = (*(name.rpartition("/")[2] for name in WRONG), *reserved)
    assert outcome.failed == {f"{name}:{one}" for name in names for one in built.courses}
    for name, file, what in (("split", "split", "table"), ("run", "mine", "command of the table")):
        told = f"{name} is a task or command of doit or of edxtasks already: give the {what} another name"
        assert f"{models}/{file}.sql: {told}" in outcome.err
    assert f"course_axis:{course}" in outcome.built
    for file, told in TOLD.items():
        words = told.replace("{line}", str(lines[file]))
        assert any(file in one and words in one for one in outcome.err.splitlines()), words
    assert "pc_nchapters: expected one row for each user_id (its grain), found several" in outcome.err
    before = Path(built.warehouse, CourseKey.parse(course).dataset, "pc_nchapters.parquet")
    assert before.exists(), "the old table stays"
    assert "defect" not in outcome.err
