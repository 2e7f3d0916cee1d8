"""`doit dashboard`: pages are targets like any other, and their numbers are those of the tables."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from project import Project

from edxtasks.graph.load import load_namespace

MEASURES = {
    "registered": "count(*)",
    "viewed": "count_if(viewed)",
    "explored": "count_if(explored)",
    "certified": "count_if(certified)",
    "active": "count_if(nevents > 0)",
    "verified": "count_if(mode = 'verified')",
    "unregistered": "count_if(is_active = 0)",
    "events": "sum(nevents)",
}
COURSE = "MITx__2.03x__3T2013"
CAMPUS = "course_report_MITx"


def page(project: Project, folder: str) -> Path:
    """The page in a folder of the storage."""
    return project.folder / "storage" / folder / "dashboard.html"


def measures(path: Path) -> dict[str, str]:
    """What the tiles at the top of a page say, by measure, marks left out."""
    found = re.findall(r'<dd data-measure="(\w+)">(.*?)</dd>', path.read_text())
    return {name: re.sub(r"<[^>]*>", "", value) for name, value in found}


def counted(tables: Path) -> dict[str, str]:
    """The same from tables person_course."""
    row = duckdb.connect().execute(f"SELECT {', '.join(MEASURES.values())} FROM '{tables}'").fetchone()
    assert row is not None
    return {name: str(value) for name, value in zip(MEASURES, row, strict=True)}


def test_the_tiles_are_the_numbers_of_the_tables(with_pages: Project) -> None:
    course = with_pages.warehouse / "MITx__2_03x__3T2013" / "person_course.parquet"
    assert measures(page(with_pages, COURSE)) == counted(course)


def test_the_campus_adds_the_courses_up(with_pages: Project) -> None:
    courses = with_pages.warehouse / "MITx__*" / "person_course.parquet"
    assert measures(page(with_pages, CAMPUS)) == counted(courses)


def test_the_campus_links_to_its_courses(with_pages: Project) -> None:
    campus = page(with_pages, CAMPUS)
    links = re.findall(r'<a href="(\.\./[^"]+)"', campus.read_text())
    assert len(links) == 2
    for link in links:
        assert (campus.parent / link).resolve().is_file()


def test_pages_are_made_only_when_something_changed(with_pages: Project, tmp_path: Path) -> None:
    project = with_pages.copy(tmp_path / "project")
    assert project.doit("dashboard", "docs", "minimum_cell=1").built == set()
    before = page(project, COURSE).read_bytes()
    page(project, COURSE).unlink()
    course = project.courses[0]
    assert project.doit("dashboard", "minimum_cell=1").built == {f"dashboard:{course}"}
    assert page(project, COURSE).read_bytes() == before
    # Another minimum: no course of 13 learners shows all that it showed before.
    changed = project.doit(f"dashboard:{course}")
    assert changed.built == {f"dashboard:{course}"}
    assert "fewer than 10 learners" in page(project, COURSE).read_text()
    assert measures(page(project, COURSE))["certified"] == "not shown"


def test_the_campus_tells_what_failed_until_it_is_made(with_pages: Project, tmp_path: Path) -> None:
    project = with_pages.copy(tmp_path / "project")
    words = ("dashboard", "minimum_cell=1")
    before = page(project, CAMPUS).read_bytes()
    page(project, COURSE).unlink()
    page(project, COURSE).mkdir()
    assert project.doit(*words, status=None).failed == {f"dashboard:{project.courses[0]}"}
    project.doit("dashboard:campus", "minimum_cell=1", status=None)
    page(project, COURSE).rmdir()
    assert f"dashboard:{project.courses[0]}" in project.doit(*words).built
    assert page(project, CAMPUS).read_bytes() == before


def test_the_campus_tells_of_a_file_until_it_is_mended(with_pages: Project, tmp_path: Path) -> None:
    """A dump that no table reads: the tables are the same with it and without."""
    project = with_pages.copy(tmp_path / "project")
    words = ("dashboard", "minimum_cell=1")
    before = page(project, CAMPUS).read_bytes()
    dump = next((project.folder / "SQL" / "MITx-2.03x-3T2013").glob("*/user_api_usercoursetag.csv.gz"))
    content, times = dump.read_bytes(), dump.stat()
    dump.write_bytes(content[:-2] + b"??")  # as a disk does it: size and times stay
    os.utime(dump, ns=(times.st_atime_ns, times.st_mtime_ns))
    shutil.rmtree(project.folder / "state" / "health")  # where the dump is known
    page(project, CAMPUS).unlink()
    assert project.doit("dashboard:campus", "minimum_cell=1").built == {"dashboard:campus"}
    assert "dump unreadable user_api_usercoursetag" in page(project, CAMPUS).read_text()
    dump.write_bytes(content)
    assert project.doit(*words).built == {"dashboard:campus"}
    assert page(project, CAMPUS).read_bytes() == before


def test_the_page_of_the_campus_comes_after_all_tables_of_the_run(tmp_path: Path) -> None:
    """It tells what the checks of any of them found; of the page of a course the tables are known."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text('course_id_list = ["MITx/2.03x/3T2013"]\n')

    def after(*words: str) -> set[str]:
        tasks = load_namespace(tmp_path, list(words), {})["task_edxtasks"]()
        [campus] = [one for one in tasks if one["basename"] == "dashboard" and one.get("name") == "campus"]
        return set(campus["task_dep"])

    of_course = ":MITx/2.03x/3T2013"
    alone = after("dashboard")
    assert {f"dashboard{of_course}", f"pc_forum{of_course}"} <= alone
    assert f"stats_attempts_correct{of_course}" not in alone
    assert f"stats_attempts_correct{of_course}" in after("stats_attempts_correct", "dashboard")
    assert after("weekly") == {f"dashboard{of_course}"}


def test_a_course_without_learners_has_no_page(tiny_campus: Path, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", tiny_campus)
    for path in (project.folder / "DAILY").iterdir():
        path.unlink()
    (project.folder / "config" / "edxtasks.toml").write_text(
        'course_id_list = ["MITx/2.03x/3T2013"]\n[paths]\ncourse_sql_base_dir = "SQL"\n'
    )
    told = project.doit("dashboard", status=None)
    assert told.built == set()
    assert not (project.folder / "storage").exists()
    assert "person_course" in told.err


@pytest.mark.parametrize("folder", [COURSE, CAMPUS])
def test_a_page_asks_for_nothing_outside(with_pages: Project, folder: str) -> None:
    text = page(with_pages, folder).read_text()
    addresses = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"')\s>]*)", text)
    assert {one.partition(":")[0] for one in addresses if ":" in one} <= {"data"}
    assert len(text) < 3_000_000
