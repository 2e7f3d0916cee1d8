"""Which numbers of learners may be shown: none that is small, nor any from which one can be worked out.

A cell is a number of learners, or a figure behind which a number of learners stands. It is *small* when these
are fewer than the setting `minimum_cell`, none included: also that nobody did something tells of everybody.
With `minimum_cell = 1` everything is shown.

A small cell that is left out comes back as the difference between a total and the other cells. So where cells
have a total that a reader may know, enough others are left out too, or cells are put together. What a figure
shows has gone through one of these functions before it reaches a page, its tables or its downloads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edxtasks.printable import quantity

NOT_SHOWN = "not shown"
"""What stands in the place of a number that is not shown."""


def is_small(learners: int, minimum: int) -> bool:
    """Whether a cell of so many learners is small."""
    return minimum > 1 and learners < minimum


def shown_cells(
    learners: Sequence[int], minimum: int, groups: Iterable[Sequence[int]] | None = None
) -> list[bool]:
    """Which cells are shown that add up to a total: numbers of learners, or figures behind which they stand.

    `groups` are the positions of cells whose total a reader may know (None: all together). Where small cells
    of a group are left out, its smallest other one is too, with all that are as small: those left out
    together can be worked out then, and no single one, also by who knows this rule. Nor are those behind
    them few, where a learner may be behind many cells.
    """
    shown = [not is_small(number, minimum) for number in learners]
    known = [list(group) for group in groups] if groups is not None else [list(range(len(learners)))]
    changed = True
    while changed:  # a cell that is left out for one group is missing in another
        changed = False
        for group in known:
            hidden = [at for at in group if not shown[at]]
            rest = [at for at in group if shown[at]]
            enough = len(hidden) > 1 and max(learners[at] for at in hidden) >= minimum
            if enough or not hidden or not rest:
                continue
            least = min(learners[at] for at in rest)
            for at in rest:
                shown[at] = learners[at] > least
            changed = True
    return shown


def shown_stages(learners: Sequence[int], minimum: int) -> list[bool]:
    """Which cells are shown of which each is part of the one before (registered, viewed, explored …).

    The difference of two that are shown is a cell too: of those who came to the one and not to the other.
    Where the same number came to both there is no such cell.
    """
    shown: list[bool] = []
    before: int | None = None
    for number in learners:
        good = not is_small(number, minimum) and (before is None or apart(before, number, minimum))
        shown.append(good)
        before = number if good else before
    return shown


def apart(one: int, other: int, minimum: int) -> bool:
    """Whether two numbers of learners may both be told."""
    return one == other or not is_small(abs(one - other), minimum)


def merged(learners: Sequence[int], minimum: int) -> list[range]:
    """Ranges of neighbours that are put together so that none is small; they cover all cells.

    [] where all cells together are small. What is left at the end goes to the last range.
    """
    ranges: list[range] = []
    start = total = 0
    for at, number in enumerate(learners):
        total += number
        if not is_small(total, minimum):
            ranges.append(range(start, at + 1))
            start, total = at + 1, 0
    if start < len(learners) and ranges:
        ranges[-1] = range(ranges[-1].start, len(learners))
    return ranges


@dataclass
class Mean:
    """A mean over learners as it may be told: `bound` is "", or "<" or ">" for what lies beyond."""

    value: float
    bound: str = ""


def bounded_share(share: float, learners: int, minimum: int) -> Mean | None:
    """A share of so many learners, 0 to 1; None where nothing of it can be told.

    "98 % of 50 learners" says that one did not: a share is told as far as the few are not fewer than the
    minimum.
    """
    if is_small(learners, minimum):
        return None
    if minimum <= 1:
        return Mean(share)
    least = minimum / learners
    if least > 0.5:
        return None
    if share < least:
        return Mean(least, "<")
    return Mean(1 - least, ">") if share > 1 - least else Mean(share)


def bounded_count(mean: float, least: int, learners: int, minimum: int) -> Mean | None:
    """A mean of numbers of which each is `least` or more, of so many learners; None where it is not told.

    "1.02 attempts of 50 learners" says that one learner made a second one, and "1 of 50" that nobody did:
    a mean is told as far as those above the least number may be no fewer than the minimum.
    """
    if is_small(learners, minimum):
        return None
    bound = least + minimum / learners
    return Mean(bound, "<") if minimum > 1 and mean < bound else Mean(mean)


@dataclass
class Populations:
    """The numbers of learners that a page tells exactly. Two of them differ by no small number.

    One that would is not told, or as a round number: else "who did this but not that" could be worked out.
    """

    minimum: int
    told: list[int] = field(default_factory=list)

    def tell(self, learners: int) -> bool:
        """Whether a number may be told exactly; from then on it counts as told."""
        good = not is_small(learners, self.minimum)
        good = good and all(apart(learners, other, self.minimum) for other in self.told)
        if good:
            self.told.append(learners)
        return good

    def text(self, learners: int) -> str:
        """A number of learners for people."""
        if is_small(learners, self.minimum):
            return f"fewer than {self.minimum} learners"
        if not self.tell(learners):
            rounded = max(1, round(learners / self.minimum)) * self.minimum
            return f"about {quantity(rounded, 'learner')}"
        return quantity(learners, "learner")
