"""A table whose rows cannot be read any more: named, and rebuilt by the next run."""

from __future__ import annotations

from project import Project

from edxtasks.course import CourseKey


def test_a_damaged_table_is_named_and_healed(built: Project) -> None:
    course = built.courses[0]
    before = built.tables()
    path = built.warehouse / CourseKey.parse(course).dataset / "person_course_day.parquet"
    folder = path.with_suffix("")
    if folder.is_dir():
        path = max(folder.glob("month=*.parquet"))
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + bytes(len(content) // 2) + content[len(content) // 2 + 4 :])
    stray = path.parent / "copy of mine.parquet"
    stray.write_bytes(content)

    reader = f"pc_day_totals:{course}"
    built.doit("forget", reader)
    outcome = built.doit(reader, status=None)
    assert outcome.status != 0
    assert outcome.failed == {reader}
    assert str(path) in outcome.err and "damaged" in outcome.err
    assert "defect" not in outcome.err and "Traceback" not in outcome.err

    outcome = built.doit("weekly")
    assert {f"person_course_day:{course}", reader} <= outcome.built
    assert f"{stray} is not read" in outcome.err
    assert built.tables() == before
    assert built.doit("weekly").built == set()
