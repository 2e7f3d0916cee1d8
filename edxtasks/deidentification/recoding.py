"""What is told of each learner, so that at least k have the same, together with their courses.

The attributes are told at levels (`quasi_identifiers.py`); a choice of one for each is a *node*. Nodes are
ordered by what they lose: the bits that are no longer known of a learner, on average, which is the
conditional entropy of the exact values. From the least loss to the greatest, whoever shares what a node tells
with k - 1 others gets it, and the rest goes on to the next one. So each learner is told as exactly as the
others who are left allow (Bredereck et al., "Pattern-Guided k-Anonymity", Algorithms 2013, have such a greedy
heuristic; to lose least in all is NP-hard). Whoever is alone to the end is told with nothing but the courses,
and so are as many others of the same courses as are needed.

Two learners have the same where all that is published is the same: values that were never known count as not
told. So those who end at different nodes may stand together, and all groups are looked at by what is
published.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from edxtasks.deidentification.quasi_identifiers import Attribute, Cells

_DIGITS = 6
"""Of bits, when nodes are compared: what differs by less comes in the order of the levels."""

Node = tuple[int, ...]
Group = int
"""What is published of a learner as one number, of which the set of courses and what is told of each
attribute are the digits (`_Groups`): millions of these are made."""


class _Coding:
    """Numbers for the values of an attribute and for what is published of them."""

    def __init__(self, attribute: Attribute) -> None:
        self._attribute = attribute
        self._values: dict[Hashable, int] = {}
        self._numbers: dict[Cells, int] = {}
        self.cells: list[Cells] = []
        self.told: list[list[int]] = [[] for _ in attribute.levels]
        """By level and value: the number of what is published."""

    def value(self, value: Hashable) -> int:
        """The number of a value."""
        number = self._values.get(value)
        if number is None:
            number = self._values[value] = len(self._values)
            for level, told in enumerate(self.told):
                told.append(self._cells(self._attribute.tell(value, level)))
        return number

    def _cells(self, cells: Cells) -> int:
        number = self._numbers.get(cells)
        if number is None:
            number = self._numbers[cells] = len(self.cells)
            self.cells.append(cells)
        return number

    def losses(self, learners: Counter[int]) -> list[float]:
        """Bits of the value that are not known at each level, for a learner on average."""
        exact = _entropy(learners.values())
        found = []
        for told in self.told:
            groups: Counter[int] = Counter()
            for value, number in learners.items():
                groups[told[value]] += number
            found.append(exact - _entropy(groups.values()))
        return found


def _entropy(numbers: Iterable[int]) -> float:
    """Bits; added up in one order, since sums of floats hang on it."""
    found = sorted(numbers)
    total = sum(found)
    return -sum(number / total * math.log2(number / total) for number in found) if total else 0.0


class _Groups:
    """What the digits of a group are: the last one is the set of courses."""

    def __init__(self, codings: Sequence[_Coding]) -> None:
        self._codings = codings
        self._worth = [1]
        for coding in codings:
            self._worth.append(self._worth[-1] * max(1, len(coding.cells)))

    def tables(self, node: Node) -> list[list[int]]:
        """For each attribute what its values add to a group at a node."""
        return [
            [number * worth for number in coding.told[level]]
            for coding, level, worth in zip(self._codings, node, self._worth, strict=False)
        ]

    def of_set(self, number: int) -> Group:
        """What a set of courses adds to a group."""
        return number * self._worth[-1]

    def set_of(self, group: Group) -> int:
        """The set of courses of a group."""
        return group // self._worth[-1]

    def told(self, group: Group) -> list[int]:
        """The number of what is published of each attribute."""
        return [
            group // worth % len(coding.cells)
            for coding, worth in zip(self._codings, self._worth, strict=False)
        ]

    def cells(self, group: Group) -> tuple[Cells, ...]:
        """What is published of each attribute."""
        return tuple(
            coding.cells[number] for coding, number in zip(self._codings, self.told(group), strict=True)
        )


@dataclass
class _Profiles:
    """Learners with the same set of courses and the same values, together: by place, the number of the set,
    the numbers of the values by attribute, and the learners."""

    sets: list[int]
    values: list[list[int]]
    learners: list[list[int]]

    def of(self, places: Iterable[int]) -> list[int]:
        """The learners of several profiles, in order."""
        return sorted(itertools.chain.from_iterable(self.learners[place] for place in places))


def recode(
    courses: Sequence[int], values: Sequence[tuple[Hashable, ...]], attributes: Sequence[Attribute], k: int
) -> list[tuple[Cells, ...]]:
    """What is published of each learner, an entry for each attribute.

    `courses` and `values` are those of each learner. Of each set of courses there must be at least k
    learners. Where others must be told less for somebody's sake, those that come last are.
    """
    codings = [_Coding(attribute) for attribute in attributes]
    profiles = _profiles(courses, values, codings)
    groups = _Groups(codings)
    made, alone = _by_nodes(profiles, groups, _nodes(profiles, codings), k)
    members = {group: profiles.of(places) for group, places in made.items()}
    _join(members, {group: profiles.of(places) for group, places in alone.items()}, groups, k)
    told: list[tuple[Cells, ...]] = [()] * len(courses)
    for group, learners in members.items():
        cells = groups.cells(group)
        for learner in learners:
            told[learner] = cells
    return told


def _profiles(
    courses: Sequence[int], values: Sequence[tuple[Hashable, ...]], codings: Sequence[_Coding]
) -> _Profiles:
    profiles = _Profiles([], [[] for _ in codings], [])
    sets: dict[int, int] = {}
    places: dict[tuple[int, ...], int] = {}
    for learner, (of_learner, own) in enumerate(zip(courses, values, strict=True)):
        number = sets.setdefault(of_learner, len(sets))
        coded = [coding.value(value) for coding, value in zip(codings, own, strict=True)]
        place = places.setdefault((number, *coded), len(places))
        if place == len(profiles.sets):
            profiles.sets.append(number)
            profiles.learners.append([])
            for column, code in zip(profiles.values, coded, strict=True):
                column.append(code)
        profiles.learners[place].append(learner)
    return profiles


def _nodes(profiles: _Profiles, codings: Sequence[_Coding]) -> list[Node]:
    """All choices of levels, from the least loss to the greatest; the last one tells nothing."""
    losses = []
    for coding, values in zip(codings, profiles.values, strict=True):
        learners: Counter[int] = Counter()
        for value, of_profile in zip(values, profiles.learners, strict=True):
            learners[value] += len(of_profile)
        losses.append(coding.losses(learners))

    def loss(node: Node) -> tuple[float, Node]:
        bits = sum(of[level] for of, level in zip(losses, node, strict=True))
        return round(bits, _DIGITS), node

    nodes = sorted(itertools.product(*(range(len(coding.told)) for coding in codings)), key=loss)
    last = tuple(len(coding.told) - 1 for coding in codings)
    nodes.remove(last)
    return [*nodes, last]


def _by_nodes(
    profiles: _Profiles, groups: _Groups, nodes: Sequence[Node], k: int
) -> tuple[dict[Group, list[int]], dict[Group, list[int]]]:
    """The places of profiles by what is published of them, in groups of at least k learners; and those that
    are left at the last node, in groups of fewer."""
    made: dict[Group, list[int]] = {}
    places: list[int] = list(range(len(profiles.sets)))
    bases = [groups.of_set(number) for number in profiles.sets]
    sizes = [len(learners) for learners in profiles.learners]
    values = profiles.values
    found: list[Group] = []
    for node in nodes:
        # Whole columns at a time: this is done as often as there are nodes.
        found = bases
        for table, column in zip(groups.tables(node), values, strict=True):
            found = list(map(operator.add, found, map(table.__getitem__, column)))
        number: defaultdict[Group, int] = defaultdict(int)
        for group, size in zip(found, sizes, strict=True):
            number[group] += size
        good = {group for group, size in number.items() if size >= k or group in made}
        if not good:
            continue
        for place, group in zip(places, found, strict=True):
            if group in good:
                made.setdefault(group, []).append(place)
        rest = [group not in good for group in found]
        found, bases, sizes, places = (
            list(itertools.compress(one, rest)) for one in (found, bases, sizes, places)
        )
        values = [list(itertools.compress(column, rest)) for column in values]
    left: dict[Group, list[int]] = {}
    for place, group in zip(places, found, strict=True):
        left.setdefault(group, []).append(place)
    return made, left


def _join(members: dict[Group, list[int]], alone: dict[Group, list[int]], groups: _Groups, k: int) -> None:
    """Make groups of those who were left alone: with as many of other groups of the same courses as are
    needed, which lose least of it (those who are told least, the last of them first). Where no group can
    spare them, the smallest one joins as a whole."""
    of_set: dict[int, list[Group]] = defaultdict(list)
    for group in members:
        of_set[groups.set_of(group)].append(group)
    for nothing, learners in alone.items():
        others = of_set[groups.set_of(nothing)]
        if sum(len(members[other]) - k for other in others) >= k - len(learners):
            for other in sorted(others, key=lambda one: (_told(groups, one, nothing), one)):
                while len(learners) < k and len(members[other]) > k:
                    learners.append(members[other].pop())
        else:
            smallest = min(others, key=lambda one: (len(members[one]), one))
            learners.extend(members.pop(smallest))
        members[nothing] = sorted(learners)


def _told(groups: _Groups, group: Group, nothing: Group) -> int:
    """How many attributes a group tells anything of."""
    pairs = zip(groups.told(group), groups.told(nothing), strict=True)
    return sum(one != other for one, other in pairs)
