"""Item response models: do the parameters come back, how long does a large course take, what do others do.

    python benchmarks/item_response.py recovery     # 50 times 2,000 learners and 40 problems
    python benchmarks/item_response.py size         # the same once, and 20,000 learners and 200 problems
    python benchmarks/item_response.py size 2000 40 # so many learners and problems alone
    python benchmarks/item_response.py girth        # the same two, by the library girth
    python benchmarks/item_response.py mirt [N]     # by the library mirt, with N points of quadrature

Answers are drawn from the model itself, problems with two to five categories; 20 % are missing at random. The
libraries are installed by hand: pip install girth mirt.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edxtasks.psychometrics.ability import abilities
from edxtasks.psychometrics.arrays import Floats, Integers
from edxtasks.psychometrics.graded_response import fit
from edxtasks.psychometrics.information import standard_errors
from edxtasks.psychometrics.responses import responses

SEEDS = 50
MISSING = 0.2


@dataclass(frozen=True)
class Truth:
    """The items that answers are drawn from: discriminations, and difficulties of all cuts in a row."""

    slopes: Floats
    cuts: list[Floats]

    @property
    def difficulties(self) -> Floats:
        return np.concatenate(self.cuts)


@dataclass(frozen=True)
class Estimates:
    """What a library found, errors of the discriminations and difficulties None where it gives none."""

    slopes: Floats
    difficulties: Floats
    slope_errors: Floats | None
    difficulty_errors: Floats | None
    abilities: Floats


Estimator = Callable[[Integers, list[int]], Estimates]


def items(number: int) -> Truth:
    """Items with two to five categories; cuts of an item lie at least 0.3 apart."""
    chance = np.random.default_rng(1)
    sizes = chance.integers(1, 5, number)
    slopes = chance.lognormal(0.2, 0.3, number)
    cuts = []
    for size in sizes:
        of_item = np.sort(chance.normal(size=size))
        for cut in range(1, size):
            of_item[cut] = max(of_item[cut], of_item[cut - 1] + 0.3)
        cuts.append(of_item)
    return Truth(slopes, cuts)


def draw(truth: Truth, persons: int, seed: int) -> tuple[Integers, Floats]:
    """Answers by person and item, -1 where there is none, and the abilities behind them."""
    chance = np.random.default_rng(seed)
    ability = chance.normal(size=persons)
    draws = chance.random((persons, truth.slopes.size))
    answers = np.zeros((persons, truth.slopes.size), dtype=np.int64)
    for item, cuts in enumerate(truth.cuts):
        for cut in cuts:
            answers[:, item] += draws[:, item] < 1 / (1 + np.exp(-truth.slopes[item] * (ability - cut)))
    answers[chance.random(answers.shape) < MISSING] = -1
    return answers, ability


def ours(answers: Integers, categories: list[int]) -> Estimates:
    """By edxtasks."""
    persons, columns = np.nonzero(answers >= 0)
    given = responses(persons, columns, answers[persons, columns].astype(np.float64))
    found = fit(given)
    errors = standard_errors(given, found)
    means = abilities(given, found.items).means
    return Estimates(found.items.slopes, found.items.difficulties, errors.slopes, errors.difficulties, means)


def by_girth(answers: Integers, categories: list[int]) -> Estimates:
    """By girth, which counts categories from 1, wants items by person, and gives no errors."""
    import girth

    matrix = answers.T + 1
    matrix[answers.T < 0] = girth.INVALID_RESPONSE
    found = girth.grm_mml(matrix)
    cuts = [row[: size - 1] for row, size in zip(found["Difficulty"], categories, strict=True)]
    return Estimates(found["Discrimination"], np.concatenate(cuts), None, None, found["Ability"])


def by_mirt(points: int) -> Estimator:
    """By mirt, whose difficulties are thresholds padded to the longest item."""

    def estimate(answers: Integers, categories: list[int]) -> Estimates:
        import mirt

        found = mirt.fit_mirt(answers, model="GRM", n_categories=categories, n_quadpts=points)
        scores = mirt.fscores(found, answers, method="EAP")

        def flat(padded: Floats) -> Floats:
            return np.concatenate([row[: n - 1] for row, n in zip(padded, categories, strict=True)])

        parameters, errors = found.model.parameters, found.standard_errors
        return Estimates(
            parameters["discrimination"],
            flat(parameters["thresholds"]),
            errors["discrimination"],
            flat(errors["thresholds"]),
            np.ravel(scores.theta),
        )

    return estimate


def correlation(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def compare(name: str, estimate: Estimator, persons: int, number: int) -> None:
    """One fit: wall and processor seconds, memory, and how near it comes."""
    truth = items(number)
    answers, ability = draw(truth, persons, seed=0)
    wall, cpu = time.perf_counter(), time.process_time()
    found = estimate(answers, [cuts.size + 1 for cuts in truth.cuts])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    off = found.difficulties - truth.difficulties
    print(
        f"{name}, {persons:,} x {number}: {wall:.1f} s, CPU {cpu:.1f} s, {peak:,.0f} MB; "
        f"a: r = {correlation(found.slopes, truth.slopes):.4f}, "
        f"mean ratio {np.mean(found.slopes / truth.slopes):.3f}; "
        f"b: r = {correlation(found.difficulties, truth.difficulties):.4f}, "
        f"root mean square {np.sqrt((off**2).mean()):.3f}; "
        f"theta: r = {correlation(found.abilities, ability):.4f}"
    )


def recovery() -> None:
    """Fits of answers drawn anew for each seed: correlations, and errors against the spread."""
    truth = items(40)
    found = []
    for seed in range(SEEDS):
        answers, _ = draw(truth, 2000, seed)
        found.append(ours(answers, []))
    slopes = np.array([one.slopes for one in found])
    difficulties = np.array([one.difficulties for one in found])
    of_slopes = [correlation(one, truth.slopes) for one in slopes]
    of_difficulties = [correlation(one, truth.difficulties) for one in difficulties]
    print(
        f"{SEEDS} x 2,000 x 40: correlation with the true discrimination: least {min(of_slopes):.3f}, ",
        end="",
    )
    print(f"with the true difficulty: least {min(of_difficulties):.3f}")
    for name, values, errors in (
        ("discrimination", slopes, np.array([one.slope_errors for one in found])),
        ("difficulty", difficulties, np.array([one.difficulty_errors for one in found])),
    ):
        ratio = errors.mean(axis=0) / values.std(axis=0, ddof=1)
        print(
            f"standard error of {name} against the spread over seeds: mean {ratio.mean():.3f}, "
            f"within 20 %: {np.mean(np.abs(ratio - 1) <= 0.2):.0%} of {ratio.size}, "
            f"from {ratio.min():.2f} to {ratio.max():.2f}"
        )


def main() -> None:
    """What the command line asks for."""
    what, *rest = sys.argv[1:] or [""]
    if what == "recovery":
        recovery()
    elif what == "size" and rest:
        compare("edxtasks", ours, *map(int, rest))
    elif what == "size":
        compare("edxtasks", ours, 2_000, 40)
        compare("edxtasks", ours, 20_000, 200)
    elif what in {"girth", "mirt"}:
        points = int(rest[0]) if rest else 21
        name = f"mirt, {points} points" if what == "mirt" else what
        estimate = by_mirt(points) if what == "mirt" else by_girth
        compare(name, estimate, 2_000, 40)
        compare(name, estimate, 20_000, 200)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
