"""A model that is wrong fails its own table, and what reads it, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from project import REPOSITORY, Project

from edxtasks.course import CourseKey

WRONG = {
    "pc_forum": ("command: ", "comand: "),
    "enrollday_all": ("FROM enrollments\n", "FROM enrolments\n"),
    "pc_day_totals": ("SUM(nforum)", "nforum"),
    "course_modal_language": ("-- grain: username", "-- check many (error): language_event > 1"),
    "pc_nchapters": ("GROUP BY student_id", "GROUP BY student_id, module_id"),
}


def test_wrong_models_fail_alone(built: Project, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "edxtasks", tmp_path / "package" / "edxtasks")
    models = tmp_path / "package" / "edxtasks" / "tables" / "person"
    for name, (right, wrong) in WRONG.items():
        path = models / f"{name}.sql"
        text = path.read_text()
        assert right in text, name
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
    assert outcome.failed == {f"{name}:{one}" for name in (*WRONG, *reserved) for one in built.courses}
    for name, file, what in (("split", "split", "table"), ("run", "mine", "command of the table")):
        told = f"{name} is a task or command of doit or of edxtasks already: give the {what} another name"
        assert f"{models}/{file}.sql: {told}" in outcome.err
    assert f"course_axis:{course}" in outcome.built
    complaint = "line 19: nforum is neither in GROUP BY nor in an aggregate"
    told = next(line for line in outcome.err.splitlines() if "pc_day_totals.sql" in line)
    assert f"{models}/pc_day_totals.sql" in told and complaint in told
    assert f"{models}/enrollday_all.sql, line 40: it reads enrolments, which is not a table" in outcome.err
    assert f"{models}/course_modal_language.sql, line 5: check many: " in outcome.err
    assert "pc_nchapters: expected one row for each user_id (its grain), found several" in outcome.err
    before = Path(built.warehouse, CourseKey.parse(course).dataset, "pc_nchapters.parquet")
    assert before.exists(), "the old table stays"
    assert "defect" not in outcome.err
