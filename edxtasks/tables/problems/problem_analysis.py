"""The table `problem_analysis`: the last answers of each learner to each problem, one row a submission state.

The answers and marks of all response fields of a problem are the list `item` of its row. It is read from the
states in `studentmodule`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from edxtasks.errors import InputError
from edxtasks.machine import cores
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.problems.analysis import INPUT_COLUMNS, Account, Reason, Record
from edxtasks.problems.batches import write_rows
from edxtasks.table import BuildInputs, Need, PythonModel, Table
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.rows import Content, JsonLines
from edxtasks.warehouse.schema import Column, Schema

_ITEM = (
    Column(
        "answer_id", "STRING", "edX's id of the response field; ends in the numbers of response and input"
    ),
    Column("response", "STRING", 'the answer as JSON text; "" (two quotes) where there is none'),
    Column("correctness", "STRING", "mark: correct, incorrect, partially-correct, incomplete, …"),
    Column("correct_bool", "BOOLEAN", "whether correctness is correct; partial credit is not"),
    Column("npoints", "FLOAT", "points of the field; usually NULL"),
    Column("msg", "STRING", "message shown with the mark, may be HTML"),
    Column("hint", "STRING", "hint shown with the mark"),
)

SCHEMA = Schema(
    (
        Column("course_id", "STRING", "course key, ORG/NUMBER/RUN"),
        Column("user_id", "INTEGER", "account id of the learner"),
        Column("problem_url_name", "STRING", "url name of the problem"),
        Column("item", "RECORD", "response fields, in the order of correct_map", _ITEM, mode="REPEATED"),
        Column("attempts", "INTEGER", "submissions; 0 where the state does not tell"),
        Column(
            "done", "BOOLEAN", "whether the state says that the problem is done; NULL where it does not tell"
        ),
        Column("grade", "FLOAT", "points earned; NULL where there are none"),
        Column("max_grade", "FLOAT", "points possible; NULL where there are none"),
        Column("created", "TIMESTAMP", "first visit of the problem (UTC)"),
    )
)


RECORDS_AT_ONCE = 2_000
"""How many records are held at once on their way to the workers; single states have several MiB."""
_ID, _MODULE_TYPE = map(INPUT_COLUMNS.index, ("id", "module_type"))

FEW_RECORDS = 20
"""With no more records of problems than this, unreadable states never fail the task by their share."""


def build(inputs: BuildInputs) -> Content:
    """The rows of problems with a submission, in the order of `studentmodule`.

    Raises `InputError` when more states of problems than `max_bad_fraction` allows are no JSON objects.
    """
    settings = inputs.settings
    processes = settings.engine.workers or cores()
    total = Account()
    records = inputs.batches("studentmodule", INPUT_COLUMNS, RECORDS_AT_ONCE) or ()
    paths, account = write_rows(_of_problems(chain.from_iterable(records), total), inputs.scratch, processes)
    total.add(account)
    settle(total, settings.max_bad_fraction, inputs.messages)
    return JsonLines(tuple(paths)) if total.rows else []


def _of_problems(records: Iterable[Record], account: Account) -> Iterator[Record]:
    """Records of problems: the others, most of them, need no worker."""
    for record in records:
        if record[_MODULE_TYPE] == "problem":
            yield record
        else:
            account.leave_out(Reason.OTHER_MODULE, record[_ID])


def settle(account: Account, max_bad_fraction: float, messages: Messages) -> None:
    """Tell what became of the records. Raises `InputError` where too many states are unreadable."""
    rejects = sum(number for reason, number in account.left_out.items() if reason.is_reject)
    messages.count("rejects", rejects)
    for reason in Reason:
        number = account.left_out[reason]
        if number and reason.is_reject:
            ids = ", ".join(map(str, account.examples[reason]))
            messages.add(f"{quantity(number, 'record')} of studentmodule left out, {reason.value} (id {ids})")
    others = [f"{account.left_out[one]} {one.value}" for one in Reason if account.left_out[one]]
    unreadable = account.left_out[Reason.UNREADABLE]
    if account.problems > FEW_RECORDS and unreadable > max_bad_fraction * account.problems:
        ids = ", ".join(map(str, account.examples[Reason.UNREADABLE]))
        raise InputError(
            f"studentmodule: {unreadable} of {account.problems} states of problems are no JSON objects, more "
            f"than max_bad_fraction = {max_bad_fraction:g} allows (id {ids}). Fetch the dump again, or raise "
            "the setting max_bad_fraction."
        )
    if not account.rows:
        messages.add(
            f"no submission of a problem in studentmodule: no rows ({', '.join(others) or 'it is empty'})"
        )


TABLE = Table(
    command="analyze_problems",
    steps=("analysis",),
    sets=("doall",),
    grain="user_id, problem_url_name (as a rule)",
    schema=SCHEMA,
    inputs={"studentmodule": Need.REQUIRED},
    builder=PythonModel(version=2, build=build),
    files=("problem_analysis.json.gz",),
    checks=(Check("one_row_per_problem", "COUNT(*) OVER (PARTITION BY user_id, problem_url_name) = 1"),),
)
