"""Who the learners are."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Mapping, Sequence

from edxtasks.geolocation.regions import SHIPPED
from edxtasks.pages import charts, shaded
from edxtasks.pages.cells import merged
from edxtasks.pages.charts import Bar
from edxtasks.pages.course.numbers import Numbers, Rows, missing, too_few
from edxtasks.pages.figures import Figure, Key, Value, told

_NOT_GIVEN = "not given"
_GENDERS = {"f": "female", "m": "male", "o": "other"}
_LEVELS = {
    "p": "doctorate",
    "p_se": "doctorate",
    "p_oth": "doctorate",
    "m": "master's degree",
    "b": "bachelor's degree",
    "a": "associate degree",
    "hs": "secondary school",
    "jhs": "junior secondary school",
    "el": "primary school",
    "none": "none",
    "other": "other",
}
"""Levels from the highest down: neighbours may be put together. Early forms had two kinds of doctorate."""
_BANDS = (18, 25, 35, 45, 55, 65)
_AGES = range(5, 111)


def ages(numbers: Numbers) -> Figure:
    """How old they are."""
    name, title = "ages", "Age of the learners"
    if (empty := missing(numbers, "ages", name, title)) is not None:
        return empty
    names = [_band(at, at) for at in range(len(_BANDS) + 1)]
    count = dict.fromkeys([*names, _NOT_GIVEN], 0)
    for row in numbers.rows["ages"]:
        age = row["age"]
        known = age is not None and age in _AGES
        band = names[sum(age >= edge for edge in _BANDS)] if known else _NOT_GIVEN
        count[band] += row["learners"]

    def together(neighbours: Sequence[str]) -> str:
        places = [names.index(one) for one in neighbours if one != _NOT_GIVEN]
        without = [_NOT_GIVEN] if _NOT_GIVEN in neighbours else []
        return " or ".join([_band(places[0], places[-1]), *without])

    what = "Age in years in the year of registering"
    return _parts(numbers, name, title, what, list(count.items()), together)


def _band(first: int, last: int) -> str:
    """What the ages of some neighbouring bands are called, from the first of them to the last."""
    low, high = [0, *_BANDS][first], [*_BANDS, 0][last]
    if not low:
        return f"under {high}" if high else "any age"
    return f"{low} to {high - 1}" if high else f"{low} and over"


def genders(numbers: Numbers) -> Figure:
    """Which gender they gave."""
    return _named(numbers, "genders", "genders", "given", "Gender of the learners", "Gender", _GENDERS, False)


def education(numbers: Numbers) -> Figure:
    """Which level of education they gave."""
    title = "Education of the learners"
    return _named(numbers, "education", "education", "level", title, "Level", _LEVELS, True)


def _named(
    numbers: Numbers,
    query: str,
    name: str,
    column: str,
    title: str,
    what: str,
    names: Mapping[str, str],
    in_order: bool,
) -> Figure:
    """A figure of what learners said of themselves: in the order of `names`, or the most frequent first."""
    if (empty := missing(numbers, query, name, title)) is not None:
        return empty
    count: dict[str, int] = {}
    for row in numbers.rows[query]:
        text = _NOT_GIVEN if row[column] is None else names.get(row[column], "other")
        count[text] = count.get(text, 0) + row["learners"]
    if in_order:
        places = {text: at for at, text in enumerate([*names.values(), _NOT_GIVEN])}
        cells = sorted(count.items(), key=lambda cell: places[cell[0]])
    else:
        cells = sorted(count.items(), key=lambda cell: (-cell[1], cell[0]))
    return _parts(numbers, name, title, what, cells)


_ONE_GROUP = "Not shown: there are no two groups of {} or more."


def _parts(
    numbers: Numbers,
    name: str,
    title: str,
    what: str,
    cells: Sequence[tuple[str, int]],
    together: Callable[[Sequence[str]], str] = " or ".join,
) -> Figure:
    """A figure of parts that make up all learners; small ones are put together with their neighbours, and
    `together` names them then."""
    parts = _merged(cells, numbers.minimum, together)
    if len(parts) < 2:
        return Figure(name, title, empty=_ONE_GROUP.format(max(numbers.minimum, 1)))
    whole = sum(learners for _, learners in parts)
    rows: list[list[Value]] = [[text, number, round(100 * number / whole, 1)] for text, number in parts]
    bars = [
        Bar(text, [("series-1", number)], f"{text}: {told(number, 'learner')}, {share:g} %")
        for (text, number), (_, _, share) in zip(parts, rows, strict=True)
        if isinstance(share, float)
    ]
    return Figure(
        name,
        title,
        f"{what}; learners.",
        numbers.everybody,
        "Groups of few learners are put together.",
        (what, "Learners", "Percent"),
        rows,
        picture=charts.bars(title, bars, "Learners"),
    )


def _merged(
    cells: Sequence[tuple[str, int]], minimum: int, together: Callable[[Sequence[str]], str]
) -> list[tuple[str, int]]:
    found = []
    for part in merged([learners for _, learners in cells], minimum):
        inside = [cells[at] for at in part]
        names = [text for text, _ in inside]
        found.append((names[0] if len(names) == 1 else together(names), sum(one for _, one in inside)))
    return found


@functools.cache
def country_names() -> Mapping[str, str]:
    """The English names of countries by two-letter code."""
    with SHIPPED.open(newline="", encoding="utf-8") as file:
        return {row["cc"]: row["name"] for row in csv.DictReader(file)}


_MOST_COUNTRIES = 10


def countries(numbers: Numbers) -> tuple[Figure, Figure]:
    """Where they are, as a map, and the countries with most of them."""
    name, title = "countries", "Where the learners are"
    second, title2 = "top-countries", "Countries with most learners"
    if (empty := missing(numbers, "countries", name, title, wide=True)) is not None:
        return empty, Figure(second, title2, empty=empty.empty)
    names = country_names()
    count = _by_country(numbers.rows["countries"], names)
    cells = sorted(count.items(), key=lambda cell: (-cell[1], cell[0]))
    parts = _merged(cells, numbers.minimum, lambda codes: f"{len(codes)} others")
    values = {code: learners for code, learners in parts if code in names}
    if not values:
        return too_few(numbers, name, title, wide=True), too_few(numbers, second, title2)
    whole = sum(learners for _, learners in parts)
    rows: list[list[Value]] = [
        [names.get(code, code), learners, round(100 * learners / whole, 1)] for code, learners in parts
    ]
    bars = [
        Bar(names[code], [("series-1", learners)], f"{names[code]}: {told(learners, 'learner')}")
        for code, learners in list(values.items())[:_MOST_COUNTRIES]
    ]
    none = f"fewer than {numbers.minimum} or none" if numbers.minimum > 1 else "none"
    note = f"Countries of fewer than {numbers.minimum} learners are put together as others."
    figure = Figure(
        name,
        title,
        "Learners by country of their internet address; where that is not known, of their profile.",
        numbers.everybody,
        note if numbers.minimum > 1 else "",
        ("Country", "Learners", "Percent"),
        rows,
        [Key("land", none), *shaded.Shades.of(values.values()).keys()],
        shaded.world(title, values, names, "learners"),
        wide=True,
        scales=True,
    )
    top = Figure(
        second,
        title2,
        f"Learners; the {len(bars)} countries with most of them." if len(bars) > 1 else "Learners.",
        numbers.everybody,
        columns=("Country", "Learners", "Percent"),
        rows=[row for row, (code, _) in zip(rows, parts, strict=True) if code in values][:_MOST_COUNTRIES],
        picture=charts.bars(title2, bars, "Learners"),
    )
    return figure, top


def _by_country(rows: Rows, names: Mapping[str, str]) -> dict[str, int]:
    count: dict[str, int] = {}
    for row in rows:
        code = row["country"] if row["country"] in names else "not known"
        count[code] = count.get(code, 0) + row["learners"]
    return count
