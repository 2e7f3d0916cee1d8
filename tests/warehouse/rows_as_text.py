"""Rows of a table in a form in which those of two engines can be compared."""

from __future__ import annotations

from datetime import datetime

from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.interface import Warehouse


def rows_as_text(warehouse: Warehouse, name: TableName, columns: tuple[str, ...]) -> list[str]:
    """The rows of a table, in order, as text; floats to nine digits: engines sum in different orders."""
    return sorted(repr([_plain(value) for value in row]) for row in warehouse.read(name, columns))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    return float(f"{value:.9g}") if isinstance(value, float) else value
