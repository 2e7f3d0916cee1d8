"""Classical statistics of items with missing answers: Cronbach's alpha, correlations with the other items.

A learner's test score is the mean of the items answered, the rest score that without the item. Covariances
are over the learners who answered both items, where there are at least two; alpha without an item is
k · c / (v + (k - 1) · c), with k the number of the other items, c the mean of their covariances, v that of
their variances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from edxtasks.psychometrics.arrays import Floats, Integers

_BLOCK = 4096
"""Persons whose scores are spread out at once. Sums are taken block by block, so it is part of the result."""


@dataclass(frozen=True)
class Reliabilities:
    """For each item (ids ascending) its statistics; NaN where there are too few answers.

    `counts` answers, `means` of the scores, `alphas` without the item, correlations with test and rest score,
    `covariances`: the mean covariance between the other items.
    """

    items: Integers
    counts: Integers
    means: Floats
    alphas: Floats
    test_correlations: Floats
    rest_correlations: Floats
    covariances: Floats


def reliabilities(persons: Integers, items: Integers, scores: Floats) -> Reliabilities:
    """The statistics of answers in any order. Of several of a person to an item the greatest score counts."""
    order = np.lexsort((scores, items, persons))
    persons, items, scores = persons[order], items[order], scores[order]
    last = np.ones(persons.size, dtype=bool)
    last[:-1] = (persons[1:] != persons[:-1]) | (items[1:] != items[:-1])
    persons, items, scores = persons[last], items[last], scores[last]
    ids, columns = np.unique(items, return_inverse=True)
    rows = np.unique(persons, return_inverse=True)[1]
    counts = np.bincount(columns, minlength=ids.size)
    means = np.bincount(columns, scores, ids.size) / np.maximum(counts, 1)
    test, rest = _with_scores(rows, columns, scores, ids.size)
    with threadpool_limits(1):
        covariances = _covariances(rows, columns, scores - means[columns], ids.size)
    alphas, between = _alphas(covariances)
    return Reliabilities(ids, counts, means, alphas, test, rest, between)


def _with_scores(rows: Integers, columns: Integers, scores: Floats, n_items: int) -> tuple[Floats, Floats]:
    """Correlations of each item with test score and rest score."""
    answers = np.bincount(rows)[rows]
    totals = np.bincount(rows, scores)[rows]
    test = _correlations(columns, scores, totals / answers, n_items)
    more = answers > 1
    others = (totals[more] - scores[more]) / (answers[more] - 1)
    return test, _correlations(columns[more], scores[more], others, n_items)


def _correlations(columns: Integers, one: Floats, other: Floats, n_items: int) -> Floats:
    """Pearson's correlation within each column; NaN with fewer than two pairs or where one does not vary."""
    counts = np.maximum(np.bincount(columns, minlength=n_items), 1)
    deviations = []
    for values in (one, other):
        mean = np.bincount(columns, values, n_items) / counts
        deviation = values - mean[columns]
        # What is left of equal values by rounding is not a variation.
        deviation[np.abs(deviation) < 1e-9 * np.maximum(np.abs(values), 1.0)] = 0.0
        deviations.append(deviation)
    first, second = deviations
    product = np.bincount(columns, first * second, n_items)
    size = np.sqrt(np.bincount(columns, first**2, n_items) * np.bincount(columns, second**2, n_items))
    found = np.full(n_items, np.nan)
    np.divide(product, size, out=found, where=size > 0)
    np.clip(found, -1.0, 1.0, out=found)
    return found


def _covariances(rows: Integers, columns: Integers, scores: Floats, n_items: int) -> Floats:
    """The covariance of each two items over the persons with both; NaN with fewer than two of them.

    `scores` less the means of their items, which keeps the digits.
    """
    n_persons = int(rows.max(initial=-1)) + 1
    shape = (n_persons, n_items)
    values = csr_array((scores, (rows, columns)), shape=shape)
    answered = csr_array((np.ones(rows.size), (rows, columns)), shape=shape)
    pairs, products, sums = (np.zeros((n_items, n_items)) for _ in range(3))
    for start in range(0, n_persons, _BLOCK):
        there = answered[start : start + _BLOCK].toarray()
        value = values[start : start + _BLOCK].toarray()
        pairs += there.T @ there
        products += value.T @ value
        sums += value.T @ there
    found = np.full((n_items, n_items), np.nan)
    enough = pairs >= 2
    expected = sums * sums.T / np.maximum(pairs, 1)
    np.divide(products - expected, pairs - 1, out=found, where=enough)
    return found


def _alphas(covariances: Floats) -> tuple[Floats, Floats]:
    """Alpha without each item, and the mean covariance of the other items."""
    variances = np.diagonal(covariances)
    counted = np.isfinite(variances)
    between = covariances.copy()
    np.fill_diagonal(between, np.nan)
    there = np.isfinite(between)
    sums = np.where(there, between, 0.0).sum(axis=1)
    counts = there.sum(axis=1)
    # Each pair stands in the matrix twice, and twice among those of its two items.
    pairs = counts.sum() - 2 * counts
    mean = np.full(variances.size, np.nan)
    np.divide(sums.sum() - 2 * sums, pairs, out=mean, where=pairs > 0)
    k = counted.sum() - counted
    spread = np.where(counted, variances, 0.0)
    variance = (spread.sum() - spread) / np.maximum(k, 1)
    below = variance + (k - 1) * mean
    alphas = np.full(variances.size, np.nan)
    np.divide(k * mean, below, out=alphas, where=(below != 0) & np.isfinite(below))
    return alphas, mean
