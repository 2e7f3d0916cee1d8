"""The table `item_irt_grm`: difficulty and discrimination of problems by the graded response model.

P(score of at least cut k) = logistic(a (theta - b_k)), theta ~ N(0, 1). The categories of a problem are the
scores that it was answered with. docs/item-response.md tells how the model is fitted.
"""

from __future__ import annotations

from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.psychometrics import numerics
from edxtasks.psychometrics.problems import problems_of
from edxtasks.table import BuildInputs, Need, PythonModel, Table
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema


def build(inputs: BuildInputs) -> list[Row]:
    """A row for each cut of each problem that varies. Raises `UserError` without the extra `irt`."""
    numerics.require("item_irt_grm")
    from edxtasks.psychometrics import graded_response, information, model_rows, responses, scores

    answers = responses.responses(*scores.scores_of(inputs.rows("person_problem") or ()))
    _tell(inputs.messages, answers.dropped_items, "problem", "that all answered with the same score")
    _tell(inputs.messages, answers.dropped_persons, "learner", "without an answer to any other problem")
    if not answers.items.size:
        inputs.messages.add("no problem has answers of different scores: the table is empty")
        return []
    fit = graded_response.fit(answers)
    errors = information.standard_errors(answers, fit)
    if not fit.converged:
        inputs.messages.add(
            f"the fit did not come to rest in {fit.steps} steps: its numbers are those that it had reached"
        )
    if errors.singular:
        inputs.messages.add("the answers do not determine the parameters: there are no standard errors")
    if held := int(fit.items.held.sum()):
        inputs.messages.add(
            f"{held} of {quantity(answers.items.size, 'problem has', 'problems have')} too few answers, or "
            "answers without exception, to bound their discrimination: it is held at "
            f"{graded_response.GREATEST_DISCRIMINATION:g} and has no standard error"
        )
    problems = problems_of(inputs.rows("course_item") or ())
    return list(model_rows.parameter_rows(answers, fit, errors, problems))


def _tell(messages: Messages, number: int, noun: str, what: str) -> None:
    if number:
        messages.note(f"left out: {quantity(number, noun)} {what}")


TABLE = Table(
    command="irt_grm",
    may_be_empty=True,
    grain="problem_nid, cutnum",
    schema=schema("""
    problem_nid INTEGER -- number of the problem in the course
    irt_diff FLOAT -- difficulty: the ability at which half of the learners pass the cut
    irt_disc FLOAT -- discrimination of the problem, the same for all its cuts
    diff_se FLOAT -- standard error of the difficulty; NULL where the answers do not determine it
    disc_se FLOAT -- standard error of the discrimination; NULL where the answers do not determine it
    cutnum INTEGER -- number of the cut, from 1
    cutval FLOAT -- least score above the cut, percent
    item_weight FLOAT -- part of the problem in the final grade; NULL where its items have none
    pn_points_possible FLOAT -- items of the problem
    problem_id STRING -- url name of the problem
    problem_short_id STRING -- short name of the problem; NULL in no assignment
    chapter_name STRING -- name of the chapter
    section_name STRING -- name of the section
    vertical_name STRING -- name of the vertical
    problem_name STRING -- display name of the problem
    irt_method STRING -- how the parameters were found: edxtasks GRM
    """),
    inputs={"person_problem": Need.REQUIRED, "course_item": Need.REQUIRED},
    builder=PythonModel(version=1, build=build),
)
