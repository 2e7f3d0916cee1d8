"""Between rows of tables and arrays: scores read, numbers rounded."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping

import numpy as np

from edxtasks.psychometrics.arrays import Floats, Integers

DIGITS = 9
"""Decimals of what a fit gives. Processors of another kind may compute other last digits."""


def rounded(value: float) -> float | None:
    """A number as it goes into a table; None for one that is not known."""
    if not math.isfinite(value):
        return None
    return round(float(value), DIGITS) + 0.0  # no -0.0


def scores_of(rows: Iterable[Mapping[str, object]]) -> tuple[Integers, Integers, Floats]:
    """Users, problem numbers and scores in percent, from rows of `person_problem`.

    Rows that lack one of these are no answers. Memory: 24 bytes a row.
    """
    users, problems, scores = array("q"), array("q"), array("d")
    for row in rows:
        user, problem, score = row["user_id"], row["problem_nid"], row["problem_pct_score"]
        if isinstance(user, int) and isinstance(problem, int) and isinstance(score, int | float):
            users.append(user)
            problems.append(problem)
            scores.append(score)
    return (
        np.frombuffer(users, dtype=np.int64),
        np.frombuffer(problems, dtype=np.int64),
        np.frombuffer(scores, dtype=np.float64),
    )
