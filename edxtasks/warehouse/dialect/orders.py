"""Orders, and what is done with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True)
class Order:
    """The keys of an order, as DuckDB texts, those of PARTITION BY among them."""

    keys: frozenset[str]

    def __or__(self, other: Iterable[str]) -> Order:
        return Order(self.keys | frozenset(other))


@dataclass(frozen=True)
class Pending:
    """A use of an order that is judged when the whole SELECT is known."""

    node: exp.Expression
    what: str
    order: Order
    made_of_keys: bool
    grouped: bool
