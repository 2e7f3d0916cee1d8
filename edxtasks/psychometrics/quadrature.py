"""Points and weights that stand for the distribution of abilities, N(0, 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import roots_hermitenorm

from edxtasks.psychometrics.arrays import Floats

_LEAST_WEIGHT = 1e-12
"""Points of a smaller weight are left out: abilities beyond ±7."""
_LEAST_ORDER = 61
_GREATEST_ORDER = 1500


@dataclass(frozen=True)
class Quadrature:
    """Abilities `points`, ascending, with `weights` that add up to 1."""

    points: Floats
    weights: Floats


def gauss_hermite(order: int) -> Quadrature:
    """The Gauss-Hermite rule of an order for N(0, 1), without the points of negligible weight."""
    points, weights = roots_hermitenorm(order)
    weights = weights / weights.sum()
    kept = weights > _LEAST_WEIGHT
    return Quadrature(points[kept], weights[kept] / weights[kept].sum())


def order_for(answers: int) -> int:
    """An order whose points lie close enough for learners with so many answers.

    The more answers, the narrower is the distribution of a learner's ability, and a rule whose points lie
    further apart than its deviation is wrong about it: with 21 points and 200 items, discriminations come
    out a quarter too small. An answer to an item of discrimination 1.2 adds about 0.36 to the precision. The
    points of a rule of order n are about π / √n apart in the middle.
    """
    deviation = 1 / math.sqrt(1 + 0.36 * answers)
    spacing = 1.2 * deviation
    return min(max(math.ceil((math.pi / spacing) ** 2), _LEAST_ORDER), _GREATEST_ORDER)
