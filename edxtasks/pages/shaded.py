"""Pictures in steps of colour: the hours of a week, the countries of the world."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from edxtasks.pages.cells import NOT_SHOWN
from edxtasks.pages.charts import NARROW
from edxtasks.pages.figures import Key, Picture
from edxtasks.pages.svg import element, picture, titled
from edxtasks.pages.world import outlines

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHADES = 5
"""Steps of colour of a map or a grid, from the least to the greatest."""


@dataclass(frozen=True)
class Shades:
    """Steps of colour for the values from `least` to `greatest`.

    They are even on a scale of square roots, as most values are small.
    """

    least: float
    greatest: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Shades:
        """The steps for some values, of which at least one is shown."""
        shown = [value for value in values if value is not None]
        return cls(min(shown), max(shown))

    def edges(self) -> list[int]:
        """The greatest whole number of each step."""
        low, high = math.sqrt(self.least), math.sqrt(self.greatest)
        return [round((low + (high - low) * at / SHADES) ** 2) for at in range(1, SHADES + 1)]

    def mark(self, value: float) -> str:
        """The class of a value's step."""
        return f"shade-{next(at for at, edge in enumerate(self.edges(), 1) if value <= edge or at == SHADES)}"

    def keys(self) -> list[Key]:
        """The legend; steps that hold no whole number are left out."""
        keys, low = [], math.floor(self.least)
        for at, edge in enumerate(self.edges(), 1):
            if edge >= low:
                keys.append(Key(f"shade-{at}", f"{low} to {edge}" if low < edge else f"{edge}"))
                low = edge + 1
        return keys


def grid(label: str, values: Mapping[tuple[int, int], float | None], what: str) -> Picture:
    """A week: a row for each day from Monday (0), a column for each hour. `what` is said behind numbers."""
    shades = Shades.of(values.values())

    def draw(width: int) -> Markup:
        left, above = (34.0, 8.0) if width < NARROW else (78.0, 8.0)
        size = (width - left - 4) / 24
        tall = min(max(size, 18.0), 26.0)
        parts = []
        for row, name in enumerate(WEEKDAYS):
            text = name[:3] if width < NARROW else name
            y = above + row * tall
            parts.append(
                element("text", text, x=left - 6, y=y + tall / 2 + 4, class_="tick", text_anchor="end")
            )
            for hour in range(24):
                value = values.get((row, hour))
                told = f"{value:g} {what}" if value is not None else NOT_SHOWN
                mark = shades.mark(value) if value is not None else "unseen"
                place = {"x": left + hour * size, "y": y, "width": size - 1, "height": tall - 1}
                title = titled(f"{name} {hour:02}:00 to {hour:02}:59: {told}")
                parts.append(element("rect", title, class_=f"mark {mark}", **place))
        ground = above + 7 * tall
        parts += [
            element("text", f"{hour:02}:00", x=left + hour * size, y=ground + 14, class_="tick")
            for hour in range(0, 24, 6 if width < NARROW else 3)
        ]
        parts.append(
            element(
                "text", "Hour (UTC)", x=width - 4.0, y=ground + 32, class_="axis-title", text_anchor="end"
            )
        )
        return picture(width, ground + 38, label, parts, "grid-picture")

    return draw


def world(label: str, values: Mapping[str, int], names: Mapping[str, str], what: str) -> Picture:
    """Countries by two-letter code, shaded by value; those without a value are grey."""
    shades = Shades.of(values.values())

    def draw(width: int) -> Markup:
        shapes = outlines()
        parts = [element("path", d=shapes.rest, class_="land")] if shapes.rest else []
        for code, path in shapes.paths.items():
            parts.append(_country(code, "path", {"d": path}, values, names, what, shades))
        for code, (x, y) in shapes.dots.items():
            if code in values:
                parts.append(
                    _country(code, "circle", {"cx": x, "cy": y, "r": 5.0}, values, names, what, shades)
                )
        return picture(shapes.width, shapes.height, label, parts, "world")

    return draw


def _country(
    code: str,
    tag: str,
    place: Mapping[str, object],
    values: Mapping[str, int],
    names: Mapping[str, str],
    what: str,
    shades: Shades,
) -> Markup:
    value = values.get(code)
    if value is None:
        return element(tag, class_="land", **place)
    title = titled(f"{names.get(code, code)}: {value} {what}")
    return element(tag, title, class_=f"mark {shades.mark(value)}", **place)
