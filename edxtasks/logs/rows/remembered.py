"""Results that are remembered by the text that they were made of: ids, paths and courses repeat in a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

MOST = 50_000
"""Texts remembered; a campus of a hundred courses has about as many paths of requests in a day."""
LONGEST = 1000
"""Characters of the longest text that is remembered."""


class Memo(Generic[Value]):
    """What `work` makes of texts, worked out once as long as not too many others were asked for.

    `known` holds what is known, so that a hot loop asks it first and `learn` only on a `KeyError`, which
    costs a quarter of calling a function with `lru_cache`. Memory is bounded: some 20 MB when it is full of
    paths. Then all is forgotten; what is frequent is known again soon.
    """

    def __init__(self, work: Callable[[str], Value], most: int = MOST) -> None:
        self.known: dict[str, Value] = {}
        self._work = work
        self._most = most

    def __call__(self, text: str) -> Value:
        """What is made of a text."""
        try:
            return self.known[text]
        except KeyError:
            return self.learn(text)

    def learn(self, text: str) -> Value:
        """Work it out, and remember it."""
        value = self._work(text)
        if len(text) <= LONGEST:
            if len(self.known) >= self._most:
                self.known.clear()
            self.known[text] = value
        return value
