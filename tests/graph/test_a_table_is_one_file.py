"""A table is one file: put there it is listed, planned, built, in its sets; no other file knows of it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import REPOSITORY, Project, copy_of_the_package

sys.path.insert(0, str(REPOSITORY / "tests" / "tables"))

from model_cases import by_build, differences, on_duckdb, read_case
from product_registry import product_registry

from edxtasks.build.model import read_models
from edxtasks.build.python_modules import read_modules
from edxtasks.build.registry import TABLES
from edxtasks.course import CourseKey
from edxtasks.table import SqlModel, name_at
from edxtasks.warehouse.parquet import ParquetWarehouse

BY_SQL = """-- Days with events by course, for a trial.
-- command: trial_command
-- sets: doall
-- grain: date
SELECT
  date, -- DATE: UTC date
  COUNT(*) AS n -- INTEGER: learners
FROM person_course_day
GROUP BY date
"""
OVER_COURSES = '''"""The table `report.trial_totals`: learners of the chosen courses, for a trial."""

from edxtasks.table import BuildInputs, Need, PythonModel, Scope, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema


def build(inputs: BuildInputs) -> Content:
    for course in inputs.courses:
        batches = inputs.batches("person_course", ("user_id",), course=course) or ()
        yield {"course_id": course.slash, "n": sum(map(len, batches))}
    yield {"course_id": "all", "n": sum(1 for _ in inputs.rows("person_course"))}


TABLE = Table(
    command="trial_report",
    scope=Scope.GROUP,
    grain="course_id",
    schema=schema("course_id STRING -- course, or all\\nn INTEGER -- learners"),
    inputs={"person_course": Need.REQUIRED},
    builder=PythonModel(version=1, build=build),
)
'''
FROM_A_FILE = '''"""The table `trial_notes`: lines of a file of the course, for a trial."""

from edxtasks.directories import sql_directory
from edxtasks.errors import SourceAbsentError
from edxtasks.table import BuildInputs, Instance, PythonModel, Table
from edxtasks.warehouse.rows import Content
from edxtasks.warehouse.schema import schema


def sources(of: Instance):
    path = sql_directory(of.course, of.settings) / "trial.txt"
    if not path.is_file():
        raise SourceAbsentError("no trial.txt")
    return {"trial": path}


def build(inputs: BuildInputs) -> Content:
    return [{"text": line} for line in inputs.file("trial").read_text().splitlines()]


TABLE = Table(
    command="trial_notes",
    sets=("doall",),
    grain="line",
    schema=schema("text STRING -- a line"),
    builder=PythonModel(version=1, build=build, sources=sources),
)
'''
BROKEN = "import no_such_module\n"
CASES = {
    "trial_days": {
        "person_course_day.jsonl": '{"date": "2013-03-05"}\n{"date": "2013-03-05"}\n',
        "expected.jsonl": '{"date": "2013-03-05", "n": 2}\n',
    },
    "report.trial_totals": {
        "A__1__X/person_course.jsonl": '{"user_id": 1}\n{"user_id": 2}\n',
        "A__2__X/person_course.jsonl": '{"user_id": 1}\n',
        "expected.jsonl": '{"course_id": "A/1/X", "n": 2}\n{"course_id": "A/2/X", "n": 1}\n'
        '{"course_id": "all", "n": 3}\n',
    },
    "trial_notes": {
        "dump/trial.txt": "one\ntwo\n",
        "expected.jsonl": '{"text": "one"}\n{"text": "two"}\n',
    },
}
"""A case for each, in the form that those of all tables have."""


def test_three_tables_by_their_files_alone(built: Project, tmp_path: Path) -> None:
    copy_of_the_package(tmp_path / "package")
    tables = tmp_path / "package" / "edxtasks" / "tables"
    (tables / "person" / "trial_days.sql").write_text(BY_SQL)
    (tables / "report" / "trial_totals.py").write_text(OVER_COURSES)
    (tables / "dumps" / "trial_notes.py").write_text(FROM_A_FILE)
    (tables / "dumps" / "trial_broken.py").write_text(BROKEN)
    edited = Project(built.folder, tmp_path / "package")
    course = built.courses[0]
    listed = edited.doit("list").out
    for name in ("trial_command", "trial_days", "trial_report", "report:trial_totals", "trial_notes"):
        assert name in listed
    plan = edited.doit("plan", "doall").out
    assert f"will run  trial_days:{course}" in plan
    assert "no trial.txt" in edited.doit("why", f"trial_notes:{course}").out
    home = CourseKey.parse(course).package_prefix
    (dump,) = (path.parent for path in (built.folder / "SQL" / home).glob("*/users.csv.gz"))
    (dump / "trial.txt").write_text("one\ntwo\n")
    commands = ("trial_command", "trial_report", "trial_notes")
    made = {f"trial_days:{one}" for one in built.courses} | {"report:trial_totals"}
    assert edited.doit(*commands).built == {*made, f"trial_notes:{course}"}
    assert edited.doit(*commands).built == set()
    wrong = edited.doit("trial_broken", status=None)
    assert "trial_broken.py: it cannot be imported: ModuleNotFoundError" in wrong.err
    # Without their files they are told, and removed where somebody says so; nothing else is.
    datasets = [CourseKey.parse(one).dataset for one in built.courses]
    gone = {f"{dataset}.trial_days" for dataset in datasets}
    gone |= {"course_report_MITx.trial_totals", f"{datasets[0]}.trial_notes"}
    planned = built.doit("plan", "make_roles").out
    assert set(re.findall(r"^removed +(\S+): edxtasks does not make it any more", planned, re.M)) == gone
    before = set(built.tables())
    assert set(re.findall(r"^would remove (\S+):", built.doit("clean", "-n").out, re.M)) == gone
    built.doit("clean")
    assert set(built.tables()) == before - gone
    assert "clean needs a task" in built.doit("clean", status=3).err


def test_three_tables_are_tested_by_their_folders_alone(tmp_path: Path) -> None:
    files = {
        "trial_tables/person/trial_days.sql": BY_SQL,
        "trial_tables/report/trial_totals.py": OVER_COURSES,
        "trial_tables/dumps/trial_notes.py": FROM_A_FILE,
    }
    cases = {f"cases/{name}/one/{file}": text for name, case in CASES.items() for file, text in case.items()}
    for file, text in {**files, **cases}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    declared = {name: table.schema for name, table in product_registry().items()}
    tables = read_models(tmp_path / "trial_tables", None, declared)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        for table in read_modules(tmp_path / "trial_tables", "trial_tables"):
            tables[table.name] = table
    assert set(tables) == set(CASES)
    for name, table in tables.items():
        folder = tmp_path / "cases" / name / "one"
        (folder / "README").write_text("For a trial.\n")
        case = read_case(table, folder)
        if isinstance(table.builder, SqlModel):
            warehouse = ParquetWarehouse(tmp_path / "warehouse")
            assert differences(case, on_duckdb(warehouse, case)) == []
        else:
            assert differences(case, by_build(tmp_path / name, case)) == []


def test_a_module_that_cannot_be_imported_stays_in_its_sets(tmp_path: Path) -> None:
    """Else a run of the set would end well without it."""
    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps" / "trial_broken.py").write_text(BROKEN + FROM_A_FILE)
    (tmp_path / "dumps" / "trial_words.py").write_text("no Python")
    broken, words = read_modules(tmp_path, "no_such_package")
    assert (broken.sets, words.sets) == (("doall",), ())
    assert "it cannot be imported" in broken.fault and "it cannot be imported" in words.fault


def test_the_folders_of_tables_hold_tables_and_nothing_else() -> None:
    files = [path for path in TABLES.glob("*/*") if "__pycache__" not in path.relative_to(TABLES).parts]
    assert sorted(map(name_at, files)) == sorted(product_registry())
    assert {path.suffix for path in files} == {".sql", ".py"}


KNOWN_BY_NAME = {
    "commands/check_pc_dates.py",  # a command about one table
}
"""Files that name tables."""


def strings_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize(
    "room", ["build", "steps", "graph", "commands", "program", "shell", "storage", "warehouse"]
)
def test_no_table_is_known_by_its_name(room: str) -> None:
    package = REPOSITORY / "edxtasks"
    names = set(product_registry())
    for path in sorted((package / room).rglob("*.py")):
        if str(path.relative_to(package)) not in KNOWN_BY_NAME:
            assert names & set(strings_of(path)) == set(), path
