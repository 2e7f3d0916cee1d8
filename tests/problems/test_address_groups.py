"""Accounts that hang together by addresses."""

from __future__ import annotations

import itertools

from edxtasks.problems.address_groups import grouped

PAIRS = [
    ("zoe", "10.0.0.1"),
    ("amy", "10.0.0.2"),
    ("bob", "10.0.0.1"),  # with zoe
    ("bob", "10.0.0.3"),
    ("cat", "10.0.0.3"),  # with bob, and so with zoe
    ("10.0.0.2", "10.0.0.9"),  # a username like an address is another thing
]
EXPECTED = [
    ("10.0.0.2", "10.0.0.9", 1),
    ("amy", "10.0.0.2", 2),
    ("bob", "10.0.0.1", 3),
    ("bob", "10.0.0.3", 3),
    ("cat", "10.0.0.3", 3),
    ("zoe", "10.0.0.1", 3),
]


def test_groups_are_the_same_in_whatever_order_pairs_come() -> None:
    for pairs in itertools.permutations(PAIRS):
        assert list(grouped(pairs)) == EXPECTED


def test_pairs_that_come_again_or_lack_a_part() -> None:
    odd = [("", "10.0.0.1"), (None, "10.0.0.2"), ("amy", ""), ("bob", None), *PAIRS, *PAIRS]
    assert list(grouped(odd)) == EXPECTED


def test_a_long_chain_is_one_group() -> None:
    chain = [(f"u{n:06d}", f"a{n + step:06d}") for n in range(50_000) for step in (0, 1)]
    assert {number for *_, number in grouped(chain)} == {1}
    assert {number for *_, number in grouped(reversed(chain))} == {1}


def test_none() -> None:
    assert list(grouped([])) == []
