"""The warehouse: where tables live, behind one interface with two engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edxtasks.locks import wait_at_most
from edxtasks.scratch import Scratch, scratch_of

if TYPE_CHECKING:  # a worker that splits logs needs schemas of tables, and no engine
    from edxtasks.config import Settings
    from edxtasks.warehouse.base import ResourceLimits
    from edxtasks.warehouse.interface import Warehouse


def open_warehouse(
    settings: Settings, share: ResourceLimits | None = None, scratch: Scratch | None = None
) -> Warehouse:
    """The warehouse that the settings name.

    `share` is what this process may take of the machine, `scratch` where it keeps files while it works
    (without one: a place of its own).
    """
    wait_at_most(settings.wait)
    scratch = scratch or scratch_of(settings)
    if settings.warehouse.engine == "bigquery":
        from edxtasks.warehouse.bigquery import open_bigquery

        return open_bigquery(settings, scratch)
    from edxtasks.warehouse.parquet import ParquetWarehouse

    return ParquetWarehouse(settings.warehouse.path, share, scratch)
