"""Between rows of tables and arrays: scores read, numbers rounded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from edxtasks.psychometrics.arrays import Floats, Integers

DIGITS = 9
"""Decimals of what a fit gives. Processors of another kind may compute other last digits."""


def rounded(value: float) -> float | None:
    """A number as it goes into a table; None for one that is not known."""
    if not math.isfinite(value):
        return None
    return round(float(value), DIGITS) + 0.0  # no -0.0


def scores_of(batches: Iterable[Sequence[tuple[object, ...]]]) -> tuple[Integers, Integers, Floats]:
    """Users, problem numbers and scores in percent, from rows of these; rows that lack one are left out."""
    users, problems, scores = [], [], []
    for batch in batches:
        whole = [row for row in batch if None not in row]
        users.append(np.array([row[0] for row in whole], dtype=np.int64))
        problems.append(np.array([row[1] for row in whole], dtype=np.int64))
        scores.append(np.array([row[2] for row in whole], dtype=np.float64))
    if not users:
        nothing = np.array([], dtype=np.int64)
        return nothing, nothing, np.array([], dtype=np.float64)
    return np.concatenate(users), np.concatenate(problems), np.concatenate(scores)
