"""What learners wrote: forum and open response."""

from __future__ import annotations

from datetime import timedelta

from edxtasks.pages import charts
from edxtasks.pages.cells import shown_cells, shown_stages
from edxtasks.pages.charts import Bar
from edxtasks.pages.course.numbers import Numbers, beside_span, common_span, dated, missing, too_few
from edxtasks.pages.figures import Figure, Key, Value, day, told

_POSTS = (
    ("initial_post", "series-1", "Threads opened"),
    ("response_post", "series-2", "Responses"),
    ("comment", "series-4", "Comments"),
)


def posts(numbers: Numbers) -> Figure:
    """Posts in the forum, by week."""
    name, title = "forum", "Posts in the forum, by week"
    if (empty := missing(numbers, "forum_weeks", name, title, wide=True)) is not None:
        return empty
    found = {
        (at, row["kind"]): (row["learners"], row["posts"])
        for at, row in dated(numbers.rows["forum_weeks"], "week")
    }
    dates = sorted({week for week, _ in found})
    first, last = common_span(dates)
    weeks = [first + timedelta(days=7 * at) for at in range((last - first).days // 7 + 1)]
    beside = [week for week in dates if not first <= week <= last]
    cells = [(week, kind) for week in [*weeks, *beside] for kind, _, _ in _POSTS]
    learners = [found.get(cell, (0, 0))[0] for cell in cells]
    groups = [range(at, len(cells), len(_POSTS)) for at in range(len(_POSTS))]
    shown = dict(zip(cells, shown_cells(learners, numbers.minimum, groups), strict=True))
    seen = [week for week in weeks if any(shown[week, kind] for kind, _, _ in _POSTS)]
    if not seen:
        return too_few(numbers, name, title, wide=True)
    bars, rows = [], list[list[Value]]()
    for week in weeks:
        if not seen[0] <= week <= seen[-1]:
            continue
        values = {
            kind: found.get((week, kind), (0, 0))[1] if shown[week, kind] else None for kind, _, _ in _POSTS
        }
        said = ", ".join(f"{text} {told(values[kind])}" for kind, _, text in _POSTS)
        parts = [(mark, values[kind]) for kind, mark, _ in _POSTS if values[kind] is not None]
        bars.append(Bar(day(week)[:-5], parts or [("series-1", None)], f"Week of {day(week)}: {said}"))
        rows.append([week, *values.values()])
    return Figure(
        name,
        title,
        "Week (its Monday, UTC); posts.",
        numbers.populations.text(_people(numbers, "authors")),
        beside_span(dates, first, last),
        ("Week of", *(text for _, _, text in _POSTS)),
        rows,
        [Key(mark, text) for _, mark, text in _POSTS],
        charts.columns(title, bars, "Posts", "Week of"),
        wide=True,
    )


def _people(numbers: Numbers, column: str) -> int:
    rows = numbers.rows.get("forum_people", ())
    return int(rows[0][column] or 0) if rows else 0


_PEOPLE = (
    ("readers", "Read threads"),
    ("authors", "Wrote posts"),
    ("voters", "Voted for threads"),
    ("followers", "Followed threads"),
)


def forum_people(numbers: Numbers) -> Figure:
    """How many read, wrote, voted and followed."""
    name, title = "forum-people", "What people did in the forum"
    if (empty := missing(numbers, "forum_people", name, title)) is not None:
        return empty
    found = {text: _people(numbers, column) for column, text in _PEOPLE}
    return _doings(numbers, name, title, "Activity", found, _people(numbers, "anything"))


_STEPS = {
    "save_submission": "Saved a draft",
    "create_submission": "Submitted a response",
    "get_submission_for_staff_grading": "Opened for staff grading",
    "get_peer_submission": "Opened a response of a peer",
    "peer_assess": "Assessed a peer",
    "self_assess": "Assessed the own response",
    "student_training_assess_example": "Assessed a training example",
    "staff_assess": "Assessed by staff",
    "submit_feedback_on_assessments": "Gave feedback on assessments",
}


def open_response(numbers: Numbers) -> Figure:
    """How many took which step of open response problems."""
    name, title = "open-response", "Open response: who took which step"
    if (empty := missing(numbers, "open_response", name, title)) is not None:
        return empty
    found: dict[str, int] = {}
    for row in numbers.rows["open_response"]:
        text = _STEPS.get(row["action"], str(row["action"]).replace("_", " "))
        found[text] = max(found.get(text, 0), row["learners"])
    return _doings(numbers, name, title, "Step", found, max(found.values()))


def _doings(
    numbers: Numbers, name: str, title: str, what: str, found: dict[str, int], learners: int
) -> Figure:
    """A bar for each thing that learners did, the most frequent first."""
    order = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    shown = shown_stages([number for _, number in order], numbers.minimum)
    values = [
        number if good and numbers.tells(number) else None
        for (_, number), good in zip(order, shown, strict=True)
    ]
    if all(value is None for value in values):
        return too_few(numbers, name, title)
    names = [text for text, _ in order]
    bars = [
        Bar(text, [("series-1", value)], f"{text}: {told(value, 'learner')}")
        for text, value in zip(names, values, strict=True)
    ]
    return Figure(
        name,
        title,
        f"{what}; learners.",
        numbers.populations.text(learners),
        columns=(what, "Learners"),
        rows=[[text, value] for text, value in zip(names, values, strict=True)],
        picture=charts.bars(title, bars, "Learners"),
    )
