"""Columns of many rows with few different values: each value is kept once, each row is a number."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator


class Column:
    """A column: what is added gets the next row."""

    def __init__(self, values: Iterable[Hashable] = ()) -> None:
        self.codes = array("I")
        self.values: list[Hashable] = []
        self._known: dict[Hashable, int] = {}
        for value in values:
            self.add(value)

    def add(self, value: Hashable) -> None:
        """Add a row."""
        code = self._known.get(value)
        if code is None:
            code = self._known[value] = len(self.values)
            self.values.append(value)
        self.codes.append(code)

    def __getitem__(self, row: int) -> Hashable:
        return self.values[self.codes[row]]

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Hashable]:
        values = self.values
        return (values[code] for code in self.codes)
