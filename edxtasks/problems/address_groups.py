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
    # Usernames and addresses are two kinds of nodes, each with its own number; `parents` leads from node to
    # node up to the one that stands for the group.
    parents: list[int] = []
    of_username: dict[str, int] = {}
    of_address: dict[str, int] = {}
    for username, address in different:
        _join(parents, _node(parents, of_username, username), _node(parents, of_address, address))
    numbers: dict[int, int] = {}
    for username, address in different:
        root = _root(parents, of_username[username])
        yield username, address, numbers.setdefault(root, len(numbers) + 1)


def _node(parents: list[int], nodes: dict[str, int], name: str) -> int:
    node = nodes.get(name)
    if node is None:
        node = nodes[name] = len(parents)
        parents.append(node)
    return node


def _join(parents: list[int], one: int, other: int) -> None:
    first, second = _root(parents, one), _root(parents, other)
    if first != second:
        parents[second] = first


def _root(parents: list[int], node: int) -> int:
    """The node that stands for the group of a node; the way to it is halved for the next time."""
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node
