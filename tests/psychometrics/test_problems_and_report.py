"""What needs no library: labels of problems, scores a column for each problem, the report."""

from __future__ import annotations

from typing import Any

from edxtasks.psychometrics.problems import COLUMNS, Problem, problems_of
from edxtasks.psychometrics.report import MIRT, report_rows
from edxtasks.psychometrics.wide import wide
from edxtasks.warehouse.schema import Column

ITEM: dict[str, Any] = dict.fromkeys(COLUMNS)


def test_a_problem_has_the_names_of_its_first_item_and_the_weight_of_all() -> None:
    rows = [
        {**ITEM, "problem_nid": 3, "item_number": 2, "problem_id": "other", "item_weight": 0.125},
        {
            **ITEM,
            "problem_nid": 3,
            "item_number": 1,
            "problem_id": "Q3",
            "problem_short_id": "HW_1__2",
            "chapter_name": "Week 1",
            "section_name": "Homework",
            "problem_name": "Cubes",
            "item_weight": 0.25,
            "problem_points_possible": 2.0,
        },
        {**ITEM, "problem_nid": 1, "item_number": 1, "problem_id": "Q1"},
        {**ITEM, "problem_nid": None, "item_number": 1},
    ]
    found = problems_of(rows)
    assert list(found) == [1, 3]
    assert found[3].label == "[3] HW_1__2 Week 1/Homework/Cubes"
    assert found[3].report_label == "[3] Week 1 / Homework / Cubes"
    assert (found[3].weight, found[3].points_possible) == (0.375, 2.0)
    # in no assignment, in no chapter, without a name
    assert found[1].label == "[1]  //"
    assert found[1].weight is None


USER = Column("user_id", "INTEGER", "account id")


def test_scores_stand_in_a_column_for_each_problem_in_the_order_of_their_numbers() -> None:
    answers = [(9, 10, 50.0), (7, 2, 0.0), (7, 10, 100.0), (9, 3, 25.0), (9, 3, 75.0), (9, 3, 50.0)]
    nobodys: list[tuple[object, ...]] = [(None, 2, 1.0), (7, None, 1.0), (7, 11, None)]
    content = wide([*answers, *nobodys], {2: Problem(2, short_id="HW_1__1", name="Cubes")}, USER)
    assert content.schema.names == ("user_id", "y2", "y3", "y10")
    assert content.schema["y2"].description == "[2] HW_1__1 //Cubes"
    assert content.schema["y10"].description == "[10]"
    assert list(content.rows) == [
        {"user_id": 7, "y2": 0.0, "y10": 100.0},
        {"user_id": 9, "y3": 75.0, "y10": 50.0},
    ]


def test_no_answers_leave_the_column_of_learners() -> None:
    content = wide([], {}, USER)
    assert content.schema.names == ("user_id",)
    assert list(content.rows) == []


def test_the_report_has_a_row_for_each_cut_of_a_problem_that_is_known_everywhere() -> None:
    cut = {"irt_diff": 0.5, "irt_disc": 1.5, "diff_se": 0.1, "disc_se": None}
    parameters: list[dict[str, Any]] = [
        {**cut, "problem_nid": 3, "cutnum": 2, "irt_diff": 1.5},
        {**cut, "problem_nid": 3, "cutnum": 1, "irt_method": "edxtasks GRM"},
        {**cut, "problem_nid": 4, "cutnum": 1},
        {**cut, "problem_nid": 5, "cutnum": 1},  # not in course_item
        {**cut, "problem_nid": 6, "cutnum": 1},  # not in course_problem
    ]
    problems = {nid: Problem(nid, f"Q{nid}", chapter="Week 1", name="Cubes") for nid in (3, 4, 6)}
    scores: list[dict[str, Any]] = [
        {
            "problem_nid": nid,
            "avg_problem_raw_score": 1.5,
            "avg_problem_pct_score": 75.0,
            "n_unique_users_attempted": 9,
        }
        for nid in (3, 4, 5)
    ]
    reliabilities = [{"item": "y3", "itemtestcorr": 0.6, "itemrestcorr": 0.5, "alpha": 0.8}]
    rows = list(report_rows("MITx/6.00x/2013_Spring", parameters, MIRT, problems, scores, reliabilities))
    assert [row["IRT_item_number"] for row in rows] == ["3/1", "3/2", "4/1"]
    assert rows[1] == {
        "course_id": "MITx/6.00x/2013_Spring",
        "problem_nid": 3,
        "problem_short_id": None,
        "chapter": "Week 1",
        "assignment_type": None,
        "problem_label": "[3] Week 1 /  / Cubes",
        "problem_id": "Q3",
        "IRT_item_number": "3/2",
        "avg_problem_raw_score": 1.5,
        "avg_problem_pct_score": 75.0,
        "n_unique_users_attempted": 9,
        "item_test": 0.6,
        "item_rest": 0.5,
        "alpha": 0.8,
        "Difficulty": 1.5,
        "Discrimination": 1.5,
        "Difficulty_SE": 0.1,
        "Discrimination_SE": None,
        "irt_method": "R mirt GRM",
    }
    assert rows[0]["irt_method"] == "edxtasks GRM"
    # without reliabilities the row stays
    assert (rows[2]["item_test"], rows[2]["alpha"]) == (None, None)
