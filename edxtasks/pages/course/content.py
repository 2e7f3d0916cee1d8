"""How the parts of the course were used, in its order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edxtasks.pages import charts
from edxtasks.pages.cells import (
    NOT_SHOWN,
    Mean,
    bounded_count,
    bounded_share,
    is_small,
    shown_cells,
    shown_stages,
)
from edxtasks.pages.charts import Bar, Curve
from edxtasks.pages.course.numbers import Numbers, missing, too_few
from edxtasks.pages.figures import Figure, Key, Value, isolated, told
from edxtasks.printable import quantity


def videos(numbers: Numbers) -> Figure:
    """How many began and finished each video."""
    name, title = "videos", "Videos in the order of the course: who began them, who finished"
    if (empty := missing(numbers, "videos", name, title, wide=True)) is not None:
        return empty
    bars, rows, seen = [], list[list[Value]](), False
    for at, row in enumerate(numbers.rows["videos"], 1):
        began, finished = row["began"] or 0, row["finished"]
        shown = shown_stages([began, finished or 0], numbers.minimum)
        first = began if shown[0] and numbers.tells(began) else None
        last = finished if first is not None and shown[1] and finished is not None else None
        seen = seen or first is not None
        chapter, text = row["chapter_name"] or "", row["name"] or ""
        rows.append([at, chapter, text, first, last])
        said = f"{at}. {isolated(text)}: {told(first)} began, {told(last)} finished"
        bars.append(Bar(str(at), [("series-5", first), ("series-1", last)], said, chapter))
    if not seen:
        return too_few(numbers, name, title, wide=True)
    return Figure(
        name,
        title,
        "Video by its place in the course, chapters below; learners.",
        numbers.populations.text(numbers.total("active")),
        "Finished: got beyond 95 % of the video.",
        ("Video", "Chapter", "Title", "Began", "Finished"),
        rows,
        [Key("series-5", "Began"), Key("series-1", "Finished")],
        charts.columns(title, bars, "Learners", "Video, in course order", overlaid=True),
        wide=True,
    )


def _mean(mean: Mean | None, digits: int, times: int = 1) -> tuple[float | None, Value]:
    """A mean as a picture has it, and as it is written: with its bound."""
    if mean is None:
        return None, None
    value = round(times * mean.value, digits)
    return value, f"{mean.bound} {value:g}" if mean.bound else value


def problems(numbers: Numbers) -> tuple[Figure, Figure]:
    """How well learners did in each problem, and how often they submitted it."""
    name, title = "difficulty", "Problems in the order of the course: mean score"
    second, title2 = "attempts", "Problems in the order of the course: attempts"
    if (empty := missing(numbers, "problems", name, title, wide=True)) is not None:
        return empty, Figure(second, title2, empty=empty.empty, wide=True)
    hard, often = [], []
    rows, rows2 = list[list[Value]](), list[list[Value]]()
    for row in numbers.rows["problems"]:
        at, chapter, text = str(row["problem_nid"]), row["chapter_name"] or "", row["name"] or ""
        learners = row["learners"] if numbers.tells(row["learners"]) else None
        share = mean = None
        if learners is not None and row["score"] is not None:
            share = bounded_share(row["score"] / 100, learners, numbers.minimum)
        if learners is not None and row["attempts"] is not None:
            mean = bounded_count(row["attempts"], 1, learners, numbers.minimum)
        (score, percent), (attempts, times) = _mean(share, 1, 100), _mean(mean, 2)
        rows.append([row["problem_nid"], chapter, text, learners, percent])
        rows2.append([row["problem_nid"], chapter, text, learners, times])
        which, who = f"{at}. {isolated(text)}", told(learners, "learner")
        said = f"{which}: mean score {NOT_SHOWN if percent is None else f'{percent} %'}, {who}"
        hard.append(Bar(at, [("series-1", score)], said, chapter, bound=share.bound if share else ""))
        said = f"{which}: mean number of attempts {NOT_SHOWN if times is None else times}, {who}"
        often.append(Bar(at, [("series-2", attempts)], said, chapter, bound=mean.bound if mean else ""))
    behind = numbers.populations.text(numbers.total("active"))
    return (
        _problems(
            numbers,
            hard,
            Figure(
                name,
                title,
                "Problem by its place in the course, chapters below; mean score of those who submitted it, "
                "percent.",
                behind,
                "A score that would tell of few learners is told as a bound, or not at all.",
                ("Problem", "Chapter", "Title", "Learners", "Mean score, percent"),
                rows,
                picture=None,
                wide=True,
            ),
        ),
        _problems(
            numbers,
            often,
            Figure(
                second,
                title2,
                "Problem by its place in the course, chapters below; submissions of a learner, mean.",
                behind,
                "A mean that would tell of few learners is told as a bound, or not at all.",
                ("Problem", "Chapter", "Title", "Learners", "Mean attempts"),
                rows2,
                picture=None,
                wide=True,
            ),
        ),
    )


def _problems(numbers: Numbers, bars: Sequence[Bar], figure: Figure) -> Figure:
    if all(bar.parts[0][1] is None for bar in bars):
        return too_few(numbers, figure.name, figure.title, wide=True)
    below = "Problem, in course order"
    if (bound := next((bar for bar in bars if bar.bound), None)) is not None:
        figure = replace(figure, keys=[Key(f"bound {bound.parts[0][0]}", "a bound")])
    if figure.name == "difficulty":
        return replace(figure, picture=charts.dots(figure.title, bars, "Mean score", below, " %", top=100))
    return replace(figure, picture=charts.columns(figure.title, bars, "Attempts", below))


_ABILITIES = [at / 5 for at in range(-20, 21)]


def characteristic_curves(numbers: Numbers) -> Figure:
    """The expected score of each problem by ability, where an item response model was fitted."""
    name, title = "curves", "Item characteristic curves: expected score by ability"
    if "curves" in numbers.lacking:
        without = numbers.lacking["curves"][0]
        hint = ", which doit irt_grm makes" if without == "item_irt_grm" else ""
        return Figure(name, title, empty=f"Nothing to see: the course has no table {without}{hint}.")
    if (empty := missing(numbers, "curves", name, title)) is not None:
        return empty
    cuts: dict[int, list[Mapping[str, Any]]] = {}
    for row in numbers.rows["curves"]:
        cuts.setdefault(row["problem_nid"], []).append(row)
    told_ones = {at: several for at, several in cuts.items() if _tells_curve(numbers, several)}
    left_out = "" if len(told_ones) == len(cuts) else " Problems that few passed, or failed, have no line."
    cuts = told_ones
    if not cuts:
        return too_few(numbers, name, title)
    rows: list[list[Value]] = [
        [
            row["problem_nid"],
            row["name"] or "",
            row["cutnum"],
            round(row["difficulty"], 3),
            round(row["discrimination"], 3),
        ]
        for several in cuts.values()
        for row in several
    ]
    items = [
        Curve(
            [(one, _expected(several, one)) for one in _ABILITIES],
            f"{at}. {isolated(several[0]['name'] or '')}",
        )
        for at, several in cuts.items()
    ]
    return Figure(
        name,
        title,
        "Ability in standard deviations; expected score, 0 to 1. A line for each problem.",
        f"{quantity(len(items), 'problem')}, each submitted by at least "
        f"{quantity(numbers.minimum, 'learner')}",
        "Graded response model: steep lines tell learners apart best, lines to the right are hard."
        + left_out,
        ("Problem", "Title", "Cut", "Difficulty", "Discrimination"),
        rows,
        picture=charts.curves(title, items, "Expected score", "Ability, standard deviations"),
    )


def _tells_curve(numbers: Numbers, cuts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the curve of a problem may be told: the share that passed a cut follows from it, about."""
    for cut in cuts:
        learners, passed = cut["learners"] or 0, cut["passed"] or 0
        few = min(passed, learners - passed)
        if not numbers.tells(learners) or is_small(few, numbers.minimum):
            return False
    return True


def _expected(cuts: Sequence[Mapping[str, Any]], ability: float) -> float:
    """The expected score of a problem, as a part of its greatest: the mean of passing each cut."""
    passing = [
        1 / (1 + math.exp(-_bounded(cut["discrimination"] * (ability - cut["difficulty"])))) for cut in cuts
    ]
    return sum(passing) / len(passing)


def _bounded(value: float) -> float:
    return max(-50.0, min(50.0, value))


def show_answers(numbers: Numbers) -> Figure:
    """For which part of the problems that they saw learners asked for the answer."""
    name, title = "show-answer", "Asking for answers: for which part of the problems seen"
    if (empty := missing(numbers, "show_answers", name, title)) is not None:
        return empty
    found = {row["tenth"]: row["learners"] for row in numbers.rows["show_answers"]}
    learners = [found.get(at, 0) for at in range(11)]
    shown = shown_cells(learners, numbers.minimum)
    if not any(shown):
        return too_few(numbers, name, title)
    bars, rows = [], list[list[Value]]()
    for at, (number, good) in enumerate(zip(learners, shown, strict=True)):
        text = "none" if at == 0 else f"{10 * at - 10} to {10 * at} %"
        value = number if good else None
        rows.append([text, value])
        label = "0" if at == 0 else f"≤ {10 * at}"
        bars.append(Bar(label, [("series-1", value)], f"{text} of the problems: {told(value, 'learner')}"))
    return Figure(
        name,
        title,
        "Problems whose answer was asked for, percent of those seen; learners.",
        numbers.populations.text(sum(learners)),
        columns=("Part of the problems seen", "Learners"),
        rows=rows,
        picture=charts.columns(title, bars, "Learners", "Percent of the problems seen"),
    )
