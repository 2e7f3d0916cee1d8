"""Answers for the tests: simulated ones, a classic data set, and a likelihood written down independently."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edxtasks.psychometrics.arrays import Floats, Integers
from edxtasks.psychometrics.responses import Responses, responses

LSAT6 = (
    "00000:3 00001:6 00010:2 00011:11 00100:1 00101:1 00110:3 00111:4 01000:1 01001:8 01011:16 01101:3 "
    "01110:2 01111:15 10000:10 10001:29 10010:14 10011:81 10100:3 10101:28 10110:15 10111:80 11000:16 "
    "11001:56 11010:21 11011:173 11100:11 11101:61 11110:28 11111:298"
)
"""How often each pattern of right and wrong was given to five items of the Law School Admission Test by 1,000
persons (Bock and Lieberman, Psychometrika 35, 1970)."""


def of_matrix(answers: Integers | Sequence[Sequence[int]]) -> Responses:
    """Answers by person (row) and item (column); -1 is not an answer. Items and persons are numbered from
    0."""
    matrix = np.asarray(answers)
    persons, items = np.nonzero(matrix >= 0)
    return responses(persons, items, matrix[persons, items].astype(float))


def lsat6() -> Responses:
    """The data set above."""
    rows = []
    for entry in LSAT6.split():
        pattern, _, count = entry.partition(":")
        rows += [[int(one) for one in pattern]] * int(count)
    return of_matrix(rows)


def simulated(
    persons: int, slopes: Floats, difficulties: Sequence[Floats], missing: float, seed: int
) -> Integers:
    """Answers drawn from the model itself, a share of them missing at random."""
    chance = np.random.default_rng(seed)
    ability = chance.normal(size=persons)
    draw = chance.random((persons, slopes.size))
    answers = np.zeros((persons, slopes.size), dtype=np.int64)
    for item, cuts in enumerate(difficulties):
        for cut in cuts:
            answers[:, item] += draw[:, item] < 1 / (1 + np.exp(-slopes[item] * (ability - cut)))
    answers[chance.random(answers.shape) < missing] = -1
    return answers


def probability(slope: float, cuts: Sequence[float], category: int, ability: Floats) -> Floats:
    """P(X = category | θ), as the definition has it."""

    def at_least(k: int) -> Floats:
        if k == 0:
            return np.ones_like(ability)
        if k > len(cuts):
            return np.zeros_like(ability)
        return np.asarray(1 / (1 + np.exp(-slope * (ability - cuts[k - 1]))))

    return at_least(category) - at_least(category + 1)


def marginal(
    slopes: Sequence[float], cuts: Sequence[Sequence[float]], row: Sequence[int], power: int = 0
) -> float:
    """∫ θ^power · P(answers | θ) · φ(θ) dθ by the trapezoidal rule over 2,001 points; -1 is not an answer."""
    ability = np.linspace(-9, 9, 2001)
    value = ability**power * np.exp(-(ability**2) / 2) / math.sqrt(2 * math.pi)
    for slope, of_item, category in zip(slopes, cuts, row, strict=True):
        if category >= 0:
            value = value * probability(slope, of_item, category, ability)
    return float(value.sum() * (ability[1] - ability[0]))
