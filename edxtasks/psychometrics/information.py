"""Standard errors of a fitted graded response model, from the observed information.

The information is what Louis (1982) gives for models with something hidden: the negative Hessian of the
complete data, expected over each learner's posterior, less the covariance of the score over it. Its inverse
is the covariance of all parameters together; errors of difficulties b = -d / a follow by the delta method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse import csr_array
from scipy.special import expit
from threadpoolctl import threadpool_limits

from edxtasks.psychometrics.arrays import Floats
from edxtasks.psychometrics.graded_response import (
    Fit,
    Items,
    category_log_probabilities,
    gaps,
    item_derivatives,
    item_groups,
    posteriors,
)
from edxtasks.psychometrics.responses import Responses

_LEAST_KNOWN = 1e-6
"""A parameter of which the answers tell a smaller share of what they would if abilities were known is not
determined by them."""

_NEGLIGIBLE = 1e-9
"""Points where a learner's posterior is smaller are passed over: for most learners that is most of them."""


@dataclass(frozen=True)
class StandardErrors:
    """Standard errors: of the discrimination of each item, of the difficulty of each cut; NaN where unknown.

    They are unknown for items that are held at the greatest discrimination, for parameters that the answers
    do not determine (those of a test of one item), and everywhere where the information is not positive
    definite (`singular`).
    """

    slopes: Floats
    difficulties: Floats
    singular: bool


def standard_errors(responses: Responses, fit: Fit) -> StandardErrors:
    """The standard errors of a fit to these answers.

    Time grows with persons · parameters², memory with parameters² and not with persons.
    """
    items = fit.items
    free = np.flatnonzero(~np.concatenate([items.held, items.held[items.item_of_cut]]))
    slopes = np.full(items.slopes.size, np.nan)
    difficulties = np.full(items.intercepts.size, np.nan)
    if not free.size:
        return StandardErrors(slopes, difficulties, singular=False)
    with threadpool_limits(1):
        complete, missing = _information(responses, fit)
        try:
            factor = cho_factor((complete - missing)[np.ix_(free, free)])
        except LinAlgError:
            return StandardErrors(slopes, difficulties, singular=True)
        covariance = np.full(complete.shape, np.nan)
        covariance[np.ix_(free, free)] = cho_solve(factor, np.eye(free.size))
    n_items = items.slopes.size
    variances = np.diagonal(covariance).copy()
    variances[variances * np.diagonal(complete) > 1 / _LEAST_KNOWN] = np.nan
    item = items.item_of_cut
    slope, difficulty = items.slopes[item], items.difficulties
    mixed = covariance[item, n_items + np.arange(item.size)]
    of_cuts = variances[n_items:] + difficulty**2 * variances[item] + 2 * difficulty * mixed
    return StandardErrors(np.sqrt(variances[:n_items]), np.sqrt(of_cuts) / np.abs(slope), singular=False)


def observed_information(responses: Responses, fit: Fit) -> Floats:
    """The information matrix by (a of all items, d of all cuts)."""
    complete, missing = _information(responses, fit)
    return complete - missing


def _information(responses: Responses, fit: Fit) -> tuple[Floats, Floats]:
    """The information that there would be if abilities were known, and what is missing of it."""
    items, points = fit.items, fit.quadrature.points
    size = items.slopes.size + items.intercepts.size
    table = category_log_probabilities(items, points)
    counts = np.zeros_like(table)
    within = np.zeros((size, size))
    between = np.zeros((size, size))
    gradients = [_score_matrix(items, point) for point in points]
    for answers, posterior, _ in posteriors(responses, table, fit.quadrature):
        counts += answers.T @ posterior
        means = np.zeros((answers.shape[0], size))
        for index, gradient in enumerate(gradients):
            weights = posterior[:, index]
            rows = np.flatnonzero(weights > _NEGLIGIBLE)
            if not rows.size:
                continue
            scores = (answers[rows] @ gradient).toarray()
            weight = weights[rows][:, None]
            means[rows] += weight * scores
            scores *= np.sqrt(weight)
            within += scores.T @ scores
        between += means.T @ means
    return _complete(items, points, counts), within - between


def _score_matrix(items: Items, point: float) -> csr_array:
    """Derivatives of log P of each category (rows) by each parameter (columns) at one ability."""
    n_items = items.slopes.size
    rows, columns, values = [], [], []
    for group in item_groups(items.cuts):
        intercepts = items.intercepts[group.cut_index]
        above = expit(items.slopes[group.items][:, None] * point + intercepts)
        first, _ = gaps(intercepts)
        lower = 1 - above + first[:, 1:]  # by the cut below a category, of categories 1 …
        upper = -(above + first[:, :-1])  # by the cut above it, of categories 0 …
        by_slope = np.zeros_like(first)
        by_slope[:, 1:] += lower * point
        by_slope[:, :-1] += upper * point
        rows += [group.category_index[:, 1:], group.category_index[:, :-1], group.category_index]
        columns += [n_items + group.cut_index] * 2
        columns.append(np.broadcast_to(group.items[:, None], by_slope.shape))
        values += [lower, upper, by_slope]
    shape = (items.intercepts.size + n_items, n_items + items.intercepts.size)
    flat = [np.concatenate([one.ravel() for one in many]) for many in (values, rows, columns)]
    return csr_array((flat[0], (flat[1], flat[2])), shape=shape)


def _complete(items: Items, points: Floats, counts: Floats) -> Floats:
    """The negative Hessian of the complete data: a block for each item."""
    n_items = items.slopes.size
    size = n_items + items.intercepts.size
    information = np.zeros((size, size))
    for group in item_groups(items.cuts):
        _, hessians = item_derivatives(
            items.slopes[group.items],
            items.intercepts[group.cut_index],
            points,
            counts[group.category_index],
        )
        for item, cuts, hessian in zip(group.items, group.cut_index, hessians, strict=True):
            parameters = np.concatenate([[item], n_items + cuts])
            information[np.ix_(parameters, parameters)] = hessian
    return information
