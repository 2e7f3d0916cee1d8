"""Grades: scores of problems to sections, sections to the grade of the course."""

from __future__ import annotations

from dataclasses import dataclass, field

from edxtasks.simulate.courses import Course, Problem, Sequential
from edxtasks.simulate.learners import Learner, Outcome, on_the_move, outcome, units_met

GRADERS = (
    ("Homework", "HW", 0.4),
    ("Lecture Exercise", "LE", 0.2),
    ("Final Exam", "Final", 0.4),
)
"""Assignment type, short label and weight, as the grading policy of every course has them."""


def cutoffs(course: Course) -> dict[str, float]:
    """Grade cut-offs of a course; every fourth has letters."""
    return {"A": 0.9, "B": 0.75, "C": 0.5} if course.number % 4 == 2 else {"Pass": 0.5}


@dataclass
class Record:
    """What a learner has done in the course by the end of the period.

    `problems` holds, for each problem opened in a browser, its day and what became of it (None: only opened);
    `videos` the day of each video; chapters and sequentials stand in the order of their first day.
    """

    problems: dict[Problem, tuple[int, Outcome | None]] = field(default_factory=dict)
    videos: dict[str, int] = field(default_factory=dict)
    chapters: dict[str, int] = field(default_factory=dict)
    sequentials: dict[str, tuple[int, int]] = field(default_factory=dict)
    essays: dict[str, int] = field(default_factory=dict)


def record(learner: Learner, course: Course) -> Record:
    """The record of a learner at the end of the period."""
    result = Record()
    for day, unit in units_met(learner, course):
        mobile = on_the_move(learner, day)
        for block in unit.blocks:
            if block.category == "video" and learner.habit.watches:
                result.videos.setdefault(block.url_name, day)
            elif isinstance(block, Problem) and not mobile:
                result.problems.setdefault(block, (day, outcome(learner, block)))
            elif block.category == "openassessment" and not mobile:
                result.essays.setdefault(block.url_name, day)
        if not mobile:
            result.chapters.setdefault(unit.chapter, day)
            result.sequentials[unit.sequential] = (
                result.sequentials.get(unit.sequential, (day, 0))[0],
                unit.position,
            )
    return result


def section_points(section: Sequential, done: Record) -> tuple[float, float, bool]:
    """Weighted points earned and possible in a sequential, and whether anything was submitted."""
    earned = possible = 0.0
    tried = False
    for unit in section.units:
        for block in unit.blocks:
            if not isinstance(block, Problem):
                continue
            weight = block.points if block.weight is None else block.weight
            possible += weight
            result = done.problems.get(block, (0, None))[1]
            if result is not None:
                tried = True
                earned += weight * result.points / block.points
    return earned, possible, tried


def course_grade(course: Course, done: Record) -> float:
    """The grade of the course, 0 to 1, rounded to whole per cent as edX does."""
    total = 0.0
    for grading, _, share in GRADERS:
        scores = []
        for chapter in course.chapters:
            for section in chapter.sequentials:
                if section.grading == grading and not section.hidden:
                    earned, possible, _ = section_points(section, done)
                    scores.append(earned / possible)
        total += share * sum(scores) / len(scores)
    return round(total * 100 + 0.05) / 100


def letter(course: Course, grade: float) -> str:
    """The letter for a grade, empty below the lowest cut-off."""
    return next((name for name, least in cutoffs(course).items() if grade >= least), "")
