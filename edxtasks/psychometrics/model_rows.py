"""The parameters of a fitted model as rows of `item_irt_grm`, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edxtasks.errors import InputError
from edxtasks.psychometrics.arrays import Floats, Integers
from edxtasks.psychometrics.graded_response import Fit, Items
from edxtasks.psychometrics.information import StandardErrors
from edxtasks.psychometrics.problems import Problem
from edxtasks.psychometrics.report import OURS
from edxtasks.psychometrics.responses import Responses
from edxtasks.psychometrics.scores import rounded
from edxtasks.warehouse.rows import Row


def parameter_rows(
    answers: Responses, fit: Fit, errors: StandardErrors, problems: Mapping[int, Problem]
) -> Iterator[Row]:
    """A row for each cut of each problem, by number of the problem and of the cut."""
    items = fit.items
    difficulties = items.difficulties
    for item, number in enumerate(answers.items.tolist()):
        problem = problems.get(number, Problem(number))
        scores = answers.values[answers.offsets[item] + 1 : answers.offsets[item + 1]].tolist()
        for cut, score in enumerate(scores):
            place = int(items.cuts[item]) + cut
            yield {
                "problem_nid": number,
                "irt_diff": rounded(difficulties[place]),
                "irt_disc": rounded(items.slopes[item]),
                "diff_se": rounded(errors.difficulties[place]),
                "disc_se": rounded(errors.slopes[item]),
                "cutnum": cut + 1,
                "cutval": score,
                "item_weight": problem.weight,
                "pn_points_possible": problem.points_possible,
                "problem_id": problem.problem_id,
                "problem_short_id": problem.short_id,
                "chapter_name": problem.chapter,
                "section_name": problem.section,
                "vertical_name": problem.vertical,
                "problem_name": problem.name,
                "irt_method": OURS,
            }


@dataclass(frozen=True)
class Model:
    """The items of a model: numbers of the problems, parameters, scores of the categories.

    The lowest category of an item has the score -∞.
    """

    numbers: Integers
    items: Items
    values: Floats
    offsets: Integers


def model_of(rows: Iterable[Mapping[str, object]]) -> Model:
    """The model that rows of `item_irt_grm` hold; problems of which a number is missing are left out.

    Raises `InputError` where the cuts of a problem do not ascend: then it is not a graded response model.
    """
    cuts: dict[int, list[tuple[int, float, float, float]]] = {}
    broken: set[int] = set()
    for row in rows:
        number = row["problem_nid"]
        values = [row.get(name) for name in ("cutnum", "irt_disc", "irt_diff", "cutval")]
        if not isinstance(number, int):
            continue
        if any(not isinstance(value, int | float) for value in values):
            broken.add(number)
            continue
        cutnum, slope, difficulty, score = (float(value) for value in values)  # type: ignore[arg-type]
        cuts.setdefault(number, []).append((int(cutnum), slope, -slope * difficulty, score))
    whole = {number: sorted(cuts[number]) for number in sorted(set(cuts) - broken)}
    for number, of_item in whole.items():
        if any(one[2] <= other[2] or one[3] >= other[3] for one, other in pairwise(of_item)):
            raise InputError(
                f"item_irt_grm: the cuts of problem {number} are expected in the order of score and "
                "difficulty, and are not. Make the table again: doit irt_grm force_recompute=1"
            )
    sizes = np.cumsum([0, *(len(of_item) for of_item in whole.values())], dtype=np.int64)
    slopes = np.array([of_item[0][1] for of_item in whole.values()], dtype=np.float64)
    intercepts = np.array([cut[2] for of_item in whole.values() for cut in of_item], dtype=np.float64)
    scores = [value for of_item in whole.values() for value in (-np.inf, *(cut[3] for cut in of_item))]
    numbers = np.array(list(whole), dtype=np.int64)
    offsets = sizes + np.arange(sizes.size)
    return Model(numbers, Items(slopes, intercepts, sizes), np.array(scores, dtype=np.float64), offsets)
