"""Who enrolled, and how far they came."""

from __future__ import annotations

from datetime import date

from edxtasks.pages import charts
from edxtasks.pages.cells import merged, shown_cells
from edxtasks.pages.charts import Bar, Line, Point
from edxtasks.pages.course.numbers import Numbers, Rows, missing, too_few
from edxtasks.pages.figures import Figure, Key, Value, day, told
from edxtasks.printable import quantity

_LINES = (
    ("registered", "registered_days", "series-1", "Registered"),
    ("verified", "verified_days", "series-2", "Verified"),
    ("unregistered", "unregistered_days", "series-3", "Un-registered"),
)
_STAGES = (
    ("registered", "Registered"),
    ("viewed", "Viewed"),
    ("explored", "Explored"),
    ("certified", "Certified"),
)


def over_time(numbers: Numbers) -> Figure:
    """How many had registered, un-registered and become verified by each date."""
    name, title = "enrolment", "Enrolment over time: registered, verified, un-registered"
    if (empty := missing(numbers, "registered_days", name, title, wide=True)) is not None:
        return empty
    lines, rows, keys, undated = [], list[list[Value]](), [], False
    for total, query, mark, text in _LINES:
        if total not in numbers.exact or query in numbers.lacking:
            continue
        points = periods(numbers.rows[query], numbers.minimum)
        if not points:
            undated = undated or bool(numbers.rows[query])
            continue
        keys.append(Key(mark, text))
        rows += [[text, first, last, new, whole] for first, last, new, whole in points]
        start = [Point(points[0][0], 0, "")] if points[0][0] < points[0][1] else []
        reached = [
            Point(last, whole, f"{text} by {day(last)}: {whole} (+{new} since {day(first)})")
            for first, last, new, whole in points
        ]
        lines.append(Line(mark, start + reached))
    if not lines and undated:
        return Figure(name, title, empty="Nothing to see: no date of it is known.", wide=True)
    if not lines:
        return too_few(numbers, name, title, wide=True)
    return Figure(
        name,
        title,
        "Learners in all, by date (UTC).",
        numbers.everybody,
        f"A point stands for a period in which at least {quantity(numbers.minimum, 'learner')} came.",
        ("Kind", "From", "To", "New learners", "Learners in all"),
        rows,
        keys,
        charts.over_time(title, lines, "Learners in all"),
        wide=True,
    )


def periods(rows: Rows, minimum: int) -> list[tuple[date, date, int, int]]:
    """Periods with first and last date, how many came in each, and how many had come by its end.

    Who came on an unknown date counts with the first.
    """
    dates = [row["date"] for row in rows]
    known = [one for one in dates if one is not None]
    if not known:
        return []
    filled = [one if one is not None else known[0] for one in dates]
    learners = [row["learners"] for row in rows]
    found, whole = [], 0
    for part in merged(learners, minimum):
        new = sum(learners[at] for at in part)
        whole += new
        found.append((filled[part[0]], filled[part[-1]], new, whole))
    return found


def funnel(numbers: Numbers) -> Figure:
    """How many came how far."""
    name, title = "funnel", "How far learners came: from registering to a certificate"
    if (empty := missing(numbers, "totals", name, title)) is not None:
        return empty
    if "registered" not in numbers.exact:
        return too_few(numbers, name, title)
    registered = numbers.total("registered")
    bars, rows = [], list[list[Value]]()
    for total, text in _STAGES:
        value = numbers.total(total) if total in numbers.exact else None
        share = None if value is None else round(100 * value / registered, 1)
        rows.append([text, value, share])
        said = told(value, "learner") + ("" if share is None else f", {share:g} % of the registered")
        bars.append(Bar(text, [("series-1", value)], f"{text}: {said}", measure=total))
    return Figure(
        name,
        title,
        "Learners. Viewed: opened a chapter; explored: half of the chapters or more.",
        numbers.everybody,
        columns=("Stage", "Learners", "Percent of the registered"),
        rows=rows,
        picture=charts.bars(title, bars, "Learners"),
    )


_TWENTIETHS = 20


def _without_grade(learners: int) -> str:
    return quantity(learners, "learner without a grade is", "learners without a grade are")


def grades(numbers: Numbers) -> Figure:
    """How the grades are distributed, and where the passing grade lies."""
    name, title = "grades", "Grades, and the line of passing"
    if (empty := missing(numbers, "grades", name, title)) is not None:
        return empty
    found = {(row["twentieth"], row["passed"]): row["learners"] for row in numbers.rows["grades"]}
    least = numbers.passing_grade
    below = [at for at in range(_TWENTIETHS) if least is None or at / _TWENTIETHS < least]
    above = [at for at in range(_TWENTIETHS) if least is not None and (at + 1) / _TWENTIETHS > least + 1e-9]
    if least is not None and least >= 1:
        above = [_TWENTIETHS - 1]
    cells = [(None, False), *((at, False) for at in below), *((at, True) for at in above)]
    learners = [found.get(cell, 0) for cell in cells]
    # How many passed may be known from the certificates: each side of the line is a whole.
    groups = [[at for at, cell in enumerate(cells) if cell[1] is side] for side in (False, True)]
    shown = dict(zip(cells, shown_cells(learners, numbers.minimum, groups), strict=True))
    if not any(shown[cell] for cell in cells if cell[0] is not None):
        return too_few(numbers, name, title)
    bars, rows = [], list[list[Value]]()
    for at in range(_TWENTIETHS):
        text = f"{at * 5} to {at * 5 + 5} %"
        parts, said = [], []
        for side, mark, word in ((False, "series-4", "below passing"), (True, "series-1", "passing")):
            if (at, side) not in shown:
                continue
            value = found.get((at, side), 0) if shown[at, side] else None
            parts.append((mark, value))
            said.append(f"{told(value)} {word}")
            rows.append([text, word, value])
        bars.append(Bar(str(at * 5), parts, f"Grade {text}: {', '.join(said)}"))
    without = found.get((None, False), 0) if shown[None, False] else None
    rows.append(["no grade", "below passing", without])
    line = None if least is None else (least * _TWENTIETHS, f"passing grade {100 * least:g} %")
    return Figure(
        name,
        title,
        "Grade in percent, in steps of 5; learners.",
        numbers.everybody,
        "" if without is None else f"{_without_grade(without)} in the table only.",
        ("Grade", "Side of the line", "Learners"),
        rows,
        [Key("series-4", "Below the passing grade"), Key("series-1", "Passing")],
        charts.columns(title, bars, "Learners", "Grade, percent", line=line, edges=True),
    )
