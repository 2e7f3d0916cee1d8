"""The commands of item response theory in real runs, with the extra `irt` and without."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
from project import REPOSITORY, Project

from edxtasks.course import CourseKey
from edxtasks.psychometrics.numerics import LIBRARIES

COMMANDS = ("irt_grm", "reliability", "ppwide", "irt_report", "item_responses")


def test_all_tables_with_the_extra(built: Project) -> None:
    if not all(map(find_spec, LIBRARIES)):
        pytest.skip("the extra irt is not installed")
    course = CourseKey.parse(built.courses[0])
    built.doit(*COMMANDS, f"courses={course}")

    def rows(sql: str) -> list[tuple[object, ...]]:
        folder = built.warehouse / course.dataset
        return duckdb.execute(sql.replace("FROM ", f"FROM '{folder}/").replace(";", ".parquet'")).fetchall()

    # Every problem of the model stands in the report, with the same numbers.
    parameters = rows("SELECT problem_nid, cutnum, irt_diff, irt_disc FROM item_irt_grm; ORDER BY ALL")
    assert parameters
    report = rows(
        "SELECT problem_nid, CAST(split_part(IRT_item_number, '/', 2) AS INTEGER), Difficulty, "
        "Discrimination "
        "FROM item_response_theory_report; ORDER BY ALL"
    )
    assert report == parameters
    assert rows("SELECT DISTINCT irt_method FROM item_response_theory_report;") == [("edxtasks GRM",)]
    assert rows("SELECT count(*) FROM person_problem_wide;") == rows(
        "SELECT count(DISTINCT user_id) FROM person_problem;"
    )
    assert rows("SELECT count(*) FROM item_responses;") == rows("SELECT count(*) FROM person_item;")
    assert rows("SELECT count(*) FROM item_reliabilities;") != [(0,)]
    assert built.doit(*COMMANDS, f"courses={course}").built == set()


def test_one_line_without_the_extra(built: Project, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    # Every process of the run starts with libraries that cannot be found.
    hidden = f"import sys\nsys.modules.update(dict.fromkeys({LIBRARIES!r}))\n"
    (tmp_path / "without" / "sitecustomize.py").write_text(hidden)
    course = built.courses[0]
    without = Project(built.folder, Path(f"{tmp_path / 'without'}:{REPOSITORY}"))
    outcome = without.doit("irt_grm", "ppwide", f"courses={course}", status=None)
    assert outcome.status in {1, 2}
    assert f"item_irt_grm:{course}" in outcome.failed
    [said] = (line for line in outcome.err.splitlines() if line.startswith("FAILED  item_irt_grm:"))
    assert said.endswith(
        "needs numpy, scipy, threadpoolctl, which are not installed: pip install 'edxtasks[irt]'"
    )
    assert "Traceback" not in outcome.err
    # What needs no such library is made all the same.
    assert f"person_problem_wide:{course}" in outcome.built
