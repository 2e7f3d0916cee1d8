"""The table `item_response_theory_report`: difficulty, discrimination and reliability of the problems.

The parameters are those of `item_irt_grm`, else of `item_irt_grm_R`; the setting `irt_source` names one of
the two. Neither is made on account of this table: a fit is asked for by name.
"""

from __future__ import annotations

from edxtasks.errors import UserError
from edxtasks.psychometrics.problems import problems_of
from edxtasks.psychometrics.report import MIRT, STATA, report_rows
from edxtasks.table import BuildInputs, Need, PythonModel, Table
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema

METHODS = {"item_irt_grm": STATA, "item_irt_grm_R": MIRT}
"""Tables of parameters, the preferred one first, and what made them where they do not say so."""


def build(inputs: BuildInputs) -> list[Row]:
    """A row for each problem and cut. Raises `UserError` where the table of parameters does not exist."""
    wanted = inputs.settings.irt_source
    for name in [wanted] if wanted else METHODS:
        parameters = inputs.rows(name)
        if parameters is not None:
            break
    else:
        raise UserError(_absent(wanted, str(inputs.course)))
    return list(
        report_rows(
            inputs.course.slash,
            parameters,
            METHODS[name],
            problems_of(inputs.rows("course_item") or ()),
            inputs.rows("course_problem") or (),
            inputs.rows("item_reliabilities") or (),
        )
    )


def _absent(wanted: str, course: str) -> str:
    if wanted:
        return f'irt_source is {wanted}, and {course} has no such table: make it, or set irt_source = ""'
    return (
        "expected the table item_irt_grm or item_irt_grm_R, found neither. Make the first with "
        f"doit irt_grm:{course}, or load the second from R"
    )


TABLE = Table(
    command="irt_report",
    grain="problem_nid, IRT_item_number",
    schema=schema("""
    course_id STRING -- course key, ORG/NUMBER/RUN
    problem_nid INTEGER -- number of the problem in the course
    problem_short_id STRING -- short name of the problem; NULL in no assignment
    chapter STRING -- name of the chapter
    assignment_type STRING -- kind of assignment; empty for problems that are not graded
    problem_label STRING -- number, chapter, section and name of the problem
    problem_id STRING -- url name of the problem
    IRT_item_number STRING -- number of the problem and of the cut, as 12/1
    avg_problem_raw_score FLOAT -- mean number of items answered correctly
    avg_problem_pct_score FLOAT -- mean score, percent
    n_unique_users_attempted INTEGER -- learners who submitted the problem
    item_test FLOAT -- correlation with the mean score in all problems; NULL without item_reliabilities
    item_rest FLOAT -- correlation with the mean score in the other problems; NULL without item_reliabilities
    alpha FLOAT -- Cronbach's alpha without the problem; NULL without item_reliabilities
    Difficulty FLOAT -- ability at which half of the learners pass the cut
    Discrimination FLOAT -- discrimination of the problem
    Difficulty_SE FLOAT -- standard error of the difficulty
    Discrimination_SE FLOAT -- standard error of the discrimination
    irt_method STRING -- edxtasks GRM, STATA GRM or R mirt GRM
    """),
    inputs={
        "course_item": Need.REQUIRED,
        "course_problem": Need.REQUIRED,
        "item_irt_grm": Need.BORROWED,
        "item_irt_grm_R": Need.BORROWED,
        "item_reliabilities": Need.BORROWED,
    },
    builder=PythonModel(version=1, build=build, settings=("irt_source",)),
)
