"""The kinds of pictures. Each gets what it shows, and gives a function that draws it for a width.

A value of None is a number that is not shown: its place has a mark of its own, no mark of size 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from edxtasks.pages.cells import NOT_SHOWN
from edxtasks.pages.figures import Picture
from edxtasks.pages.svg import (
    CHARACTER,
    Frame,
    date_ticks,
    element,
    frame,
    lines_of,
    picture,
    short,
    shortened,
    ticks,
    titled,
)

_TALL = 240.0
_WIDEST = 72.0
_INSET = 0.12
_NARROWEST_BAND = 12.0
NARROW = 480
"""Pictures of less width have no room for long labels."""


@dataclass(frozen=True)
class Point:
    """A value at a date, and what is said of it."""

    at: date
    value: float | None
    title: str


@dataclass(frozen=True)
class Line:
    """Values over time; `mark` is the class of its colour."""

    mark: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Bar:
    """Parts that stand on each other, each with the class of its colour; what is said of the whole.

    `group` parts the bars of a course: its name is written below those that have the same. `measure` names
    the number for programs that read the page, where it is written behind a bar. With a `bound` (`<` or `>`)
    the value lies beyond what is drawn.
    """

    label: str
    parts: Sequence[tuple[str, float | None]]
    title: str
    group: str = ""
    measure: str = ""
    bound: str = ""


@dataclass(frozen=True)
class Curve:
    """A line of numbers over numbers."""

    points: Sequence[tuple[float, float]]
    title: str


def over_time(label: str, lines: Sequence[Line], axis: str, below: str = "Date (UTC)") -> Picture:
    """Lines over dates, broken where a value is not shown."""
    dates = [point.at for line in lines for point in line.points]
    first, last = min(dates), max(dates)
    if first == last:
        last = first + timedelta(days=1)
    greatest = max((point.value or 0 for line in lines for point in line.points), default=0)

    def draw(width: int) -> Markup:
        field, values = frame(width, _TALL, greatest)

        def x(at: date) -> float:
            return field.left + 8 + (field.room - 16) * (at - first).days / (last - first).days

        parts = field.axis(values, axis)
        for at, text in date_ticks(first, last, max(2, int(field.room // 76))):
            parts.append(field.mark_below(x(at), text))
        parts.append(field.below_label(below))
        for line in lines:
            parts += _line(line, x, field)
        return picture(width, _TALL, label, parts)

    return draw


def _line(line: Line, x: Callable[[date], float], field: Frame) -> Iterator[Markup]:
    way, pen = [], "M"
    for point in line.points:
        if point.value is None:
            pen = "M"
            continue
        way.append(f"{pen}{x(point.at):.1f},{field.y(point.value):.1f}")
        pen = "L"
    yield element("path", d="".join(way), class_=f"line {line.mark}")
    size = 3.0 if len(line.points) <= 70 else 1.5
    for point in line.points:
        if point.value is None:
            place = {"cx": x(point.at), "cy": field.ground, "r": 2.0}
            yield element("circle", titled(point.title), class_="mark unseen", **place)
        else:
            place = {"cx": x(point.at), "cy": field.y(point.value), "r": size}
            yield element("circle", titled(point.title), class_=f"mark {line.mark}", **place)


def columns(
    label: str,
    bars: Sequence[Bar],
    axis: str,
    below: str,
    unit: str = "",
    line: tuple[float, str] | None = None,
    overlaid: bool = False,
    edges: bool = False,
) -> Picture:
    """Bars side by side. `line` is an upright line at a place counted in bars, with its text; `overlaid`
    parts stand before each other, not on each other; with `edges` a label stands below the left edge."""
    heights = [[value or 0 for _, value in bar.parts] for bar in bars]
    greatest = max((max(one) if overlaid else sum(one) for one in heights if one), default=0)

    def draw(width: int) -> Markup:
        grouped = any(bar.group for bar in bars)
        height = _TALL + (18 if grouped else 0)
        field, values = frame(width, height, greatest, below=58 if grouped else 40)
        room = field.room / len(bars)
        parts = field.axis(values, axis, unit)
        parts += _groups(bars, field, room)
        for at, bar in enumerate(bars):
            parts.append(_column(bar, field, field.left + at * room, room, overlaid))
        parts += _labels(bars, field, room, 0 if edges else 0.5)
        parts.append(field.below_label(below))
        if line is not None:
            place, text = line
            x = field.left + place * room
            anchor = "end" if place > len(bars) / 2 else "start"
            parts.append(element("line", x1=x, x2=x, y1=field.above - 4, y2=field.ground, class_="rule"))
            shift = -5 if anchor == "end" else 5
            parts.append(
                element("text", text, x=x + shift, y=field.above + 6, class_="rule-text", text_anchor=anchor)
            )
        return picture(width, height, label, parts)

    return draw


def _column(bar: Bar, field: Frame, left: float, room: float, overlaid: bool) -> Markup:
    wide = min(room - min(6.0, room * 0.16), _WIDEST)
    parts = [titled(bar.title)]
    base = 0.0
    for at, (mark, value) in enumerate(bar.parts):
        inset = (room - wide) / 2 + (wide * _INSET * at if overlaid else 0)
        box = {"x": left + inset, "width": max(0.8, room - 2 * inset)}
        if value is None:
            if at == 0 or (overlaid and bar.parts[0][1] is not None):
                parts.append(element("rect", class_="mark unseen", y=field.ground - 5, height=5.0, **box))
            continue
        bottom, top = field.y(0 if overlaid else base), field.y(value if overlaid else base + value)
        kind = f"mark bound {mark}" if bar.bound else f"mark {mark}"
        parts.append(element("rect", class_=kind, y=top, height=max(0.5, bottom - top), **box))
        base += value
    return element("g", *parts)


_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)


def _labels(bars: Sequence[Bar], field: Frame, room: float, at_part: float = 0.5) -> Iterator[Markup]:
    """As many labels as there is room for, in round steps: 1, 10, 20, …"""
    longest = max(len(bar.label) for bar in bars) * CHARACTER + 8
    step = next((one for one in _STEPS if one * room >= longest), len(bars))
    from_one = 1 if step >= 5 and at_part else 0
    for at in range(len(bars)):
        if at == 0 or (at + from_one) % step == 0:
            yield field.mark_below(field.left + (at + at_part) * room, bars[at].label)


def _groups(bars: Sequence[Bar], field: Frame, room: float) -> Iterator[Markup]:
    start, shaded = 0, False
    changes = sum(one.group != other.group for one, other in itertools.pairwise(bars))
    striped = field.room / (changes + 1) >= _NARROWEST_BAND
    for at in range(1, len(bars) + 1):
        if at < len(bars) and bars[at].group == bars[start].group:
            continue
        if bars[start].group:
            x, wide = field.left + start * room, (at - start) * room
            if shaded and striped:
                place = {"x": x, "y": field.above, "width": wide, "height": field.ground - field.above}
                yield element("rect", class_="band", **place)
            text = shortened(bars[start].group, wide - 8)
            yield element(
                "text", text, x=x + wide / 2, y=field.ground + 34, class_="tick", text_anchor="middle"
            )
            shaded = not shaded
        start = at


def bars(label: str, items: Sequence[Bar], axis: str, unit: str = "") -> Picture:
    """Bars that lie, each with its name above or before it and its number behind it."""
    greatest = max((sum(value or 0 for _, value in item.parts) for item in items), default=0)

    def draw(width: int) -> Markup:
        above_bars = width < NARROW
        step = 40.0 if above_bars else 30.0
        longest = max(len(item.label) for item in items) * (CHARACTER + 0.4) + 14
        left = 2.0 if above_bars else min(longest, width * 0.42)
        room = width - left - 76
        top = ticks(greatest)[-1]
        parts = [element("text", axis, x=left, y=12.0, class_="axis-title")]
        for at, item in enumerate(items):
            y = 24 + at * step
            if above_bars:
                text = shortened(item.label, width - 8)
                parts.append(element("text", text, class_="label", x=left, y=y + 9))
            else:
                parts += _name_before(item.label, left, y + 15)
            parts.append(_lying(item, left, y + (14 if above_bars else 2), room, top, unit))
        return picture(width, 28 + len(items) * step, label, parts, "lying")

    return draw


def _name_before(name: str, left: float, base: float) -> Iterator[Markup]:
    """The name of a bar before it: in two lines where one is too short, around the same middle."""
    lines = lines_of(name, left - 10)
    for at, text in enumerate(lines):
        y = base + 13 * (at - (len(lines) - 1) / 2)
        yield element("text", text, class_="label", x=left - 8, y=y, text_anchor="end")


def _lying(item: Bar, left: float, y: float, room: float, top: float, unit: str) -> Markup:
    parts = [titled(item.title)]
    x, total, seen = left, 0.0, False
    for mark, value in item.parts:
        if value is None:
            continue
        wide = room * value / top
        parts.append(
            element("rect", class_=f"mark {mark}", x=x, y=y, width=max(1.0, wide), height=18.0, rx=2.0)
        )
        x, total, seen = x + wide, total + value, True
    if not seen:
        parts.append(element("rect", class_="mark unseen", x=x, y=y, width=6.0, height=18.0))
        x += 6
    whole = int(total) if float(total).is_integer() else round(total, 1)
    text = f"{whole}{unit}" if seen else NOT_SHOWN
    kind = "value" if seen else "value faint"
    place = {"x": x + 7, "y": y + 13}
    parts.append(element("text", text, class_=kind, data_measure=item.measure or None, **place))
    return element("g", *parts)


def dots(label: str, items: Sequence[Bar], axis: str, below: str, unit: str = "", top: float = 0) -> Picture:
    """A dot for each item, in their order."""
    greatest = max((value or 0 for item in items for _, value in item.parts), default=0)

    def draw(width: int) -> Markup:
        grouped = any(item.group for item in items)
        height = _TALL + (18 if grouped else 0)
        field, values = frame(width, height, max(greatest, top), below=58 if grouped else 40)
        room = field.room / len(items)
        parts = [*field.axis(values, axis, unit), *_groups(items, field, room)]
        for at, item in enumerate(items):
            parts.append(_dot(item, field, field.left + (at + 0.5) * room))
        parts += _labels(items, field, room)
        parts.append(field.below_label(below))
        return picture(width, height, label, parts)

    return draw


def _dot(item: Bar, field: Frame, x: float) -> Markup:
    """A dot, or a triangle that points beyond a bound."""
    [(mark, value)] = item.parts
    if value is None:
        return element("circle", titled(item.title), class_="mark unseen", cx=x, cy=field.ground, r=2.0)
    y = field.y(value)
    if item.bound:
        tip, foot = (y - 5, y + 3) if item.bound == ">" else (y + 5, y - 3)
        way = f"M{x:.1f},{tip:.1f}L{x + 5:.1f},{foot:.1f}H{x - 5:.1f}Z"
        return element("path", titled(item.title), class_=f"mark bound {mark}", d=way)
    return element("circle", titled(item.title), class_=f"mark {mark}", cx=x, cy=y, r=3.5)


def curves(label: str, items: Sequence[Curve], axis: str, below: str, top: float = 1) -> Picture:
    """Lines of numbers over numbers, all of one colour."""
    xs = [x for item in items for x, _ in item.points]
    first, last = min(xs), max(xs)

    def draw(width: int) -> Markup:
        field, values = frame(width, _TALL, top)

        def x(value: float) -> float:
            return field.left + 8 + (field.room - 16) * (value - first) / (last - first)

        parts = field.axis(values, axis)
        for value in range(math.ceil(first), math.floor(last) + 1):
            parts.append(field.mark_below(x(value), short(value)))
        parts.append(field.below_label(below))
        for item in items:
            way = "L".join(f"{x(one):.1f},{field.y(value):.1f}" for one, value in item.points)
            parts.append(element("path", titled(item.title), d=f"M{way}", class_="mark curve"))
        return picture(width, _TALL, label, parts)

    return draw


def spark(points: Sequence[tuple[float, float | None]], label: str) -> Markup:
    """A line without axes, for a cell of a table; broken where a value is not shown."""
    width, height = 120.0, 28.0
    greatest = max((value or 0 for _, value in points), default=0) or 1
    first = points[0][0]
    span = (points[-1][0] - first) or 1
    way, pen = [], "M"
    for at, value in points:
        if value is None:
            pen = "M"
            continue
        x, y = 2 + (width - 4) * (at - first) / span, height - 3 - (height - 6) * value / greatest
        way.append(f"{pen}{x:.1f},{y:.1f}")
        pen = "L"
    line = element("path", d="".join(way), class_="mark line series-1")
    return picture(width, height, label, [line], "spark")
