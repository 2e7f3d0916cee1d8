"""Course content through the tasks: what is published, no axis without rows, exports that cannot be read."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from project import REPOSITORY
from test_unreadable_dumps import run

sys.path.insert(0, str(Path(__file__).parents[1] / "content"))

from course_exports import write_tarball

ONE, TWO = "UnivX/Ab.1/2T2020", "UnivX/Ab.2/2T2020"
DAY = "2020-09-06"


def export(folder: Path, course: str, content: str) -> Path:
    """The export of a course whose course element has this content."""
    number = course.split("/")[1]
    files = {
        "course.xml": f'<course url_name="2T2020" org="UnivX" course="{number}"/>',
        "course/2T2020.xml": f"<course>{content}</course>",
    }
    return write_tarball(folder / "SQL" / course.replace("/", "-") / DAY / "course.xml.tar.gz", files)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(REPOSITORY / "dodo.py", tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text(
        f'course_id_list = ["{ONE}", "{TWO}"]\n[paths]\ncourse_sql_base_dir = "SQL"\n'
        f'course_sql_date_dir = "{DAY}"\n'
    )
    for course in (ONE, TWO):
        export(tmp_path, course, '<chapter display_name="A"/><chapter url_name="b"/>')
    return tmp_path


def test_an_axis_is_published_and_never_replaced_by_none(folder: Path) -> None:
    status, told = run(folder, "axis2bq")
    assert status == 0, told
    assert f"built   course_axis:{ONE}: 2 rows" in told
    stored = folder / "storage" / "UnivX__Ab.1__2T2020"
    names = ["course_axis.json", "xbundle_UnivX__Ab.1__2T2020.xml"]
    assert sorted(path.name for path in stored.iterdir() if path.is_file()) == names
    status, told = run(folder, "axis2bq")
    assert (status, "built" in told) == (0, False)

    made = [stored / name for name in names] + [
        folder / "warehouse" / "UnivX__Ab_1__2T2020" / "course_axis.parquet"
    ]
    before = [path.read_bytes() for path in made]
    # Another system's course: it is told, the table stays, and the other course does not notice.
    path = export(folder, ONE, "<shortname>x</shortname>")
    export(folder, TWO, "<chapter url_name='c'/>")
    status, told = run(folder, "axis2bq")
    assert status != 0
    assert f"FAILED  course_axis:{ONE}: {path}: expected the course export of {ONE}, found no module" in told
    assert "none of its 1 element (shortname) has a url_name or display_name" in told
    assert f"built   course_axis:{TWO}: 1 row" in told
    assert [path.read_bytes() for path in made] == before


def test_exports_that_cannot_be_read(folder: Path) -> None:
    path = folder / "SQL" / ONE.replace("/", "-") / DAY / "course.xml.tar.gz"
    path.chmod(0)
    status, told = run(folder, "axis2bq", "grading_policy")
    assert status != 0
    for task in ("course_axis", "grading_policy"):
        assert f"FAILED  {task}:{ONE}: " in told
    assert told.count(f"{path}: cannot be read or written: Permission denied") == 1  # two tasks, one cause
    assert "Permission denied" in told
    assert f"built   course_axis:{TWO}: 2 rows" in told
    # A folder whose names cannot be listed is not a folder without an export.
    path.rename(path.with_name("UnivX-course-export.tar.gz"))
    path.parent.chmod(0o300)
    status, told = run(folder, "axis2bq")
    path.parent.chmod(0o700)
    assert status != 0
    assert f"FAILED  course_axis:{ONE}: {path.parent}: cannot be read or written: Permission denied" in told
