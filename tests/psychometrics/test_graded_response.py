"""The fit against published estimates, closed forms, and a likelihood integrated by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from answers import lsat6, marginal, of_matrix, probability, simulated
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from edxtasks.psychometrics.ability import abilities
from edxtasks.psychometrics.arrays import Floats
from edxtasks.psychometrics.graded_response import (
    GREATEST_DISCRIMINATION,
    Fit,
    Items,
    category_log_probabilities,
    cuts_of,
    fit,
    item_derivatives,
)
from edxtasks.psychometrics.information import observed_information, standard_errors
from edxtasks.psychometrics.quadrature import gauss_hermite, order_for
from edxtasks.psychometrics.responses import responses


def items_of(slopes: list[float], difficulties: list[list[float]]) -> Items:
    """The parameters of items by discrimination and difficulties."""
    intercepts = [-a * b for a, cuts in zip(slopes, difficulties, strict=True) for b in cuts]
    sizes = [0, *(len(cuts) for cuts in difficulties)]
    return Items(np.array(slopes), np.array(intercepts), np.cumsum(sizes))


# The quadrature


@pytest.mark.parametrize("order", [61, 200, 1500])
def test_the_points_have_the_moments_of_the_normal_distribution(order: int) -> None:
    rule = gauss_hermite(order)
    moments = [float((rule.weights * rule.points**power).sum()) for power in (0, 1, 2, 3, 4)]
    assert moments == pytest.approx([1, 0, 1, 0, 3], abs=1e-8)


def test_more_answers_need_closer_points() -> None:
    assert order_for(1) == 61
    assert order_for(40) < order_for(200) < order_for(500)
    # 200 answers: deviation 1/√73 = 0.117; points at most 1.2 times that apart
    points = gauss_hermite(order_for(200)).points
    assert np.diff(points).min() < 1.21 / math.sqrt(73)


# The model


def test_probabilities_of_categories_are_differences_of_logistic_curves() -> None:
    # a = 2, cuts -1 and 1, at θ = 0: logistic(2) = 0.880797, logistic(-2) = 0.119203
    table = np.exp(category_log_probabilities(items_of([2.0], [[-1.0, 1.0]]), np.array([0.0])))
    assert table[:, 0] == pytest.approx([0.119203, 0.761594, 0.119203], abs=1e-6)


def test_probabilities_keep_their_digits_far_out() -> None:
    # both cuts are passed with near certainty; their difference is e⁻³⁹ - e⁻⁴⁰ to all digits
    table = category_log_probabilities(items_of([1.0], [[-40.0, -39.0]]), np.array([0.0]))
    assert table[1, 0] == pytest.approx(math.log(math.exp(-39) - math.exp(-40)), rel=1e-12)


def test_the_derivatives_are_those_of_the_objective() -> None:
    slopes, intercepts = np.array([1.3]), np.array([[1.1, 0.2, -0.9]])
    points, chance = np.linspace(-2, 2, 5), np.random.default_rng(3)
    counts = chance.random((1, 4, 5))

    def objective(parameters: Floats) -> float:
        cuts = [-d / parameters[0] for d in parameters[1:]]
        return sum(
            float((counts[0, k] * np.log(probability(parameters[0], cuts, k, points))).sum())
            for k in range(4)
        )

    at = np.concatenate([slopes, intercepts[0]])
    gradient, hessian = item_derivatives(slopes, intercepts, points, counts)
    step = 1e-4 * np.eye(4)
    expected = [(objective(at + one) - objective(at - one)) / 2e-4 for one in step]
    assert gradient[0] == pytest.approx(expected, rel=1e-5)
    second = [
        [
            -(
                objective(at + one + two)
                - objective(at + one - two)
                - objective(at - one + two)
                + objective(at - one - two)
            )
            / 4e-8
            for two in step
        ]
        for one in step
    ]
    assert hessian[0] == pytest.approx(np.array(second), rel=1e-4, abs=1e-4)


# Estimates


def test_two_categories_give_the_published_estimates_of_the_law_school_test() -> None:
    """Two-parameter logistic estimates and errors that R's ltm prints for its data set LSAT (Rizopoulos,
    Journal of Statistical Software 17, 2006), log-likelihood -2466.653."""
    answers = lsat6()
    found = fit(answers)
    errors = standard_errors(answers, found)
    assert found.converged
    assert found.log_likelihood == pytest.approx(-2466.653, abs=0.001)
    assert found.items.slopes == pytest.approx([0.8254, 0.7229, 0.8905, 0.6886, 0.6575], abs=0.002)
    published = [-3.3597, -1.3696, -0.2799, -1.8659, -3.1236]
    assert found.items.difficulties == pytest.approx(published, abs=0.008)
    assert errors.slopes == pytest.approx([0.2581, 0.1867, 0.2326, 0.1852, 0.2100], abs=0.002)
    assert errors.difficulties == pytest.approx([0.8669, 0.3073, 0.0997, 0.4341, 0.8700], abs=0.01)


ROWS = [
    [0, 0, -1], [0, 1, 0], [1, 0, 0], [1, 1, 0], [2, 1, 1], [2, 1, 1], [1, 0, 1], [0, 0, 0], [2, 0, 1],
    [1, 1, 1], [0, 1, 1], [-1, 1, 1], [2, 1, 0], [1, 0, 0], [0, 0, 0], [2, 1, 1], [1, 1, -1], [0, 0, 1],
]  # fmt: skip
"""18 persons, an item of three categories and two of two; -1 is not an answer."""


def brute_force(parameters: Floats) -> float:
    """The negative log-likelihood of `ROWS` by a (three), d (two, one, one)."""
    slopes = parameters[:3]
    cuts = [
        [-parameters[3] / slopes[0], -parameters[4] / slopes[0]],
        *([-parameters[4 + i] / slopes[i]] for i in (1, 2)),
    ]
    counted = {tuple(row): ROWS.count(row) for row in ROWS}
    return -sum(n * math.log(marginal(list(slopes), cuts, row)) for row, n in counted.items())


@pytest.fixture(scope="module")
def small() -> Fit:
    """The fit of `ROWS`."""
    return fit(of_matrix(ROWS))


def test_the_estimates_are_the_maximum_of_the_likelihood_integrated_by_brute_force(small: Fit) -> None:
    ours = np.concatenate([small.items.slopes, small.items.intercepts])
    assert -brute_force(ours) == pytest.approx(small.log_likelihood, abs=1e-7)
    found = minimize(brute_force, ours + 0.2, method="BFGS", options={"gtol": 1e-5})
    assert ours == pytest.approx(found.x, abs=2e-3)


def test_the_information_is_the_curvature_of_the_likelihood_integrated_by_brute_force(small: Fit) -> None:
    at = np.concatenate([small.items.slopes, small.items.intercepts])
    step = 1e-3 * np.eye(at.size)
    expected = np.array(
        [
            [
                (
                    brute_force(at + one + two)
                    - brute_force(at + one - two)
                    - brute_force(at - one + two)
                    + brute_force(at - one - two)
                )
                / 4e-6
                for two in step
            ]
            for one in step
        ]
    )
    assert observed_information(of_matrix(ROWS), small) == pytest.approx(expected, rel=1e-3, abs=2e-3)


def test_abilities_are_means_and_deviations_of_the_posterior_integrated_by_brute_force() -> None:
    slopes, cuts = [1.5, 0.7, 2.0], [[-1.0, 0.5], [0.0], [1.0]]
    rows = [[2, 1, 0], [0, 0, 0], [1, -1, -1]]
    everything = of_matrix([*rows, [0, 1, 1]])  # so that each item has all its categories
    found = abilities(everything, items_of(slopes, cuts))
    for index, row in enumerate(rows):
        total, first, second = (marginal(slopes, cuts, row, power) for power in (0, 1, 2))
        mean = first / total
        assert found.means[index] == pytest.approx(mean, abs=1e-6)
        assert found.deviations[index] == pytest.approx(math.sqrt(second / total - mean**2), abs=1e-6)


def test_the_parameters_that_the_answers_were_drawn_with_come_back() -> None:
    chance = np.random.default_rng(11)
    slopes = chance.lognormal(0.2, 0.3, 20)
    cuts = [np.sort(chance.normal(size=size)) + 0.3 * np.arange(size) for size in chance.integers(1, 5, 20)]
    answers = of_matrix(simulated(1000, slopes, cuts, missing=0.2, seed=5))
    found = fit(answers)
    errors = standard_errors(answers, found)
    assert found.converged
    assert np.corrcoef(found.items.slopes, slopes)[0, 1] > 0.9
    assert np.corrcoef(found.items.difficulties, np.concatenate(cuts))[0, 1] > 0.97
    # Errors in units of standard errors: their mean square is 1 (60 of them, not independent)
    off = np.concatenate(
        [
            (found.items.slopes - slopes) / errors.slopes,
            (found.items.difficulties - np.concatenate(cuts)) / errors.difficulties,
        ]
    )
    assert 0.6 < float((off**2).mean()) < 1.6


def test_a_test_that_runs_backwards_is_turned() -> None:
    chance = np.random.default_rng(2)
    slopes = np.array([1.5, 1.5, 1.5, -1.5])
    answers = simulated(600, slopes, [np.array([0.0])] * 4, missing=0.0, seed=int(chance.integers(100)))
    found = fit(of_matrix(answers)).items.slopes
    assert (found[:3] > 0).all()
    assert found[3] < 0


# The same numbers every time


def test_neither_threads_nor_the_order_of_answers_change_a_digit() -> None:
    chance = np.random.default_rng(4)
    matrix = simulated(3000, np.full(12, 1.2), [np.array([-0.5, 0.5])] * 12, missing=0.3, seed=8)
    persons, items = np.nonzero(matrix >= 0)
    scores = matrix[persons, items].astype(float)
    order = chance.permutation(persons.size)
    results = []
    for threads, which in ((1, slice(None)), (2, order)):
        with threadpool_limits(threads):
            answers = responses(persons[which], items[which], scores[which])
            found = fit(answers)
            errors = standard_errors(answers, found)
            theta = abilities(answers, found.items)
        results.append([found.items.slopes, found.items.intercepts, errors.slopes, theta.means])
    for one, other in zip(*results, strict=True):
        assert one.tobytes() == other.tobytes()


# Odd data


def test_an_item_that_parts_learners_without_exception_is_held_and_has_no_error() -> None:
    # Item 2 is passed by exactly those who pass at least two of the other three, each way ten times.
    patterns = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    matrix = [[*row, int(sum(row) >= 2)] for row in patterns for _ in range(10)]
    answers = of_matrix(matrix)
    found = fit(answers)
    errors = standard_errors(answers, found)
    assert found.items.held.tolist() == [False, False, False, True]
    assert found.items.slopes[3] == pytest.approx(GREATEST_DISCRIMINATION)
    assert np.isnan(errors.slopes[3])
    assert np.isnan(errors.difficulties[3])
    assert np.isfinite(errors.slopes[:3]).all()


def test_answers_that_determine_nothing_give_no_errors() -> None:
    # One item: any discrimination fits as well as any other.
    answers = of_matrix([[0], [1], [1]])
    found = fit(answers)
    assert found.converged
    errors = standard_errors(answers, found)
    assert np.isnan(errors.slopes).all()
    assert np.isnan(errors.difficulties).all()


def test_without_an_item_there_is_no_fit() -> None:
    with pytest.raises(ValueError, match="no item"):
        fit(of_matrix([[1, 1], [1, 1]]))


def test_cuts_are_one_fewer_than_categories() -> None:
    assert cuts_of(of_matrix([[0, 0], [1, 1], [2, 1]])).tolist() == [0, 2, 3]
