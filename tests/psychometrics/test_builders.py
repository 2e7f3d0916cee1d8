"""The tables end to end: from rows of `person_problem` and `course_item` to rows of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.errors import UserError
from edxtasks.psychometrics import numerics
from edxtasks.psychometrics.problems import COLUMNS
from edxtasks.table import BuildInputs, Piece
from edxtasks.tables.item_response import (
    item_irt_grm,
    item_reliabilities,
    item_response_theory_report,
    person_irtgrm_theta,
    person_problem_wide,
)

COURSE = CourseKey.find("MITx/6.00x/2013_Spring")
ITEMS = [
    {**dict.fromkeys(COLUMNS), "problem_nid": nid, "item_number": 1, "problem_id": f"Q{nid}"}
    for nid in (1, 2, 3, 4)
]
PATTERNS = ["1000", "1100", "1010", "0100", "0110", "1110", "0010", "0000", "1100", "1110", "0111", "1001"]
"""Right or wrong in problems 1 to 4; the last learner alone leaves problem 3 out."""
SCORES = [
    {"user_id": 100 + learner, "problem_nid": 1 + problem, "problem_pct_score": 100.0 * int(mark)}
    for learner, pattern in enumerate(PATTERNS)
    for problem, mark in enumerate(pattern)
    if (learner, problem) != (11, 2)
]
ALWAYS_RIGHT = [{"user_id": user, "problem_nid": 9, "problem_pct_score": 100.0} for user in (100, 101, 900)]
"""A problem without variation, which learner 900 alone of those who answered it did nothing beside."""


class Reader:
    """Tables in memory."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = tables

    def read(
        self, name: str, columns: Sequence[str] | None, course: CourseKey | None
    ) -> Iterator[Piece] | None:
        rows = self.tables.get(name)
        if rows is None:
            return None
        names = tuple(columns or (rows[0] if rows else ()))
        return iter([(names, (tuple(row[one] for one in names) for row in rows))])


def inputs(settings: Settings | None = None, **tables: list[dict[str, Any]]) -> BuildInputs:
    return BuildInputs(settings or Settings(), COURSE, tables=Reader(**tables))


def made(build: Any, of: BuildInputs) -> list[dict[str, Any]]:
    return [dict(row) for row in build(of)]


def test_parameters_and_abilities() -> None:
    pytest.importorskip("scipy")
    of = inputs(person_problem=[*SCORES, *ALWAYS_RIGHT], course_item=ITEMS)
    parameters = made(item_irt_grm.build, of)
    assert [(row["problem_nid"], row["cutnum"], row["cutval"]) for row in parameters] == [
        (nid, 1, 100.0) for nid in (1, 2, 3, 4)
    ]
    assert parameters[0]["problem_id"] == "Q1"
    assert {row["irt_method"] for row in parameters} == {"edxtasks GRM"}
    assert of.messages.lines[:2] == [
        "left out: 1 problem that all answered with the same score",
        "left out: 1 learner without an answer to any other problem",
    ]
    of = inputs(person_problem=[*SCORES, *ALWAYS_RIGHT], item_irt_grm=parameters)
    abilities = made(person_irtgrm_theta.build, of)
    assert [row["user_id"] for row in abilities] == list(range(100, 112))
    assert all(0 < row["thetase"] < 1 for row in abilities)
    assert of.messages.lines == ["left out: 1 learner without an answer to a problem of the model"]


def test_nothing_that_varies_is_told() -> None:
    pytest.importorskip("scipy")
    of = inputs(person_problem=ALWAYS_RIGHT, course_item=ITEMS)
    assert made(item_irt_grm.build, of) == []
    assert "no problem has answers of different scores: the table is empty" in of.messages.lines


def test_reliabilities_are_named_as_the_columns_of_the_wide_table() -> None:
    pytest.importorskip("scipy")
    of = inputs(person_problem=SCORES, course_item=ITEMS)
    wide = person_problem_wide.build(of)
    rows = made(item_reliabilities.build, of)
    assert tuple(row["item"] for row in rows) == wide.schema.names[1:] == ("y1", "y2", "y3", "y4")
    assert [row["nobs"] for row in rows] == [12, 12, 11, 12]
    # 7 of 12 right in problem 1
    assert rows[0]["mean"] == pytest.approx(700 / 12)
    assert rows[0]["item_label"] == "[1]  //"


GRM = {"problem_nid": 1, "cutnum": 1, "irt_diff": 0.5, "irt_disc": 1.5, "diff_se": 0.1, "disc_se": 0.2}
KNOWN: dict[str, Any] = {
    "course_item": ITEMS,
    "course_problem": [
        {
            "problem_nid": 1,
            "avg_problem_raw_score": 0.5,
            "avg_problem_pct_score": 50.0,
            "n_unique_users_attempted": 12,
        }
    ],
}


@pytest.mark.parametrize(
    ("tables", "source", "method"),
    [
        (["item_irt_grm"], "", "STATA GRM"),
        (["item_irt_grm_R"], "", "R mirt GRM"),
        (["item_irt_grm", "item_irt_grm_R"], "", "STATA GRM"),
        (["item_irt_grm", "item_irt_grm_R"], "item_irt_grm_R", "R mirt GRM"),
    ],
)
def test_the_report_takes_the_parameters_that_are_there_or_wanted(
    tables: list[str], source: str, method: str
) -> None:
    of = inputs(Settings(irt_source=source), **KNOWN, **{name: [GRM] for name in tables})
    rows = made(item_response_theory_report.build, of)
    assert [(row["IRT_item_number"], row["irt_method"], row["alpha"]) for row in rows] == [
        ("1/1", method, None)
    ]


def test_a_report_without_parameters_says_how_to_get_them() -> None:
    with pytest.raises(UserError, match=r"found neither.*doit irt_grm:MITx/6.00x"):
        item_response_theory_report.build(inputs(**KNOWN))
    wanted = inputs(Settings(irt_source="item_irt_grm_R"), **KNOWN, item_irt_grm=[GRM])
    with pytest.raises(UserError, match="irt_source is item_irt_grm_R"):
        item_response_theory_report.build(wanted)


@pytest.mark.parametrize("module", [item_irt_grm, person_irtgrm_theta, item_reliabilities])
def test_without_the_extra_a_table_names_itself_and_what_to_install(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numerics, "LIBRARIES", ("no_such_library",))
    with pytest.raises(UserError, match=r"needs no_such_library.*edxtasks\[irt\]"):
        module.build(inputs())
