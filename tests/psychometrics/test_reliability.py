"""Alpha, covariances and correlations: by hand, and pair by pair with Python's own statistics."""

from __future__ import annotations

import math
import statistics
from itertools import combinations

import numpy as np
import pytest

from edxtasks.psychometrics.reliability import Reliabilities, reliabilities

Answers = dict[tuple[int, int], float]
"""Scores by person and item."""


def of(answers: Answers) -> Reliabilities:
    persons, items = (np.array([key[i] for key in answers], dtype=np.int64) for i in (0, 1))
    return reliabilities(persons, items, np.array(list(answers.values()), dtype=np.float64))


def test_by_hand() -> None:
    """Items 1 and 2 are passed by persons 1 and 2, item 3 by 1 and 3. Scores are 0 and 100, so that each
    variance is 10,000 · (4 · 1/4) / 3 = 10,000/3; items 1 and 2 have that as covariance, item 3 has 0 with
    either. Without item 3 alpha is 2 · c / (v + c) = 1, without another it is 0.
    The means of the answers are 100, 66.7, 33.3, 0: the sum of squares about 50 is 10,000 · 5/9. Item 1 goes
    with it by (2/3) / √(5/9) = 2/√5, item 3 by 1/√5. Without item 1 the means are 100, 50, 50, 0, and the
    correlation is (1/2) / √(1/2) = 1/√2."""
    found = of(
        {
            **{(1, item): 100.0 for item in (1, 2, 3)},
            **{(2, item): 100.0 * (item < 3) for item in (1, 2, 3)},
            **{(3, item): 100.0 * (item == 3) for item in (1, 2, 3)},
            **{(4, item): 0.0 for item in (1, 2, 3)},
        }
    )
    assert found.items.tolist() == [1, 2, 3]
    assert found.counts.tolist() == [4, 4, 4]
    assert found.means == pytest.approx([50, 50, 50])
    assert found.alphas == pytest.approx([0, 0, 1])
    assert found.covariances == pytest.approx([0, 0, 10_000 / 3])
    assert found.test_correlations == pytest.approx([2 / math.sqrt(5), 2 / math.sqrt(5), 1 / math.sqrt(5)])
    assert found.rest_correlations == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0])


def test_missing_answers_pair_by_pair() -> None:
    chance = np.random.default_rng(7)
    answers: Answers = {
        (person, item): float(chance.choice([0, 25, 100]))
        for person in range(5000)  # more than a block
        for item in (3, 4, 8, 20)
        if chance.random() < 0.4
    }
    found = of(answers)
    items = [3, 4, 8, 20]
    of_person: dict[int, dict[int, float]] = {}
    for (person, item), score in answers.items():
        of_person.setdefault(person, {})[item] = score
    covariances = {
        pair: statistics.covariance(*zip(*_both(of_person, *pair), strict=True))
        for pair in combinations(items, 2)
    }
    for place, item in enumerate(items):
        others = [one for one in items if one != item]
        mean = statistics.fmean(covariances[pair] for pair in combinations(others, 2))
        spread = statistics.fmean(
            statistics.variance([s[one] for s in of_person.values() if one in s]) for one in others
        )
        assert found.covariances[place] == pytest.approx(mean)
        assert found.alphas[place] == pytest.approx(3 * mean / (spread + 2 * mean))
        having = [scores for scores in of_person.values() if item in scores]
        own = [scores[item] for scores in having]
        assert found.counts[place] == len(own)
        assert found.means[place] == pytest.approx(statistics.fmean(own))
        test = [statistics.fmean(scores.values()) for scores in having]
        assert found.test_correlations[place] == pytest.approx(statistics.correlation(own, test))
        more = [scores for scores in having if len(scores) > 1]
        rest = [statistics.fmean(s for one, s in scores.items() if one != item) for scores in more]
        assert found.rest_correlations[place] == pytest.approx(
            statistics.correlation([scores[item] for scores in more], rest)
        )


def _both(of_person: dict[int, dict[int, float]], one: int, other: int) -> list[tuple[float, float]]:
    return [(s[one], s[other]) for s in of_person.values() if one in s and other in s]


def test_too_few_answers_give_nothing() -> None:
    # One learner answered item 5 and nothing else; items 1 and 2 have one learner in common.
    found = of({(1, 1): 100.0, (1, 2): 0.0, (2, 1): 0.0, (3, 2): 100.0, (4, 5): 50.0})
    assert found.counts.tolist() == [2, 2, 1]
    assert np.isnan(found.alphas).all()
    assert np.isnan(found.covariances).all()
    assert np.isnan(found.rest_correlations).all()
    assert np.isnan(found.test_correlations[2])


def test_a_score_that_never_varies_goes_with_nothing() -> None:
    found = of(
        {(person, item): 100 / 3 if item == 1 else float(person) for person in (1, 2, 3) for item in (1, 2)}
    )
    assert np.isnan(found.test_correlations[0])
    assert np.isnan(found.rest_correlations[0])
    # what is left for item 2 to go with is item 1 alone
    assert np.isnan(found.rest_correlations[1])


def test_of_two_answers_the_better_counts_and_none_at_all_give_no_item() -> None:
    persons, items = np.array([1, 1, 2]), np.array([4, 4, 4])
    assert reliabilities(persons, items, np.array([0.0, 100.0, 50.0])).means.tolist() == [75.0]
    nothing = np.array([], dtype=np.int64)
    assert of({}).items.size == reliabilities(nothing, nothing, nothing.astype(float)).alphas.size == 0
