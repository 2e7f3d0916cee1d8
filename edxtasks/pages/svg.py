"""Vector pictures as text: elements, scales and axes that the pictures of pages are made of.

Colours and type come from the style sheet of the page by class, so that light, dark and paper need no other
picture. Text is set in units that are CSS pixels when a picture is as wide as it was drawn for. Numbers are
written to a tenth: the same numbers give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup, escape

from edxtasks.pages.figures import MONTHS

CHARACTER = 6.8
"""Width of a character of a label, about."""


def attribute(value: object) -> str:
    """A value of an attribute: numbers to a tenth."""
    if isinstance(value, float):
        text = f"{value:.1f}"
        return text[:-2] if text.endswith(".0") else text
    return str(escape(value))


def element(tag: str, *children: Markup | str, **attributes: object) -> Markup:
    """An element; `class_` and names with `_` are written as `class` and with `-`; None is left out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{attribute(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup(f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>")


def titled(text: str) -> Markup:
    """What is shown where the pointer rests on a mark, and read out for it."""
    return element("title", text)


def picture(width: float, height: float, label: str, parts: Iterable[Markup], kind: str = "") -> Markup:
    """A picture with a name for those who do not see it."""
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {attribute(float(width))} {attribute(float(height))}",
        width=float(width),
        height=float(height),
        role="img",
        aria_label=label,
        class_=f"picture {kind}".strip(),
    )


def diagram(parts: Iterable[Markup], width: float, height: float, kind: str) -> Markup:
    """A picture whose links stand beside it in words too: hidden from screen readers and the keyboard."""
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
        class_=kind,
        aria_hidden="true",
        focusable="false",
    )


def shortened(text: str, room: float) -> str:
    """A text cut to what fits into so many pixels; "" where so little does that it would say nothing."""
    most = int(room / CHARACTER)
    if len(text) <= most:
        return text
    return text[: most - 1].rstrip() + "…" if most >= 8 else ""


def lines_of(text: str, room: float) -> list[str]:
    """A text in a line, or two where it has no room in one; the second is cut to what fits."""
    most = int(room / CHARACTER)
    if len(text) <= most:
        return [text]
    end = text.rfind(" ", 0, most + 1)
    if end <= 0:
        return [shortened(text, room)]
    return [text[:end], shortened(text[end + 1 :], room)]


# Scales


def ticks(greatest: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to `greatest` or just beyond it."""
    if greatest <= 0:
        return [0, 1]
    step = 10.0 ** math.floor(math.log10(greatest / most))
    step *= next(one for one in (1, 2, 5, 10) if greatest / (step * one) <= most)
    count = math.ceil(greatest / step - 1e-9)
    return [round(step * at, 10) for at in range(count + 1)]


def short(value: float) -> str:
    """A number of an axis: 1500 as 1.5k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}")


def date_ticks(first: date, last: date, most: int) -> list[tuple[date, str]]:
    """Dates to write below an axis, at most so many, and how: days, months or years."""
    span = max(1, (last - first).days)
    for step in (1, 2, 7, 14):
        if span / step <= most:
            start = first + timedelta(days=(-first.weekday()) % 7) if step >= 7 else first
            days = [start + timedelta(days=step * at) for at in range((last - start).days // step + 1)]
            return [(one, f"{one.day} {MONTHS[one.month - 1]}") for one in days]
    for months in (1, 2, 3, 6, 12, 24, 60, 120):
        if span / (30.4 * months) <= most:
            return [(one, _month(one, months)) for one in _months(first, last, months)]
    return [(first, str(first.year)), (last, str(last.year))]


def _months(first: date, last: date, step: int) -> Iterable[date]:
    at = first.year * 12 + first.month - 1 + (first.day > 1)
    at += -at % step
    while at // 12 <= last.year and (one := date(at // 12, at % 12 + 1, 1)) <= last:
        yield one
        at += step


def _month(one: date, step: int) -> str:
    if step >= 12:
        return str(one.year)
    return f"{MONTHS[one.month - 1]} {one.year}" if one.month == 1 or step > 3 else MONTHS[one.month - 1]


# Frames


@dataclass
class Frame:
    """The field of a picture that has a measured axis at the left: sizes, and the scale upwards.

    `top` is the greatest value of the axis.
    """

    width: float
    height: float
    top: float
    left: float = 44
    right: float = 12
    above: float = 24
    below: float = 40

    @property
    def end(self) -> float:
        """The right edge of the field."""
        return self.width - self.right

    @property
    def ground(self) -> float:
        """The lower edge of the field."""
        return self.height - self.below

    @property
    def room(self) -> float:
        """The width of the field."""
        return self.end - self.left

    def y(self, value: float) -> float:
        """The height of a value."""
        return self.ground - (self.ground - self.above) * (value / self.top if self.top else 0)

    def axis(self, values: Sequence[float], label: str, unit: str = "") -> list[Markup]:
        """Lines across, their numbers, and what they count, above the axis."""
        parts = [element("text", label, x=0.0, y=12.0, class_="axis-title")]
        for value in values:
            y = self.y(value)
            parts.append(
                element(
                    "line", x1=self.left, x2=self.end, y1=y, y2=y, class_="ground" if value == 0 else "grid"
                )
            )
            text = short(value) + unit
            parts.append(element("text", text, x=self.left - 6, y=y + 4, class_="tick", text_anchor="end"))
        return parts

    def below_label(self, text: str) -> Markup:
        """What lies along the lower axis."""
        return element("text", text, x=self.end, y=self.height - 4, class_="axis-title", text_anchor="end")

    def mark_below(self, x: float, text: str, anchor: str = "middle") -> Markup:
        """A label below the lower axis."""
        return element("text", text, x=x, y=self.ground + 16, class_="tick", text_anchor=anchor)


def frame(width: float, height: float, greatest: float, **sizes: float) -> tuple[Frame, list[float]]:
    """A frame for values up to `greatest`, and the numbers of its axis."""
    values = ticks(greatest)
    return Frame(width, height, values[-1], **sizes), values
