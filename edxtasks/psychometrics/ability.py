"""Abilities of learners by their answers to items whose parameters are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from edxtasks.psychometrics.arrays import Floats
from edxtasks.psychometrics.graded_response import Items, category_log_probabilities, posteriors
from edxtasks.psychometrics.quadrature import Quadrature, gauss_hermite, order_for
from edxtasks.psychometrics.responses import Responses


@dataclass(frozen=True)
class Abilities:
    """For each person the mean of the posterior of θ (EAP: expected a posteriori) and its deviation."""

    means: Floats
    deviations: Floats


def abilities(responses: Responses, items: Items, quadrature: Quadrature | None = None) -> Abilities:
    """The abilities of the persons of `responses`, whose items are `items`, with θ ~ N(0, 1) before."""
    rule = quadrature or gauss_hermite(order_for(responses.most_answers))
    means = np.empty(responses.persons.size)
    deviations = np.empty(responses.persons.size)
    start = 0
    with threadpool_limits(1):
        table = category_log_probabilities(items, rule.points)
        for _, posterior, _ in posteriors(responses, table, rule):
            end = start + posterior.shape[0]
            mean = (posterior * rule.points).sum(axis=1)
            squares = (rule.points - mean[:, None]) ** 2
            means[start:end] = mean
            deviations[start:end] = np.sqrt((posterior * squares).sum(axis=1))
            start = end
    return Abilities(means, deviations)
