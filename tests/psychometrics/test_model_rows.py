"""A fitted model as rows, and read back from them."""

from __future__ import annotations

import numpy as np
import pytest
from answers import lsat6

from edxtasks.errors import InputError
from edxtasks.psychometrics.ability import abilities
from edxtasks.psychometrics.graded_response import fit
from edxtasks.psychometrics.information import standard_errors
from edxtasks.psychometrics.model_rows import model_of, parameter_rows
from edxtasks.psychometrics.problems import Problem
from edxtasks.psychometrics.responses import responses, responses_to
from edxtasks.psychometrics.scores import rounded, scores_of


def test_a_model_read_back_gives_the_same_abilities() -> None:
    answers = lsat6()
    found = fit(answers)
    rows = list(parameter_rows(answers, found, standard_errors(answers, found), {}))
    model = model_of(reversed(rows))
    persons, columns = answers.indicator.nonzero()
    again = responses_to(
        model.numbers,
        model.values,
        model.offsets,
        answers.persons[persons],
        answers.items[columns // 2],
        answers.values[columns],
    )
    expected, read = abilities(answers, found.items), abilities(again, model.items)
    assert read.means == pytest.approx(expected.means, abs=1e-8)
    assert read.deviations == pytest.approx(expected.deviations, abs=1e-8)


def test_rows_have_a_cut_for_each_category_but_the_lowest() -> None:
    persons, items = np.array([1, 2, 3, 4, 1, 2, 3, 4]), np.array([4, 4, 4, 4, 9, 9, 9, 9])
    answers = responses(persons, items, np.array([0, 50, 50, 100, 0, 0, 100, 100], dtype=float))
    found = fit(answers)
    problem = Problem(4, "Q4", "HW_1__1", "Week 1", "Homework", "Page", "Cubes", "Homework", 0.25, 2.0)
    rows = list(parameter_rows(answers, found, standard_errors(answers, found), {4: problem}))
    assert [(row["problem_nid"], row["cutnum"], row["cutval"]) for row in rows] == [
        (4, 1, 50.0),
        (4, 2, 100.0),
        (9, 1, 100.0),
    ]
    assert rows[0]["irt_disc"] == rows[1]["irt_disc"]
    named = {"item_weight", "pn_points_possible", "problem_id", "problem_short_id", "chapter_name"}
    named |= {"section_name", "vertical_name", "problem_name"}
    assert [rows[1][name] for name in sorted(named)] == [
        "Week 1", 0.25, 2.0, "Q4", "Cubes", "HW_1__1", "Homework", "Page",
    ]  # fmt: skip
    assert all(rows[2][name] is None for name in named)
    assert rows[0]["irt_method"] == "edxtasks GRM"


CUT = {"problem_nid": 3, "cutnum": 1, "irt_disc": 2.0, "irt_diff": 0.5, "cutval": 100.0}


def test_a_problem_of_which_a_number_is_missing_is_no_part_of_the_model() -> None:
    model = model_of(
        [CUT, {**CUT, "problem_nid": 4, "irt_diff": None}, {**CUT, "problem_nid": 5, "cutval": None}]
    )
    assert model.numbers.tolist() == [3]
    assert model.items.intercepts.tolist() == [-1.0]
    assert model.values.tolist() == [-np.inf, 100.0]


def test_cuts_in_no_order_are_refused_by_the_number_of_the_problem() -> None:
    with pytest.raises(InputError, match="the cuts of problem 3"):
        model_of([CUT, {**CUT, "cutnum": 2, "cutval": 50.0, "irt_diff": 1.0}])


def test_scores_lie_in_the_highest_category_that_they_reach() -> None:
    known, values, offsets = (
        np.array([3, 7]),
        np.array([-np.inf, 50.0, 100.0, -np.inf, 100.0]),
        np.array([0, 3, 5]),
    )
    found = responses_to(
        known,
        values,
        offsets,
        np.array([1, 1, 2, 3, 4, 5]),
        np.array([3, 7, 3, 3, 8, 7]),
        np.array([49.9, 100.0, 50.0, 100.0, 100.0, np.nan]),
    )
    # person 4 answered no problem of the model, person 5 nothing at all
    assert found.persons.tolist() == [1, 2, 3]
    assert found.indicator.toarray().tolist() == [[1, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]]
    assert found.dropped_persons == 1


def test_rows_that_lack_a_value_are_no_answers() -> None:
    rows: list[dict[str, object]] = [
        {"user_id": 1, "problem_nid": 2, "problem_pct_score": 50.0},
        {"user_id": 1, "problem_nid": None, "problem_pct_score": 5.0},
        {"user_id": 3, "problem_nid": 4, "problem_pct_score": None},
    ]
    users, problems, scores = scores_of(rows)
    assert (users.tolist(), problems.tolist(), scores.tolist()) == ([1], [2], [50.0])
    assert scores_of([])[0].size == 0


def test_numbers_are_rounded_and_what_is_not_known_is_none() -> None:
    assert rounded(0.12345678949) == 0.123456789
    assert str(rounded(-1e-12)) == "0.0"
    assert rounded(float("nan")) is None
