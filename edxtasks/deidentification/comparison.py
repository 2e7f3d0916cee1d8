"""What a release has lost and moved against the full table, in numbers that may be shown.

Numbers of rows and learners are rounded to multiples of the least number that may be told, and not told below
it: neither a number nor the difference of two speaks of few. Shares are made of such numbers. Means have
three digits and correlations two places, of at least so many learners.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from edxtasks.deidentification.behaviour import COLUMNS, as_number
from edxtasks.deidentification.encoded import Column
from edxtasks.deidentification.quasi_identifiers import Attribute

ALL = "all courses"
RATES = ("viewed", "explored", "certified", "completed")
SENSITIVE = ("grade", "certified")
"""Columns whose values are to differ among the learners of a group (l-diversity)."""

_MOST = 3
_COURSES = {1: "learners of one course", 2: "learners of two courses", 3: "learners of three and more"}
_VALUES = {1: "rows whose group has one value", 2: "two values", 3: "three and more values"}


@dataclass(frozen=True)
class Sample:
    """Rows of learners by column: of the full table, or of a release.

    `learners` and `courses` are numbers of each row, `names` the courses, `rows` the rows that count.
    """

    names: tuple[str, ...]
    learners: Sequence[int]
    courses: Sequence[int]
    columns: Mapping[str, Column]
    rows: Sequence[int]

    @cached_property
    def learner_count(self) -> int:
        """Different learners."""
        return len({self.learners[row] for row in self.rows})

    @cached_property
    def of_courses(self) -> Counter[int]:
        """Rows by course."""
        return Counter(self.courses[row] for row in self.rows)

    @cached_property
    def courses_taken(self) -> Counter[int]:
        """Learners by the number of their courses, of which three stands for more."""
        taken = Counter(self.learners[row] for row in self.rows)
        return Counter(min(number, _MOST) for number in taken.values())


@dataclass(frozen=True)
class Told:
    """How small a number of learners may be told."""

    minimum: int

    def number(self, learners: int) -> float | None:
        """A number of learners or rows: a multiple of the minimum, None below it; with 1 as it is."""
        if self.minimum <= 1:
            return float(learners)
        if learners < self.minimum:
            return None
        return float(math.floor(learners / self.minimum + 0.5) * self.minimum)

    def share(self, part: int, whole: int) -> float | None:
        """A share of rows."""
        shown, of = self.number(part), self.number(whole)
        return round(shown / of, 4) if shown is not None and of else None


@dataclass(frozen=True)
class Line:
    """A line of the report: what it is of, and the number for the full table and for the release."""

    part: str
    of: str
    measure: str
    full: float | None
    published: float | None


def compare(full: Sample, published: Sample, attributes: Sequence[Attribute], minimum: int) -> Iterator[Line]:
    """The lines of the report. `published` may lack columns of behaviour; the values of an attribute are in
    `full` under its name."""
    told = Told(minimum)
    behaviour = [name for name in COLUMNS if name in published.columns]
    numbers = [name for name in behaviour if COLUMNS[name].is_number]
    yield from _size(full, published, told)
    for attribute in attributes:
        yield from _levels(attribute, full, published, told)
    for name in RATES:
        if name in behaviour:
            yield from _rates(name, full, published, told)
    for name in numbers:
        values = [_mean(name, sample, told) for sample in (full, published)]
        yield Line("means", name, "mean of the rows with a value", *values)
    for one, other in itertools.combinations(numbers, 2):
        values = [_correlation(one, other, sample, told) for sample in (full, published)]
        yield Line("correlations", f"{one}, {other}", "Pearson's r of the rows with both", *values)
    for name in SENSITIVE:
        if name in behaviour:
            yield from _diversity(name, published, attributes, told)
    for one, other in itertools.combinations(behaviour, 2):
        found = [told.number(_singled_out(one, other, sample)) for sample in (full, published)]
        yield Line("singled out", f"{one}, {other}", "learners alone with both in a course", *found)


def _size(full: Sample, published: Sample, told: Told) -> Iterator[Line]:
    yield Line("size", ALL, "rows", told.number(len(full.rows)), told.number(len(published.rows)))
    both = [told.number(sample.learner_count) for sample in (full, published)]
    yield Line("size", ALL, "learners", *both)
    for number, words in _COURSES.items():
        both = [told.number(sample.courses_taken[number]) for sample in (full, published)]
        yield Line("size", ALL, words, *both)
    for course, name in enumerate(full.names):
        both = [told.number(sample.of_courses[course]) for sample in (full, published)]
        yield Line("size", name, "rows", *both)


def _levels(attribute: Attribute, full: Sample, published: Sample, told: Told) -> Iterator[Line]:
    """Rows by the level at which an attribute is told. In the full table all that is known is at level 0."""
    values = full.columns[attribute.name]
    exact = Counter(values.codes[row] for row in full.rows)
    level_of: dict[tuple[Hashable, ...], int] = {}
    for level in reversed(range(len(attribute.levels))):
        for code in exact:
            level_of[attribute.tell(_as_told(attribute, values.values[code]), level)] = level
    last = len(attribute.levels) - 1
    level_of[(None,) * len(attribute.columns)] = last
    before: Counter[int] = Counter()
    for code, number in exact.items():
        before[level_of[attribute.tell(_as_told(attribute, values.values[code]), 0)]] += number
    cells = [published.columns[name] for name in attribute.columns]
    after: Counter[int] = Counter()
    for codes, number in Counter(
        tuple(column.codes[row] for column in cells) for row in published.rows
    ).items():
        told_cells = tuple(column.values[code] for column, code in zip(cells, codes, strict=True))
        after[level_of.get(told_cells, 0)] += number
    for level, words in enumerate(attribute.levels):
        yield Line(
            "generalised",
            attribute.name,
            f"rows that tell {words}",
            told.number(before[level]),
            told.number(after[level]),
        )


def _as_told(attribute: Attribute, value: Hashable) -> Hashable:
    """A value of a row as the attribute has it: the posts of a learner are a tuple."""
    return (value,) if attribute.name == "nforum_posts" else value


def _rates(name: str, full: Sample, published: Sample, told: Told) -> Iterator[Line]:
    """Shares of all rows, over all courses and in each."""
    of: list[Counter[int]] = []
    for sample in (full, published):
        column = sample.columns[name]
        of.append(Counter(sample.courses[row] for row in sample.rows if column[row] is True))
    both = [
        told.share(sum(holds.values()), len(sample.rows))
        for holds, sample in zip(of, (full, published), strict=True)
    ]
    yield Line("rates", name, f"share of the rows of {ALL}", *both)
    for course, course_id in enumerate(full.names):
        both = [
            told.share(holds[course], sample.of_courses[course])
            for holds, sample in zip(of, (full, published), strict=True)
        ]
        yield Line("rates", name, f"share of the rows of {course_id}", *both)


def _numbers(name: str, sample: Sample) -> list[float | None]:
    """The values of a column as numbers, by their codes."""
    return [as_number(one) for one in sample.columns[name].values]


def _mean(name: str, sample: Sample, told: Told) -> float | None:
    numbers, codes = _numbers(name, sample), sample.columns[name].codes
    rows = [row for row in sample.rows if numbers[codes[row]] is not None]
    if len({sample.learners[row] for row in rows}) < told.minimum or not rows:
        return None
    counts = Counter(codes[row] for row in rows)
    total = math.fsum((numbers[code] or 0.0) * number for code, number in counts.items())
    return _digits(total / len(rows))


def _digits(value: float) -> float:
    return float(f"{value:.3g}")


def _correlation(one: str, other: str, sample: Sample, told: Told) -> float | None:
    firsts, seconds = _numbers(one, sample), _numbers(other, sample)
    first_codes, second_codes = sample.columns[one].codes, sample.columns[other].codes
    pairs: Counter[tuple[int, int]] = Counter()
    learners = set()
    for row in sample.rows:
        codes = first_codes[row], second_codes[row]
        if firsts[codes[0]] is not None and seconds[codes[1]] is not None:
            pairs[codes] += 1
            learners.add(sample.learners[row])
    if len(learners) < told.minimum or not pairs:
        return None
    return _pearson([(firsts[a] or 0.0, seconds[b] or 0.0, number) for (a, b), number in pairs.items()])


def _pearson(points: Sequence[tuple[float, float, int]]) -> float | None:
    """Pearson's r of points with their numbers; None where one coordinate is the same for all."""
    rows = sum(number for _, _, number in points)
    mean_x = math.fsum(x * number for x, _, number in points) / rows
    mean_y = math.fsum(y * number for _, y, number in points) / rows

    def moment(of: Callable[[float, float], float]) -> float:
        return math.fsum(of(x - mean_x, y - mean_y) * number for x, y, number in points)

    spread = moment(lambda x, y: x * x) * moment(lambda x, y: y * y)
    return round(moment(lambda x, y: x * y) / math.sqrt(spread), 2) if spread > 0 else None


def _diversity(name: str, published: Sample, attributes: Sequence[Attribute], told: Told) -> Iterator[Line]:
    """Rows by how many values of a column there are among those who cannot be told apart."""
    values = published.columns[name].codes
    groups: dict[tuple[Hashable, int], list[int]] = defaultdict(list)
    for row, group in zip(published.rows, groups_of(published, attributes), strict=True):
        groups[group, published.courses[row]].append(values[row])
    rows: Counter[int] = Counter()
    for found in groups.values():
        rows[min(len(set(found)), _MOST)] += len(found)
    for number, words in _VALUES.items():
        yield Line("l-diversity", name, words, None, told.number(rows[number]))


def groups_of(published: Sample, attributes: Sequence[Attribute]) -> list[Hashable]:
    """For each row the group of its learner: all that is published of the learner but behaviour."""
    columns = [published.columns[name].codes for one in attributes for name in one.columns]
    parts: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for row in published.rows:
        parts[published.learners[row]].append((published.courses[row], *(codes[row] for codes in columns)))
    numbers: dict[tuple[tuple[int, ...], ...], int] = {}
    group = {learner: numbers.setdefault(tuple(sorted(own)), len(numbers)) for learner, own in parts.items()}
    return [group[published.learners[row]] for row in published.rows]


def _singled_out(one: str, other: str, sample: Sample) -> int:
    """Learners who are the only one in a course with their two values."""
    firsts, seconds = sample.columns[one], sample.columns[other]
    width, height = len(firsts.values), len(seconds.values)
    first_codes, second_codes, courses = firsts.codes, seconds.codes, sample.courses
    keys = [(courses[row] * width + first_codes[row]) * height + second_codes[row] for row in sample.rows]
    alone = Counter(keys)
    return len({sample.learners[row] for row, key in zip(sample.rows, keys, strict=True) if alone[key] == 1})
