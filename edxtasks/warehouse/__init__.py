"""The warehouse: where tables live, behind one interface with two engines."""

from __future__ import annotations

from edxtasks.config import Settings
from edxtasks.warehouse.base import Share, Warehouse


def open_warehouse(settings: Settings, share: Share | None = None) -> Warehouse:
    """The warehouse that the settings name. `share` is what this process may take of the machine."""
    if settings.warehouse.engine == "bigquery":
        from edxtasks.warehouse.bigquery import open_bigquery

        return open_bigquery(settings)
    from edxtasks.warehouse.parquet import ParquetWarehouse

    return ParquetWarehouse(settings.warehouse.path, share)
