"""What is said of a table or dataset that is not there, with the nearest one that is."""

from __future__ import annotations

from edxtasks.errors import UserError, nearest
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.interface import Warehouse


def missing_table(warehouse: Warehouse, name: TableName, shown: str = "") -> UserError:
    """That there is no such table; `shown` is its name as people know it."""
    hint = nearest(name.table, warehouse.table_types(name.dataset))
    return UserError(f"there is no table {shown or name} in {warehouse.where}{hint}")


def missing_dataset(warehouse: Warehouse, dataset: str) -> UserError:
    """That there is no such dataset."""
    hint = nearest(dataset, warehouse.datasets())
    return UserError(f"there is no dataset {dataset} in {warehouse.where}{hint}")
