"""Rows as a table for people: fitted to a width, wide characters counted as two."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

LEAST = 8
"""Columns of the terminal that a value has at least, before columns are left out."""

_ELLIPSIS = "…"
_AROUND = 3
"""Signs around a value: two blanks and a line."""


def width_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return cell_len(text)


def cut(text: str, width: int) -> str:
    """A text of at most `width` columns of a terminal, with an ellipsis where it was longer."""
    if width_of(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        used += cell_len(character)
        if used > width - 1:
            break
        kept += character
    return kept + _ELLIPSIS


def fitted(widths: Sequence[int], room: int | None) -> list[int]:
    """The widths of the columns that are shown: the first so many as fit into `room` (None: all, as they
    are), the widest ones narrowed."""
    if room is None:
        return list(widths)
    shown, used = 0, 1
    for width in widths:
        used += min(width, LEAST) + _AROUND
        if used > room and shown:
            break
        shown += 1
    kept = [min(width, max(room - 1 - _AROUND, 1)) for width in widths[:shown]]
    budget = room - 1 - _AROUND * shown
    most = max(kept, default=0)
    while most > 1 and sum(min(width, most) for width in kept) > budget:
        most -= 1
    return [min(width, most) for width in kept]


def drawn(
    names: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], room: int | None
) -> tuple[list[str], int]:
    """The lines of a table in a frame, and how many of its columns it shows.

    `right` are the columns that stand at the right of their place.
    """
    natural = [max(map(width_of, column)) for column in zip(names, *rows, strict=True)]
    widths = fitted(natural, room)

    def line(values: Sequence[str]) -> str:
        cells = (_padded(value, width, at) for value, width, at in zip(values, widths, right, strict=False))
        return "│" + "│".join(f" {cell} " for cell in cells) + "│"

    def rule(left: str, middle: str, end: str) -> str:
        return left + middle.join("─" * (width + 2) for width in widths) + end

    return [
        rule("┌", "┬", "┐"),
        line(names),
        rule("├", "┼", "┤"),
        *map(line, rows),
        rule("└", "┴", "┘"),
    ], len(widths)


def _padded(value: str, width: int, right: bool) -> str:
    shown = cut(value, width)
    blanks = " " * (width - width_of(shown))
    return blanks + shown if right else shown + blanks
