"""No small number is shown, and none can be worked out from those that are: expected values by hand."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest

from edxtasks.pages.cells import Populations, bounded_share, merged, shown_cells, shown_stages


def test_without_small_cells_everything_is_shown() -> None:
    assert shown_cells([10, 25, 11], 10) == [True, True, True]


def test_a_small_cell_takes_the_smallest_other_one_with_it() -> None:
    # 61 in all: without 20 the 9 would be 61 - 20 - 12 - 20
    assert shown_cells([9, 20, 12, 20], 10) == [False, True, False, True]


def test_cells_as_small_as_the_second_one_go_too() -> None:
    # Else who knows the rule would know which of the two tens was left out.
    assert shown_cells([9, 10, 10, 30], 10) == [False, False, False, True]


def test_several_small_cells_do_not_hide_each_other() -> None:
    # The difference of 18 could only be 9 + 9.
    assert shown_cells([9, 9, 40, 50], 10) == [False, False, False, True]


def test_none_is_fewer_than_ten() -> None:
    assert shown_cells([0, 40, 50], 10) == [False, False, True]


def test_each_group_with_a_known_total_is_protected() -> None:
    # Rows {0, 1}, {2, 3} and columns {0, 2}, {1, 3}: each line through the small cell needs another one, and
    # so do the lines through those.
    assert shown_cells([3, 50, 40, 60], 10, [[0, 1], [2, 3], [0, 2], [1, 3]]) == [False] * 4
    assert shown_cells([30, 50, 40, 60], 10, [[0, 1], [2, 3], [0, 2], [1, 3]]) == [True] * 4


def test_with_a_minimum_of_one_nothing_is_hidden() -> None:
    assert shown_cells([0, 1, 2], 1) == [True] * 3
    assert shown_stages([5, 4, 0], 1) == [True] * 3
    assert merged([0, 1, 2], 1) == [range(0, 1), range(1, 2), range(2, 3)]


def test_a_stage_too_near_to_the_one_before_is_not_shown() -> None:
    # 100 - 93 = 7 did not view; 100 - 60 = 40, 60 - 60: the same number came to both
    assert shown_stages([100, 93, 60, 60, 52, 9], 10) == [True, False, True, True, False, False]


def test_neighbours_are_merged_until_none_is_small() -> None:
    assert merged([4, 5, 3, 20, 2, 9, 1], 10) == [range(0, 3), range(3, 4), range(4, 7)]
    assert merged([4, 5], 10) == []


def test_what_is_left_at_the_end_goes_to_the_last() -> None:
    assert merged([12, 15, 3], 10) == [range(0, 1), range(1, 3)]


def test_shares_tell_nothing_of_few() -> None:
    # Of 50, 10 are a fifth: a score of 98 % (one failed) is told as more than 80 %.
    share = bounded_share(0.98, 50, 10)
    assert share is not None
    assert (round(share.value, 6), share.bound) == (0.8, ">")
    share = bounded_share(0.5, 50, 10)
    assert share is not None
    assert (share.value, share.bound) == (0.5, "")
    assert bounded_share(0.5, 19, 10) is None
    assert bounded_share(0.5, 9, 10) is None


def test_numbers_of_learners_are_told_so_that_no_difference_is_small() -> None:
    told = Populations(10)
    assert told.text(396) == "396 learners"
    assert told.text(390) == "about 390 learners"
    assert told.text(9) == "fewer than 10 learners"
    assert told.text(396) == "396 learners"
    assert told.text(386) == "386 learners"


Display = tuple[object, ...]


def _cells(values: Sequence[int]) -> Display:
    shown = shown_cells(values, 3)
    return tuple(value if good else None for value, good in zip(values, shown, strict=True))


def _ranges(values: Sequence[int]) -> Display:
    return tuple((part, sum(values[at] for at in part)) for part in merged(values, 3))


@pytest.mark.parametrize("display", [_cells, _ranges])
@pytest.mark.parametrize("cells", [2, 3, 4])
def test_an_attack_by_totals_finds_no_small_cell(
    display: Callable[[Sequence[int]], Display], cells: int
) -> None:
    """The attacker knows the total, the minimum (3), the rule, and what is shown: which tables are possible?

    No small cell is the same in all of them. Tables of which nothing is shown tell nothing either.
    """
    most = 8
    possible = defaultdict(list)
    for values in itertools.product(range(most + 1), repeat=cells):
        possible[display(values), sum(values)].append(values)
    for (seen, total), tables in possible.items():
        if total > most or not seen or all(one is None for one in seen):
            continue  # larger tables than those listed here have the same total, or nothing is shown
        for at in range(cells):
            assert tables[0][at] >= 3 or len({table[at] for table in tables}) > 1, (seen, total, tables)
