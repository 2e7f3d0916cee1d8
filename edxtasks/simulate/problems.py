"""Submissions of problems: answers, marks and the state that edX keeps of them.

Used for the log lines of a submission and for the learner's row of the SQL dump, so that both tell the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edxtasks.simulate.chance import mix
from edxtasks.simulate.courses import SOLUTIONS, Course, Problem
from edxtasks.simulate.learners import Learner, Outcome

_WORDS = {
    "multiplechoiceresponse": "choicegroup",
    "choiceresponse": "checkboxgroup",
    "numericalresponse": "formulaequationinput",
    "optionresponse": "optioninput",
    "stringresponse": "textline",
    "formularesponse": "formulaequationinput",
    "customresponse": "textline",
}


@dataclass(slots=True)
class Submission:
    """One press of the button Submit."""

    answers: dict[str, Any]
    correct: tuple[bool, ...]
    correct_map: dict[str, Any]
    submission: dict[str, Any]
    form: str


def submit(course: Course, learner: Learner, problem: Problem, result: Outcome, attempt: int) -> Submission:
    """Submission number `attempt` (from 1) of `problem`; the last one ends as `result` says."""
    responses = len(problem.responses)
    if attempt >= result.attempts:
        correct = result.correct
    else:
        chance = mix(learner.seed, 42, problem.number, attempt)
        correct = tuple(bool(chance >> r & 1) and r != attempt % responses for r in range(responses))
    answers: dict[str, Any] = {}
    correct_map: dict[str, Any] = {}
    submission: dict[str, Any] = {}
    form = []
    prefix = course.html_id("problem", problem.url_name)
    for number, kind in enumerate(problem.responses):
        right, wrong = SOLUTIONS[kind]
        answer = right if correct[number] else wrong
        if learner.kind == "harvester" and not isinstance(answer, list):
            answer = "" if problem.number % 3 else "1"
        name = f"{prefix}_{number + 2}_1"
        answers[name] = answer
        correct_map[name] = {
            "hint": "",
            "hintmode": None,
            "correctness": "correct" if correct[number] else "incorrect",
            "npoints": None,
            "msg": "" if correct[number] else "Look at the sign.",
            "queuestate": None,
        }
        submission[name] = {
            "input_type": _WORDS[kind],
            "question": f"Question {number + 1} of {problem.name}",
            "response_type": kind,
            "answer": answer,
            "variant": "",
            "correct": correct[number],
        }
        if isinstance(answer, list):
            form += [f"input_{name}%5B%5D={choice}" for choice in answer]
        else:
            form.append(f"input_{name}={_quoted(str(answer))}")
    return Submission(answers, correct, correct_map, submission, "&".join(form))


def seed_of(learner: Learner, problem: Problem) -> int:
    """The seed of randomised problems that edX drew for the learner."""
    return 1 + mix(learner.seed, 43, problem.number) % 1000


def _quoted(answer: str) -> str:
    return "".join(
        c if c.isalnum() or c in "_.-" else "".join(f"%{b:02X}" for b in c.encode()) for c in answer
    )
