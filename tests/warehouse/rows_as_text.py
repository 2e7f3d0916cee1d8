"""Rows of a table in a form in which those of two engines can be compared."""

from __future__ import annotations

import math
from datetime import datetime

from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.interface import Warehouse

_OFF_HALVES = 1 + math.pi * 1e-11
"""Moves numbers of ten and a few more digits, such as sums of microseconds, off the middle between two
numbers of nine digits, where the least difference would decide which way they are rounded."""


def rows_as_text(warehouse: Warehouse, name: TableName, columns: tuple[str, ...]) -> list[str]:
    """The rows of a table, in order, as text; floats to nine digits: engines sum in different orders."""
    return sorted(repr([_plain(value) for value in row]) for row in warehouse.read(name, columns))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return float(f"{value * _OFF_HALVES:.9g}") if isinstance(value, float) else value
