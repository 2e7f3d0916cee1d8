"""The picture of the columns from which each column of a table comes; every name leads to its row."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from markupsafe import Markup

from edxtasks.pages.catalog.entries import ColumnLink, ColumnShown, Entry
from edxtasks.pages.svg import diagram, element, shortened, titled

_WIDTH = 960.0
_STEP = 20.0
_GAP = 10.0
_LEFT_END = 372.0
_RIGHT = 588.0
_PARAMETERS = "parameters"


def columns_picture(entry: Entry) -> Markup:
    """The columns from which those of a table come at the left, its own at the right; "" where it comes from
    none, or that is not known."""
    sources = _sources(entry)
    if not sources:
        return Markup()
    parts: list[Markup] = []
    heights: dict[tuple[str, str], float] = {}
    y = _STEP / 2
    for table, links in sources.items():
        parts.append(_name(table or _PARAMETERS, _LEFT_END, y, "end", "table"))
        for link in links:
            y += _STEP
            heights[table, link.column] = y
            parts.append(_linked(link.column, link.anchor, _LEFT_END, y, "end"))
        y += _STEP + _GAP
    left_end = y - _STEP / 2 - _GAP
    own = [column for column in entry.columns if column.made_from is not None]
    right_end = (len(own) + 1) * _STEP
    height = max(left_end, right_end)
    first = max(0.0, (height - right_end) / 2) + _STEP / 2
    parts.append(_name(entry.name, _RIGHT, first, "start", "table"))
    parts += [_flow(column, first + (at + 1) * _STEP, heights) for at, column in enumerate(own)]
    return diagram(parts, _WIDTH, height, "picture lineage flows")


def _sources(entry: Entry) -> dict[str, list[ColumnLink]]:
    """The columns that it comes from, each once, by table: as high as what comes from them, so that few lines
    cross."""
    places: dict[ColumnLink, list[int]] = {}
    of_table: dict[str, list[int]] = {}
    for at, column in enumerate(entry.columns):
        for link in column.made_from or ():
            places.setdefault(link, []).append(at)
            of_table.setdefault(link.table, []).append(at)
    tables: dict[str, list[ColumnLink]] = {}
    for table in sorted(of_table, key=lambda one: (mean(of_table[one]), one)):
        links = [link for link in places if link.table == table]
        tables[table] = sorted(links, key=lambda one: (mean(places[one]), one.column))
    return tables


def _flow(column: ColumnShown, y: float, heights: dict[tuple[str, str], float]) -> Markup:
    """A column with the lines that lead to it, one group: the style lifts it where the pointer rests."""
    x1, x2 = _LEFT_END + 8, _RIGHT - 8
    bend = (x1 + x2) / 2
    lines = [
        f"M{x1:.0f} {at:.0f}C{bend:.0f} {at:.0f} {bend:.0f} {y:.0f} {x2:.0f} {y:.0f}"
        for at in sorted(heights[link.table, link.column] for link in column.made_from or ())
    ]
    drawn = [element("path", d="".join(lines), class_="edge")] if lines else []
    return element("g", *drawn, _linked(column.name, column.anchor, _RIGHT, y, "start"), class_="flow")


def _linked(name: str, anchor: str, x: float, y: float, side: str) -> Markup:
    text = _name(name, x, y, side, "label")
    return element("a", text, href=f"#{anchor}", tabindex=-1) if anchor else text


def _name(name: str, x: float, y: float, side: str, kind: str) -> Markup:
    shown = shortened(name, _LEFT_END - 8)
    inside: Sequence[Markup | str] = [shown] if shown == name else [shown, titled(name)]
    return element("text", *inside, x=x, y=y + 4.5, text_anchor=side, class_=kind)
