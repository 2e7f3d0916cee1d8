"""Rows of `problem_analysis`: the last submission of a learner to a problem, from `studentmodule`."""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edxtasks.problems.states import (
    UnreadableStateError,
    attempts,
    json_text,
    parse_state,
    plain_text,
    points,
    truth,
)

INPUT_COLUMNS = (
    "id",
    "module_type",
    "module_id",
    "student_id",
    "state",
    "grade",
    "max_grade",
    "created",
    "course_id",
)
"""The columns of `studentmodule` that are read; a record is a tuple of their values."""

Record = tuple[Any, ...]

EXAMPLES = 3
"""Row ids that are given as examples of each reason."""

_PROBLEM = re.compile(r"(?:i4x://)?[^/]+/[^/]+/problem/([^/]+)")
_NO_ANSWER = '""'


class Reason(enum.Enum):
    """Why a record gives no row; the value is told to people."""

    OTHER_MODULE = "not of a problem"
    OTHER_CATEGORY = "labelled problem, and of another category"
    NO_STUDENT = "without a learner's id"
    NO_STATE = "without a state"
    UNREADABLE = "with a state that is not a JSON object"
    NO_SUBMISSION = "opened and not submitted"
    NO_ANSWERS = "without student_answers"
    NO_ENTRIES = "with no usable entry in correct_map"

    @property
    def is_reject(self) -> bool:
        """Whether such a record ought not to be there."""
        return self in {Reason.NO_STUDENT, Reason.UNREADABLE, Reason.NO_ANSWERS, Reason.NO_ENTRIES}


@dataclass
class Account:
    """What became of records: rows, and those that gave none by reason, with ids of the first of each."""

    rows: int = 0
    left_out: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, list[Any]] = field(default_factory=dict)

    @property
    def problems(self) -> int:
        """Records of problems."""
        others = self.left_out[Reason.OTHER_MODULE] + self.left_out[Reason.OTHER_CATEGORY]
        return self.rows + self.left_out.total() - others

    def leave_out(self, reason: Reason, row_id: Any) -> None:
        """Count a record that gives no row."""
        self.left_out[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append(row_id)

    def add(self, other: Account) -> None:
        """Add the account of records that come after those of this one."""
        self.rows += other.rows
        self.left_out.update(other.left_out)
        for reason, ids in other.examples.items():
            known = self.examples.setdefault(reason, [])
            known += ids[: EXAMPLES - len(known)]


def analysed(records: Iterable[Record], account: Account) -> Iterable[dict[str, object]]:
    """The rows that records give, in their order; what gives none is counted in `account`."""
    for record in records:
        outcome = analyse(record)
        if isinstance(outcome, Reason):
            account.leave_out(outcome, record[0])
        else:
            account.rows += 1
            yield outcome


def analyse(record: Record) -> dict[str, object] | Reason:
    """The row that a record gives, or why it gives none."""
    _, module_type, module_id, student_id, text, grade, max_grade, created, course_id = record
    if module_type != "problem":
        return Reason.OTHER_MODULE
    module = _PROBLEM.fullmatch(module_id) if module_id is not None else None
    if module is None:
        return Reason.OTHER_CATEGORY
    if student_id is None:
        return Reason.NO_STUDENT
    if text is None or not text.strip():
        return Reason.NO_STATE
    try:
        state = parse_state(text)
        items = _items(state)
    except UnreadableStateError:
        return Reason.UNREADABLE
    if isinstance(items, Reason):
        return items
    return {
        "course_id": course_id,
        "user_id": student_id,
        "problem_url_name": module[1],
        "item": items,
        "attempts": attempts(state.get("attempts")),
        "done": truth(state.get("done")),
        "grade": points(grade),
        "max_grade": points(max_grade),
        "created": created.isoformat() if isinstance(created, datetime) else created,
    }


def _items(state: dict[str, Any]) -> list[dict[str, object]] | Reason:
    correct_map, answers = state.get("correct_map"), state.get("student_answers")
    if not isinstance(correct_map, dict) or not correct_map:
        return Reason.NO_SUBMISSION
    if not isinstance(answers, dict):
        return Reason.NO_ANSWERS
    items = [
        {
            "answer_id": plain_text(answer_id),
            "response": json_text(answers[answer_id]) if answer_id in answers else _NO_ANSWER,
            "correctness": plain_text(entry.get("correctness")),
            "correct_bool": entry.get("correctness") == "correct",
            "npoints": points(entry.get("npoints")),
            "msg": plain_text(entry.get("msg")),
            "hint": plain_text(entry.get("hint")),
        }
        for answer_id, entry in correct_map.items()
        if isinstance(entry, dict)
    ]
    return items or Reason.NO_ENTRIES
