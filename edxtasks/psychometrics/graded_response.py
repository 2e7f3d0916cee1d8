"""The graded response model of Samejima, fitted by marginal maximum likelihood.

An item with categories 0 … K-1 is answered by a learner of ability θ with category k or a higher one with
probability P(X ≥ k) = logistic(a · (θ - b_k)), k = 1 … K-1; θ has the distribution N(0, 1). With two
categories this is the two-parameter logistic model. `a` is the discrimination, `b_k` the difficulty of cut k.

The fit is the EM algorithm of Bock and Aitkin (1981): the E-step gives the number of learners expected in
each category at each point of a quadrature, the M-step fits each item to these. Here the model is written
with intercepts d_k = -a · b_k, in which the M-step's objective is concave: Newton's method finds its maximum.
The sequence is extrapolated by SQUAREM (Varadhan and Roland 2008). An answer that is missing says nothing
(missing at random).

The same answers give the same numbers whatever the number of threads: sums run over blocks of persons of a
fixed size in a fixed order, in code that uses one thread, and linear algebra is held to one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit, log_expit
from threadpoolctl import threadpool_limits

from edxtasks.psychometrics.arrays import Flags, Floats, Integers
from edxtasks.psychometrics.quadrature import Quadrature, gauss_hermite, order_for
from edxtasks.psychometrics.responses import Responses

GREATEST_DISCRIMINATION = 10.0
"""Discriminations are held at this size: where an item parts the learners without exception, the likelihood
grows for ever with `a`."""

BLOCK = 2048
"""Persons whose posteriors are in memory at once. It is part of the result: sums are taken block by block."""

_TOLERANCE = 1e-6
_MOST_STEPS = 2000
_NEWTON_STEPS = 3
_MOST_HALVINGS = 12


@dataclass(frozen=True)
class Items:
    """The parameters of all items: `slopes` a for each item, `intercepts` d of all cuts in a row.

    The intercepts of an item descend; they stand from `cuts[item]` to `cuts[item + 1]`.
    """

    slopes: Floats
    intercepts: Floats
    cuts: Integers

    @property
    def item_of_cut(self) -> Integers:
        """The item of each cut."""
        return np.repeat(np.arange(self.slopes.size), np.diff(self.cuts))

    @property
    def difficulties(self) -> Floats:
        """b of all cuts, in the order of the intercepts."""
        return -self.intercepts / self.slopes[self.item_of_cut]

    @property
    def held(self) -> Flags:
        """Which items are held at the greatest discrimination."""
        return np.abs(self.slopes) >= GREATEST_DISCRIMINATION * (1 - 1e-9)


@dataclass(frozen=True)
class Fit:
    """A fitted model: the parameters, how many EM steps it took, and whether they came to rest."""

    items: Items
    quadrature: Quadrature
    log_likelihood: float
    steps: int
    converged: bool


def cuts_of(responses: Responses) -> Integers:
    """Where the cuts of each item begin: an item has one fewer of them than categories."""
    return responses.offsets - np.arange(responses.offsets.size)


def fit(responses: Responses, quadrature: Quadrature | None = None) -> Fit:
    """Fit the model to answers. Memory: the answers, and posteriors of a block of persons.

    Raises `ValueError` where there is no item.
    """
    if responses.items.size == 0:
        raise ValueError("there is no item to fit a model to")
    rule = quadrature or gauss_hermite(order_for(responses.most_answers))
    with threadpool_limits(1):
        return _Em(responses, rule).run()


def category_log_probabilities(items: Items, points: Floats) -> Floats:
    """log P(X = k | θ) of all categories of all items in a row (rows), at each ability (columns)."""
    offsets = items.cuts + np.arange(items.cuts.size)
    table = np.empty((int(offsets[-1]), points.size))
    for group in item_groups(items.cuts):
        logs = _log_probabilities(items.slopes[group.items], items.intercepts[group.cut_index], points)
        table[group.category_index] = logs
    return table


def posteriors(
    responses: Responses, table: Floats, quadrature: Quadrature
) -> Iterator[tuple[csr_array, Floats, Floats]]:
    """For each block of persons: their answers, P(θ = point | answers), and the log of P(answers).

    `table` is that of `category_log_probabilities` at the points of the quadrature.
    """
    log_weights = np.log(quadrature.weights)
    for start in range(0, responses.persons.size, BLOCK):
        answers = responses.indicator[start : start + BLOCK]
        logs = answers @ table
        logs += log_weights
        greatest = logs.max(axis=1, keepdims=True)
        logs -= greatest
        np.exp(logs, out=logs)
        total = logs.sum(axis=1, keepdims=True)
        logs /= total
        yield answers, logs, (greatest + np.log(total))[:, 0]


@dataclass(frozen=True)
class Group:
    """Items of one number of categories, which are computed together.

    `cut_index` and `category_index` are where their cuts and categories stand: a row an item.
    """

    items: Integers
    cut_index: Integers
    category_index: Integers


def item_groups(cuts: Integers) -> list[Group]:
    """The items by their number of cuts; `cuts` are where those of each item begin."""
    sizes = np.diff(cuts)
    groups = []
    for size in np.unique(sizes):
        items = np.flatnonzero(sizes == size)
        first = cuts[items][:, None]
        cut_index = first + np.arange(size)
        category_index = first + items[:, None] + np.arange(size + 1)
        groups.append(Group(items, cut_index, category_index))
    return groups


def _log_probabilities(slopes: Floats, intercepts: Floats, points: Floats) -> Floats:
    """log P(X = k | θ) for items of one number of categories: [item, category, point].

    With x and y the logits of the cuts below and above, logistic(x) - logistic(y) is
    logistic(x) · logistic(-y) · (1 - exp(y - x)), which loses no digits where both are near 1.
    """
    logits = slopes[:, None, None] * points + intercepts[:, :, None]
    n_items, n_cuts, n_points = logits.shape
    logs = np.zeros((n_items, n_cuts + 1, n_points))
    logs[:, 1:] += log_expit(logits)
    logs[:, :-1] += log_expit(-logits)
    logs[:, 1:-1] += np.log(-np.expm1(np.diff(intercepts, axis=1)))[:, :, None]
    return logs


def gaps(intercepts: Floats) -> tuple[Floats, Floats]:
    """What the distance of its two cuts adds to first and second derivatives of log P of each category.

    The categories at the ends have one cut, and nothing is added: [item, category].
    """
    n_items, n_cuts = intercepts.shape
    first = np.zeros((n_items, n_cuts + 1))
    second = np.zeros((n_items, n_cuts + 1))
    ratio = np.exp(np.diff(intercepts, axis=1))
    first[:, 1:-1] = ratio / -np.expm1(np.diff(intercepts, axis=1))
    second[:, 1:-1] = first[:, 1:-1] / -np.expm1(np.diff(intercepts, axis=1))
    return first, second


def item_derivatives(
    slopes: Floats, intercepts: Floats, points: Floats, counts: Floats
) -> tuple[Floats, Floats]:
    """Gradient and negative Hessian of Σ counts · log P by (a, d_1 …), for items of one number of categories.

    `counts` are [item, category, point]. The results are [item, parameter] and [item, parameter, parameter].
    """
    logits = slopes[:, None, None] * points + intercepts[:, :, None]
    above = expit(logits)
    first, second = gaps(intercepts)
    up, down = counts[:, 1:], counts[:, :-1]
    scores = up * (1 - above + first[:, 1:, None]) - down * (above + first[:, :-1, None])
    spread = above * (1 - above) * (up + down)
    totals = counts.sum(axis=2)
    n_items, n_cuts, _ = logits.shape
    gradient = np.empty((n_items, n_cuts + 1))
    gradient[:, 0] = (scores.sum(axis=1) * points).sum(axis=1)
    gradient[:, 1:] = scores.sum(axis=2)
    hessian = np.zeros((n_items, n_cuts + 1, n_cuts + 1))
    hessian[:, 0, 0] = (spread.sum(axis=1) * points**2).sum(axis=1)
    mixed = (spread * points).sum(axis=2)
    hessian[:, 0, 1:] = mixed
    hessian[:, 1:, 0] = mixed
    weighted = second * totals
    cut = np.arange(n_cuts) + 1
    hessian[:, cut, cut] = spread.sum(axis=2) + weighted[:, 1:] + weighted[:, :-1]
    hessian[:, cut[:-1], cut[1:]] = -weighted[:, 1:-1]
    hessian[:, cut[1:], cut[:-1]] = -weighted[:, 1:-1]
    return gradient, hessian


class _Em:
    """The EM algorithm over one set of answers."""

    def __init__(self, responses: Responses, quadrature: Quadrature) -> None:
        self._responses = responses
        self._quadrature = quadrature
        self._cuts = cuts_of(responses)
        self._groups = item_groups(self._cuts)
        self._n_items = responses.items.size
        self._steps = 0

    def run(self) -> Fit:
        """EM steps, two and an extrapolation in a round, until the parameters come to rest."""
        current = self._start()
        _, after = self._step(current)
        while True:
            log_likelihood, again = self._step(after)
            converged = _distance(after, again) < _TOLERANCE
            if converged or self._steps >= _MOST_STEPS:
                items = self._items(_turned(again, self._n_items))
                return Fit(items, self._quadrature, log_likelihood, self._steps, converged)
            current, after = self._leap(current, after, again, log_likelihood)

    def _leap(
        self, first: Floats, second: Floats, third: Floats, log_likelihood: float
    ) -> tuple[Floats, Floats]:
        """Where to go on from three parameters in a row, and the step after that: the extrapolation where it
        is no worse than `second`, whose log-likelihood is given, else `third`."""
        guess = _extrapolated(first, second, third)
        if guess is not None and self._in_order(guess):
            reached, after = self._step(guess)
            if reached >= log_likelihood:
                return guess, after
        return third, self._step(third)[1]

    def _start(self) -> Floats:
        """a = 1, and d by the share of answers at or above each cut."""
        counts = np.asarray(self._responses.indicator.sum(axis=0)).ravel()
        intercepts = np.empty(int(self._cuts[-1]))
        for group in self._groups:
            of_categories = counts[group.category_index]
            above = np.cumsum(of_categories[:, ::-1], axis=1)[:, ::-1][:, 1:]
            share = above / of_categories.sum(axis=1, keepdims=True)
            intercepts[group.cut_index] = 1.2 * np.log(share / (1 - share))
        return np.concatenate([np.ones(self._n_items), intercepts])

    def _items(self, parameters: Floats) -> Items:
        return Items(parameters[: self._n_items], parameters[self._n_items :], self._cuts)

    def _in_order(self, parameters: Floats) -> bool:
        intercepts = parameters[self._n_items :]
        return all(bool((np.diff(intercepts[group.cut_index], axis=1) < 0).all()) for group in self._groups)

    def _step(self, parameters: Floats) -> tuple[float, Floats]:
        """The log-likelihood of parameters, and those after an EM step."""
        self._steps += 1
        log_likelihood, counts = self._expected_counts(parameters)
        after = parameters.copy()
        for group in self._groups:
            slopes, intercepts = _maximize(
                parameters[group.items],
                parameters[self._n_items + group.cut_index],
                self._quadrature.points,
                counts[group.category_index],
            )
            after[group.items] = slopes
            after[self._n_items + group.cut_index] = intercepts
        return log_likelihood, after

    def _expected_counts(self, parameters: Floats) -> tuple[float, Floats]:
        """The log-likelihood, and the expected number of persons by category and point."""
        table = category_log_probabilities(self._items(parameters), self._quadrature.points)
        counts = np.zeros_like(table)
        log_likelihood = 0.0
        for answers, posterior, logs in posteriors(self._responses, table, self._quadrature):
            counts += answers.T @ posterior
            log_likelihood += float(logs.sum())
        return log_likelihood, counts


def _maximize(slopes: Floats, intercepts: Floats, points: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """A few of Newton's steps towards the parameters that fit expected counts best, each item by itself."""
    value = _objective(slopes, intercepts, points, counts)
    for _ in range(_NEWTON_STEPS):
        gradient, hessian = item_derivatives(slopes, intercepts, points, counts)
        # A trifle on the diagonal: an item that tells nothing about ability has a flat objective.
        parameter = np.arange(gradient.shape[1])
        hessian[:, parameter, parameter] *= 1 + 1e-12
        hessian[:, parameter, parameter] += 1e-9
        step: Floats = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0].astype(np.float64)
        slopes, intercepts, value = _improved(slopes, intercepts, value, step, points, counts)
    size = np.abs(slopes)
    factor = np.where(size > GREATEST_DISCRIMINATION, GREATEST_DISCRIMINATION / np.maximum(size, 1e-300), 1.0)
    return slopes * factor, intercepts * factor[:, None]


def _improved(
    slopes: Floats, intercepts: Floats, value: Floats, step: Floats, points: Floats, counts: Floats
) -> tuple[Floats, Floats, Floats]:
    """The parameters after a step, halved for those items that it would make worse or out of order."""
    fraction = np.ones(slopes.size)
    for _ in range(_MOST_HALVINGS):
        new_slopes = slopes + fraction * step[:, 0]
        new_intercepts = intercepts + fraction[:, None] * step[:, 1:]
        in_order = np.all(np.diff(new_intercepts, axis=1) < 0, axis=1)
        tried = np.where(in_order[:, None], new_intercepts, intercepts)
        new_value = _objective(new_slopes, tried, points, counts)
        good = in_order & (new_value >= value - 1e-12 * np.abs(value))
        if good.all():
            return new_slopes, new_intercepts, new_value
        fraction = np.where(good, fraction, fraction / 2)
    return (
        np.where(good, new_slopes, slopes),
        np.where(good[:, None], new_intercepts, intercepts),
        np.where(good, new_value, value),
    )


def _objective(slopes: Floats, intercepts: Floats, points: Floats, counts: Floats) -> Floats:
    total: Floats = (counts * _log_probabilities(slopes, intercepts, points)).sum(axis=(1, 2))
    return total


def _extrapolated(first: Floats, second: Floats, third: Floats) -> Floats | None:
    """SQUAREM's guess at where a sequence ends, None where it has nothing to say."""
    change = second - first
    bend = third - second - change
    size = float(np.sqrt((bend * bend).sum()))
    if size == 0:
        return None
    length = -float(np.sqrt((change * change).sum())) / size
    if length > -1:
        return None
    guess: Floats = first - 2 * length * change + length**2 * bend
    return guess


def _distance(one: Floats, other: Floats) -> float:
    return float(np.abs(one - other).max())


def _turned(parameters: Floats, n_items: int) -> Floats:
    """The same model with most discriminations positive: θ and -θ are as good as each other."""
    if (parameters[:n_items] < 0).sum() * 2 <= n_items:
        return parameters
    turned = parameters.copy()
    turned[:n_items] *= -1
    return turned
