"""Groups of accounts that hang together by addresses: connected components of pairs (username, address).

Two accounts are in one group when they have an address in common, or through other accounts and addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def grouped(pairs: Iterable[tuple[str | None, str | None]]) -> Iterator[tuple[str, str, int]]:
    """The different pairs (username, address) with the number of their group, sorted.

    Pairs without a username or an address are left out. Groups are numbered from 1, in the order in which
    they come first among the sorted pairs, so that the numbers do not hang on the order of the input. Memory:
    the pairs.
    """
    different = sorted({(username, address) for username, address in pairs if username and address})
    parents: dict[tuple[str, str], tuple[str, str]] = {}
    for username, address in different:
        _join(parents, ("username", username), ("address", address))
    numbers: dict[tuple[str, str], int] = {}
    for username, address in different:
        root = _root(parents, ("username", username))
        yield username, address, numbers.setdefault(root, len(numbers) + 1)


def _join(
    parents: dict[tuple[str, str], tuple[str, str]], one: tuple[str, str], other: tuple[str, str]
) -> None:
    first, second = _root(parents, one), _root(parents, other)
    if first != second:
        parents[second] = first


def _root(parents: dict[tuple[str, str], tuple[str, str]], node: tuple[str, str]) -> tuple[str, str]:
    """The node that stands for the group of a node; the way to it is halved for the next time."""
    parents.setdefault(node, node)
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node
