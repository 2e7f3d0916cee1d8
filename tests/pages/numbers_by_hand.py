"""Numbers of a course, written down: what queries would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from edxtasks.pages.course.numbers import Numbers
from edxtasks.pages.queries import page_queries

HOSTILE = '</script><img src=x onerror="document.title=\'pwned\'">"><svg onload=alert(1)>=1+1'
"""A name that wants to be more than text."""


def numbers(minimum: int = 10, /, **rows: Sequence[Mapping[str, Any]]) -> Numbers:
    """Numbers of the queries that are named; the tables of all others are absent."""
    lacking = {name: sorted(query.inputs) for name, query in page_queries().items() if name not in rows}
    return Numbers(rows, lacking, minimum)


def totals(registered: int, **more: object) -> list[dict[str, object]]:
    """The row of the query `totals`."""
    nothing = dict.fromkeys(page_queries()["totals"].schema.names, 0)
    return [{**nothing, "passing_grade": 0.6, "registered": registered, **more}]


def days(learners: Sequence[int], **columns: Sequence[int]) -> list[dict[str, object]]:
    """A row for each day from 1 October 2014."""
    first = date(2014, 10, 1)
    return [
        {"date": first + timedelta(days=at), "learners": number}
        | {name: values[at] for name, values in columns.items()}
        for at, number in enumerate(learners)
    ]


def everything(name: str = "Course", minimum: int = 10) -> Numbers:
    """Numbers of all queries; `name` is the name of whatever has one."""
    hours = [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]
    return numbers(
        minimum,
        totals=totals(
            1000,
            viewed=800,
            explored=300,
            certified=120,
            active=700,
            verified=90,
            unregistered=50,
            events=123456,
        ),
        course_title=[{"name": name}],
        registered_days=days([400, 300, 200, 100]),
        verified_days=days([30, 60]),
        unregistered_days=days([50]),
        activity_days=days([300, 200, 5, 100], events=[5000, 3000, 20, 1500]),
        activity_hours=[
            {"weekday": weekday, "hour": hour, "learners": 20 + hour, "events": 100 + hour * weekday}
            for weekday, hour in hours
        ],
        grades=[
            {"twentieth": None, "passed": False, "learners": 500},
            {"twentieth": 3, "passed": False, "learners": 380},
            {"twentieth": 14, "passed": True, "learners": 70},
            {"twentieth": 18, "passed": True, "learners": 50},
        ],
        ages=[{"age": 20, "learners": 500}, {"age": 30, "learners": 400}, {"age": None, "learners": 100}],
        genders=[
            {"given": "f", "learners": 600},
            {"given": "m", "learners": 300},
            {"given": None, "learners": 100},
        ],
        education=[{"level": "b", "learners": 600}, {"level": "hs", "learners": 400}],
        countries=[
            {"country": "FR", "learners": 600},
            {"country": "SG", "learners": 390},
            {"country": "MT", "learners": 10},
        ],
        videos=[
            {
                "index_video": at,
                "name": name,
                "chapter_name": name,
                "began": 300 - 10 * at,
                "finished": 200 - 10 * at,
            }
            for at in range(1, 6)
        ],
        problems=[
            {
                "problem_nid": at,
                "name": name,
                "chapter_name": name,
                "learners": 200,
                "score": 60.0 + at,
                "attempts": 1.5,
            }
            for at in range(1, 6)
        ],
        curves=[
            {
                "problem_nid": 1,
                "cutnum": 1,
                "name": name,
                "learners": 200,
                "passed": 120,
                "difficulty": -0.5,
                "discrimination": 1.2,
            }
        ],
        show_answers=[
            {"tenth": 0, "learners": 400},
            {"tenth": 1, "learners": 100},
            {"tenth": 10, "learners": 30},
        ],
        forum_weeks=[
            {"week": date(2014, 10, 6), "kind": kind, "learners": 30, "posts": 60}
            for kind in ("initial_post", "response_post", "comment")
        ],
        forum_people=[{"anything": 200, "readers": 180, "authors": 60, "voters": 30, "followers": 12}],
        open_response=[
            {"action": "create_submission", "learners": 100, "events": 110},
            {"action": name, "learners": 60, "events": 61},
        ],
        time_kinds=[
            {
                "learners": 650,
                "hours": 900.0,
                "video_learners": 500,
                "video_hours": 400.0,
                "problem_learners": 300,
                "problem_hours": 300.0,
                "forum_learners": 100,
                "forum_hours": 50.0,
                "text_learners": 3,
                "text_hours": 1.0,
            }
        ],
    )
