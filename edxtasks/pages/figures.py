"""A figure: a picture, the numbers behind it as a table, and the same as a file to download."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from markupsafe import Markup, escape

from edxtasks.pages.cells import NOT_SHOWN
from edxtasks.printable import quantity

Value = str | int | float | date | None
"""What a cell of a figure's table holds; None is a number that is not shown."""

Picture = Callable[[int], Markup]
"""Draws a picture for a width in CSS pixels: a page holds one for screens and one for phones."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Key:
    """An entry of a picture's legend: a class of marks, and what they stand for."""

    mark: str
    text: str


@dataclass(frozen=True)
class Figure:
    """One picture of a page.

    `name` is its id and the name of its file; `title` says what is seen, `axes` what lies along the axes, in
    which unit; `learners` how many are behind it, in words. `columns` and `rows` are the numbers. Without a
    `picture` there is nothing to see, and `empty` says why. It is `wide` where it needs the whole page, and
    `scales` where one picture serves all widths.
    """

    name: str
    title: str
    axes: str = ""
    learners: str = ""
    note: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Value]] = ()
    keys: Sequence[Key] = ()
    picture: Picture | None = None
    empty: str = ""
    wide: bool = False
    scales: bool = False

    @property
    def lacks(self) -> bool:
        """Whether a number of it is not shown."""
        return any(value is None for row in self.rows for value in row)

    @property
    def csv(self) -> str:
        """The table as the address of a file, which works without scripts and from a mail attachment."""
        return download(csv_of(self.columns, self.rows))


def download(csv_text: str) -> str:
    """A CSV file as an address."""
    return "data:text/csv;charset=utf-8," + quote(csv_text)


def csv_of(columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> str:
    """Rows as CSV; what is not shown is empty. Text that a spreadsheet would compute has an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue()


def _plain(value: Value) -> str | int | float | None:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value.isoformat() if isinstance(value, date) else value


_LEFTWARD = frozenset({"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"})
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def isolated(name: str) -> str:
    """A name inside a sentence, so that one written from right to left does not turn what is around it."""
    if not any(unicodedata.bidirectional(one) in _LEFTWARD for one in name):
        return name
    return f"\u2068{name.translate(_CONTROLS)}\u2069"


def number(value: int | float) -> Markup:
    """A number for people: thousands set apart by space alone, so that it is copied and read as one."""
    whole, dot, rest = (f"{value}" if isinstance(value, int) else f"{value:.10g}").partition(".")
    sign, digits = ("\N{MINUS SIGN}", whole[1:]) if whole.startswith("-") else ("", whole)
    if not digits.isdecimal():
        return escape(f"{value}")
    first = len(digits) % 3 or 3
    groups = [digits[:first]] + [digits[at : at + 3] for at in range(first, len(digits), 3)]
    if len(digits) <= 4:
        groups = [digits]
    later = Markup("").join(Markup('<span class="t">{}</span>').format(one) for one in groups[1:])
    return Markup("{}{}{}{}{}").format(sign, groups[0], later, dot, rest)


def told(value: float | None, one: str = "", many: str = "") -> str:
    """A number as the words of a picture say it, with what it counts (`learner`; `many` where no s makes it
    several); None is not shown."""
    if value is None:
        return NOT_SHOWN
    if isinstance(value, int):
        return quantity(value, one, many) if one else f"{value}"
    return f"{value:g} {one if value == 1 else many or f'{one}s'}" if one else f"{value:g}"


def cell(value: Value) -> Markup:
    """A cell of a table for people."""
    if value is None:
        return Markup('<span class="hidden">{}</span>').format(NOT_SHOWN)
    if isinstance(value, int | float):
        return number(value)
    return escape(day(value) if isinstance(value, date) else value)


def day(value: date) -> str:
    """A date for people, the same in every language of the machine."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
