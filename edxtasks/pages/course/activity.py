"""When the course is used."""

from __future__ import annotations

from datetime import timedelta

from edxtasks.pages import charts, shaded
from edxtasks.pages.cells import shown_cells
from edxtasks.pages.charts import Line, Point
from edxtasks.pages.course.numbers import Numbers, beside_span, common_span, dated, missing, too_few
from edxtasks.pages.figures import Figure, Value, day, told
from edxtasks.pages.shaded import WEEKDAYS

_DAY = timedelta(days=1)


def by_day(numbers: Numbers) -> tuple[Figure, Figure]:
    """Active learners on each day, and their events."""
    name, title = "active-learners", "Active learners on each day"
    second, title2 = "events", "Events on each day"
    if (empty := missing(numbers, "activity_days", name, title)) is not None:
        return empty, Figure(second, title2, empty=empty.empty)
    found = {at: (row["learners"], row["events"]) for at, row in dated(numbers.rows["activity_days"])}
    seen = sorted(at for at, (learners, _) in found.items() if numbers.tells(learners))
    if not seen:
        return too_few(numbers, name, title), too_few(numbers, second, title2)
    first, last = common_span(seen)
    days = [first + _DAY * at for at in range((last - first).days + 1)]
    # Days before and after are cells too: they are part of what totals tell.
    cells = [*days, *(at for at in found if not first <= at <= last)]
    note = beside_span(seen, first, last)
    learners = [found.get(at, (0, 0))[0] for at in cells]
    # The grid of hours tells the events of each weekday.
    weekdays = [[at for at, one in enumerate(cells) if one.weekday() == weekday] for weekday in range(7)]
    shown = shown_cells(learners, numbers.minimum, [*weekdays, range(len(cells))])
    who, what = [], []
    rows, rows2 = list[list[Value]](), list[list[Value]]()
    for at, one in enumerate(days):
        active = learners[at] if numbers.tells(learners[at]) else None
        events = found.get(one, (0, 0))[1] if shown[at] else None
        who.append(Point(one, active, f"{day(one)}: {told(active, 'learner')}"))
        what.append(Point(one, events, f"{day(one)}: {told(events, 'event')}"))
        rows.append([one, active])
        rows2.append([one, events])
    behind = numbers.populations.text(numbers.total("active"))
    people = Figure(
        name,
        title,
        "Learners with events, by date (UTC).",
        behind,
        note,
        columns=("Date", "Active learners"),
        rows=rows,
        picture=charts.over_time(title, [Line("series-1", who)], "Learners"),
    )
    if not any(shown[: len(days)]):
        return people, too_few(numbers, second, title2)
    return (
        people,
        Figure(
            second,
            title2,
            "Events of registered learners, by date (UTC).",
            behind,
            note,
            columns=("Date", "Events"),
            rows=rows2,
            picture=charts.over_time(title2, [Line("series-2", what)], "Events"),
        ),
    )


def by_hour(numbers: Numbers) -> Figure:
    """Events by weekday and hour."""
    name, title = "hours", "When in the week the course is used"
    if (empty := missing(numbers, "activity_hours", name, title)) is not None:
        return empty
    found = {
        ((row["weekday"] + 5) % 7, row["hour"]): (row["learners"], row["events"])
        for row in numbers.rows["activity_hours"]
    }
    cells = [(weekday, hour) for weekday in range(7) for hour in range(24)]
    learners = [found.get(cell, (0, 0))[0] for cell in cells]
    # The days tell the events of each weekday.
    groups = [range(24 * weekday, 24 * weekday + 24) for weekday in range(7)]
    shown = shown_cells(learners, numbers.minimum, [*groups, range(len(cells))])
    events = [found.get(cell, (0, 0))[1] for cell in cells]
    values = {cell: number if good else None for cell, number, good in zip(cells, events, shown, strict=True)}
    if not any(shown):
        return too_few(numbers, name, title)
    return Figure(
        name,
        title,
        "Weekday and hour (UTC); events of registered learners, all weeks together.",
        numbers.populations.text(numbers.total("active")),
        columns=("Weekday", "Hour (UTC)", "Events"),
        rows=[[WEEKDAYS[weekday], f"{hour:02}:00", value] for (weekday, hour), value in values.items()],
        keys=shaded.Shades.of(values.values()).keys(),
        picture=shaded.grid(title, values, "events"),
    )


_KINDS = (("video", "Videos"), ("problem", "Problems"), ("forum", "Forum"), ("text", "Textbook and wiki"))


def time_by_kind(numbers: Numbers) -> Figure:
    """The time that learners spent with each kind of activity."""
    name, title = "time", "Time on task, by kind of activity"
    if (empty := missing(numbers, "time_kinds", name, title)) is not None:
        return empty
    [row] = numbers.rows["time_kinds"]
    bars, rows = [], list[list[Value]]()
    for kind, text in _KINDS:
        learners = row[f"{kind}_learners"] or 0
        seen = numbers.tells(learners)
        hours = round(row[f"{kind}_hours"] or 0, 1) if seen else None
        mean = round(60 * (row[f"{kind}_hours"] or 0) / learners, 1) if seen and learners else None
        rows.append([text, learners if seen else None, hours, mean])
        minutes = told(mean, "minute")
        said = minutes if mean is None else f"{minutes} on average, of {told(learners, 'learner')}"
        bars.append(charts.Bar(text, [("series-1", mean)], f"{text}: {said}"))
    if all(one[1] is None for one in rows):
        return too_few(numbers, name, title)
    return Figure(
        name,
        title,
        "Minutes of a learner who spent any time with it, mean.",
        numbers.populations.text(row["learners"] or 0),
        "Time is that between two events less than 30 minutes apart.",
        ("Kind", "Learners", "Hours in all", "Minutes of a learner, mean"),
        rows,
        picture=charts.bars(title, bars, "Minutes of a learner, mean", " min"),
    )
