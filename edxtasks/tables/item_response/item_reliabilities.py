"""The table `item_reliabilities`: how well each problem goes with the others of the course.

Cronbach's alpha without the problem, and its correlations with the scores of learners, by the definitions in
`edxtasks/psychometrics/reliability.py`. Scores are in percent, as they are; none is reversed.
"""

from __future__ import annotations

from edxtasks.psychometrics import numerics
from edxtasks.psychometrics.problems import Problem, problems_of
from edxtasks.table import BuildInputs, Need, PythonModel, Table
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema


def build(inputs: BuildInputs) -> list[Row]:
    """A row for each problem that anybody answered. Raises `UserError` without the extra `irt`."""
    numerics.require("item_reliabilities")
    from edxtasks.psychometrics.reliability import reliabilities
    from edxtasks.psychometrics.scores import rounded, scores_of

    problems = problems_of(inputs.rows("course_item") or ())
    found = reliabilities(*scores_of(inputs.rows("person_problem") or ()))
    return [
        {
            "item": f"y{number}",
            "nobs": int(found.counts[place]),
            "mean": rounded(found.means[place]),
            "alpha": rounded(found.alphas[place]),
            "itemtestcorr": rounded(found.test_correlations[place]),
            "itemrestcorr": rounded(found.rest_correlations[place]),
            "itemitemcov": rounded(found.covariances[place]),
            "item_label": problems.get(number, Problem(number)).label,
        }
        for place, number in enumerate(found.items.tolist())
    ]


TABLE = Table(
    command="reliability",
    grain="item",
    schema=schema("""
    item STRING -- y and the number of the problem, as the column of person_problem_wide
    nobs INTEGER -- learners who answered it
    mean FLOAT -- mean of their scores, percent
    alpha FLOAT -- Cronbach's alpha of the other problems; NULL where no two of them share two learners
    itemtestcorr FLOAT -- correlation with the mean score in all problems; NULL where one does not vary
    itemrestcorr FLOAT -- correlation with the mean score in the others; NULL where one does not vary
    itemitemcov FLOAT -- mean covariance between the other problems; NULL as alpha
    item_label STRING -- number, short id, chapter, section and name of the problem
    """),
    inputs={"person_problem": Need.REQUIRED, "course_item": Need.REQUIRED},
    builder=PythonModel(version=1, build=build),
)
