"""The table `person_irtgrm_theta`: abilities of learners by the graded response model of the course.

The mean of the posterior (EAP) and its deviation, with theta ~ N(0, 1) before, from the scores of
`person_problem` and the parameters of `item_irt_grm`.
"""

from __future__ import annotations

from edxtasks.printable import quantity
from edxtasks.psychometrics import numerics
from edxtasks.table import BuildInputs, Need, PythonModel, Table
from edxtasks.warehouse.rows import Row
from edxtasks.warehouse.schema import schema


def build(inputs: BuildInputs) -> list[Row]:
    """A row for each learner who answered a problem of the model. Raises `UserError` without the extra `irt`,
    and `InputError` where the parameters are none of a graded response model."""
    numerics.require("person_irtgrm_theta")
    from edxtasks.psychometrics import model_rows, responses, scores
    from edxtasks.psychometrics.ability import abilities

    model = model_rows.model_of(inputs.rows("item_irt_grm") or ())
    users, problems, values = scores.scores_of(inputs.rows("person_problem") or ())
    answers = responses.responses_to(model.numbers, model.values, model.offsets, users, problems, values)
    if answers.dropped_persons:
        inputs.messages.note(
            f"left out: {quantity(answers.dropped_persons, 'learner')} without an answer to a "
            "problem of the model"
        )
    found = abilities(answers, model.items)
    return [
        {
            "user_id": user,
            "theta": scores.rounded(found.means[place]),
            "thetase": scores.rounded(found.deviations[place]),
        }
        for place, user in enumerate(answers.persons.tolist())
    ]


TABLE = Table(
    command="irt_grm",
    may_be_empty=True,
    grain="user_id",
    schema=schema("""
    user_id INTEGER -- account id of the learner
    theta FLOAT -- ability: mean of the posterior, in deviations of all learners from their mean
    thetase FLOAT -- deviation of the posterior
    """),
    inputs={"item_irt_grm": Need.REQUIRED, "person_problem": Need.REQUIRED},
    builder=PythonModel(version=1, build=build),
)
