"""Every table in Python gives the expected rows of its cases, on the road that a build takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from model_cases import (
    OF_PYTHON,
    Case,
    CaseError,
    by_build,
    cases_of,
    differences,
    folder_of,
    python_cases,
    python_tables,
    read_case,
    registry,
)

from edxtasks.table import Table

ELSEWHERE: Mapping[str, str] = {
    "course_axis": "its input is an archive of a course: tests/content/test_content_course_axis.py",
    "course_listing_and_metainfo": "as course_metainfo: tests/content/test_content_course_metainfo.py",
    "course_metainfo": "its input is an archive of a course: tests/content/test_content_course_metainfo.py",
    "grading_policy": "its input is an archive of a course: tests/content/test_content_grading_policy.py",
    "video_lengths": "it asks YouTube, which a server in the test is: tests/content/test_video_lengths.py",
    "forum": "its input is a dump of MongoDB in BSON: tests/dumps/test_forum.py",
    "geocode.extra_geoip": "its input is a database of addresses: tests/geolocation/test_extra_geoip.py",
    "pc_geoip": "its input is a database of addresses: tests/geolocation/test_pc_geoip.py",
    "item_irt_grm": "fitted numbers, against another way to work them out: tests/psychometrics",
    "item_reliabilities": "as item_irt_grm: tests/psychometrics/test_reliability.py",
    "person_irtgrm_theta": "as item_irt_grm: tests/psychometrics/test_model_rows.py",
    "item_response_theory_report": "of the fits of three programs: tests/psychometrics/test_builders.py",
    "report.deidentification": "as report.person_course_deidentified: tests/deidentification",
    "report.person_course_deidentified": "its pseudonyms hang on a secret: tests/deidentification",
    "report.course_summary_stats": "hundreds of columns of dozens of inputs: test_course_summary_stats.py",
}
"""Tables whose rows are tested in another form, and why: by name."""


@pytest.mark.parametrize("case", python_cases(), ids=str)
def test_the_table_has_the_expected_rows(case: Case, tmp_path: Path) -> None:
    found = differences(case, by_build(tmp_path, case))
    assert not found, "\n".join([case.purpose, *found])


def test_every_table_has_cases_or_a_reason_for_none() -> None:
    with_cases = {table.name for table in python_tables() if cases_of(table)}
    assert with_cases | ELSEWHERE.keys() == {table.name for table in python_tables()}
    assert with_cases & ELSEWHERE.keys() == set()


@pytest.mark.parametrize(
    "table", [table for table in python_tables() if cases_of(table)], ids=lambda table: table.name
)
def test_every_column_is_expected_somewhere_with_a_value(table: Table) -> None:
    rows = [row for case in cases_of(table) for row in case.expected]
    valued = {name for row in rows for name, value in row.items() if value is not None}
    lacking = [
        one.name for one in table.schema if one.name not in valued and "always NULL" not in one.description
    ]
    assert not lacking, f"{table.name}: no case in {folder_of(table)} expects a value in {', '.join(lacking)}"


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("tracklog.jsonl", "", "roles has no input of this name; it reads no table"),
        ("X__Y__Z/roles.jsonl", "", "roles has no input of this name"),
        ("parameters.json", "{}", "roles has no input of this name"),
        ("expected.jsonl", '{"role": 1}', "there is no column role"),
    ],
)
def test_a_case_that_breaks_the_form_is_refused(tmp_path: Path, file: str, text: str, told: str) -> None:
    (tmp_path / "README").write_text("A case.\n")
    for name in (*OF_PYTHON[:2],):
        (tmp_path / name).mkdir()
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / "expected.jsonl").write_text("")
    (tmp_path / file).write_text(text)
    with pytest.raises(CaseError, match=told):
        read_case(registry()["roles"], tmp_path)
