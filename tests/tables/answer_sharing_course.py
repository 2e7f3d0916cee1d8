"""A made-up course in which learners solve problems and ask for answers, for the models behind
`stats_show_ans_before`."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

Rows = list[dict[str, Any]]
COURSE = "MITx/6.00x/2013_Spring"
START = datetime(2013, 3, 1, tzinfo=UTC)
NAMES = ["Zoë_L", "zoe_l2", "l_zoë", "max", "xam1", "Mäx", "bo", "ob", "kim", "mik", "ann", "nna2", "raj"]
ADDRESSES = ["10.0.0.1", "10.0.0.2", "", None]
MODULES = [f"MITx/6.00x/problem/p{number}" for number in range(15)]
STEPS = (
    "show_ans_before_checks",
    "show_ans_before_shows",
    "show_ans_before_responses",
    "show_ans_before_sifted",
    "show_ans_before_pairs",
    "stats_show_ans_before",
)


class MadeUpCourse:
    """Rows of all inputs: learners solve problems, mostly at once, and ask for answers before and after."""

    def __init__(self, seed: int, learners: int = len(NAMES)) -> None:
        self.rng = rng = random.Random(seed)
        self.events: list[dict[str, Any]] = []
        self.checks: list[dict[str, Any]] = []
        self.persons = [
            {
                "user_id": 100 + number,
                "username": name,
                "ip": rng.choice(ADDRESSES),
                "latitude": rng.choice([42.37, -33.9, 90.0, None]),
                "longitude": rng.choice([-71.1, 18.4, 180.0]),
            }
            for number, name in enumerate(NAMES[:learners])
        ]
        for number, module in enumerate(MODULES):
            opened = START + timedelta(days=3 * number)
            for name in [*NAMES[:learners], "", None, "stranger"]:
                self._does(name, module, opened)
        self.answers = [
            {
                "user_id": person["user_id"],
                "problem_url_name": f"p{problem}",
                "item": [
                    {"response": rng.choice(['""', "null", '"9"', '"choice_1"', '["choice_0"]', '"10"'])}
                    for _ in range(rng.randrange(1, 3))
                ],
            }
            for person in self.persons[::2]
            for problem in range(12)
        ]
        self.axis = [
            {"module_id": module, "data": {"itype": kind}}
            for module, kind in zip(MODULES, ["choiceresponse", "numericalresponse", None] * 5, strict=True)
        ]
        self.confirmed = [
            {"course_id": f"course-v1:{COURSE.replace('/', '+')}", "username": "max", "CH": "kim"},
            {"course_id": COURSE, "username": "max", "CH": "kim"},
            {"course_id": "MITx/8.01x/2013", "username": "max", "CH": "bo"},
        ]

    def _does(self, name: str | None, module: str, opened: datetime) -> None:
        rng = self.rng
        # Many times are alike, and some differ by parts of a second.
        at = opened + timedelta(hours=rng.randrange(25, 60), microseconds=rng.choice([0, 0, 1, 250_000]))
        success = "correct" if rng.random() < 0.93 else "incorrect"
        self._submits(name, module, at, success, 1)
        if rng.random() < 0.3:
            again = at + rng.choice([timedelta(0), timedelta(minutes=1)])
            self._submits(name, module, again, "correct", rng.choice([1, 2]))
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            shown = opened + timedelta(hours=rng.randrange(1, 50))
            self._event("show_answer", name, module, shown)
        if rng.random() < 0.1:
            self._event("show_answer", name, module, at)

    def _submits(self, name: str | None, module: str, at: datetime, success: str, attempts: int) -> None:
        self._event("problem_check", name, module, at)
        row = {"username": name, "module_id": module, "time": at, "success": success, "attempts": attempts}
        self.checks.append(row)

    def _event(self, kind: str, name: str | None, module: str | None, at: datetime) -> None:
        ip = self.rng.choice(ADDRESSES)
        self.events.append({"event_type": kind, "username": name, "module_id": module, "time": at, "ip": ip})

    def tables(self) -> dict[str, list[Any]]:
        return {
            "stats_problem_check_show_answer_ip": self.events,
            "problem_check": self.checks,
            "person_course": self.persons,
            "problem_analysis": self.answers,
            "course_axis": self.axis,
            "courses.cameo_master": self.confirmed,
            "cameo_cutoff_time": [{"cutoff": None}],
        }

    def rows(self) -> tuple[Rows, Rows, Rows, Rows, Rows, Rows]:
        """The same rows, as `pairs_of` takes them."""
        return (self.events, self.checks, self.persons, self.answers, self.axis, self.confirmed)
