"""Queries of pages on rows written by hand, on both engines."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tables"))

import duck
import googlesql
from model_cases import input_schema

from edxtasks.pages.queries import page_queries
from edxtasks.table import SqlModel

CUT = {"irt_diff": 0.5, "irt_disc": 1.5}
SCORES: dict[int, list[float | None]] = {
    1: [0.0, 0.0, 33.333333333333336, 33.33333333333333, 100.0, None],
    2: [50.0, 100.0],
}
"""Scores of learners by problem: of the first one three different ones, told apart by nine decimals."""


def test_learners_who_passed_a_cut_are_counted_by_the_order_of_the_scores() -> None:
    query = page_queries()["curves"]
    assert isinstance(query.builder, SqlModel)
    rows: dict[str, list[dict[str, object]]] = {
        "item_irt_grm": [{"problem_nid": at, "cutnum": cut, **CUT} for at, cut in ((1, 1), (1, 2), (2, 1))],
        "item_irt_grm_R": [{"problem_nid": 1, "cutnum": 1, **CUT}],
        "person_problem": [
            {"problem_nid": at, "user_id": user, "problem_pct_score": score}
            for at, scores in SCORES.items()
            for user, score in enumerate(scores)
        ],
        "course_problem": [
            {"problem_nid": at, "n_unique_users_attempted": 6, "problem_name": "A"} for at in SCORES
        ],
    }
    inputs = {name: (input_schema(name), rows[name]) for name in query.inputs}
    wanted = [(1, 1, 3), (1, 2, 1), (2, 1, 1)]
    for engine in (googlesql.evaluate, duck.run):
        found = engine(query.builder.sql, inputs, {})
        assert [(row[0], row[1], row[4]) for row in found] == wanted
