"""The picture of what a table is made from and read by: its neighbours, each a way to its own entry."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from edxtasks.pages.catalog.entries import Entry, Link
from edxtasks.pages.svg import diagram, element, shortened, titled

_WIDTH = 960.0
_BOX = 264.0
_HEIGHT = 26.0
_STEP = 34.0
_ROOM = _BOX - 16


def lineage(entry: Entry) -> Markup:
    """A table between its inputs at the left and its readers at the right; "" for one without either."""
    if not entry.made_from and not entry.read_by:
        return Markup()
    rows = max(len(entry.made_from), len(entry.read_by), 1)
    height = rows * _STEP + 2
    middle = height / 2
    centre = (_WIDTH - _BOX) / 2
    parts: list[Markup] = []
    for links, x, inner, outer in (
        (entry.made_from, 0.0, _BOX, centre),
        (entry.read_by, _WIDTH - _BOX, _WIDTH - _BOX, centre + _BOX),
    ):
        for link, y in zip(links, _heights(links, height), strict=True):
            parts.append(_edge(inner, y, outer, middle, link.note != "required"))
            parts.append(_box(link.name, link.anchor, x, y))
    parts.append(_box(entry.name, "", centre, middle, "own"))
    return diagram(parts, _WIDTH, height, "picture lineage")


def _heights(links: Sequence[Link], height: float) -> list[float]:
    first = (height - (len(links) - 1) * _STEP) / 2
    return [first + at * _STEP for at in range(len(links))]


def _edge(x1: float, y1: float, x2: float, y2: float, weak: bool) -> Markup:
    bend = (x1 + x2) / 2
    path = " ".join(f"{one:.1f}" for one in (bend, y1, bend, y2, x2, y2))
    return element("path", d=f"M{x1:.1f} {y1:.1f} C{path}", class_="edge weak" if weak else "edge")


def _box(name: str, anchor: str, x: float, y: float, kind: str = "") -> Markup:
    shown = shortened(name, _ROOM)
    inside = [
        element("rect", x=x, y=y - _HEIGHT / 2, width=_BOX, height=_HEIGHT, rx=5.0),
        element("text", shown, x=x + _BOX / 2, y=y + 4.5, text_anchor="middle", class_="label"),
    ]
    if shown != name:
        inside.append(titled(name))
    box = element("g", *inside, class_=f"box {kind}".strip())
    return element("a", box, href=f"#{anchor}", tabindex=-1) if anchor else box
