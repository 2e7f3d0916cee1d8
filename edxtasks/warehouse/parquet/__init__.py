"""The embedded warehouse: a folder of Parquet files, computed by DuckDB.

A dataset is a folder, a table a file `TABLE.parquet`; a table partitioned by date is a folder with a file
a month, `month=2013-09.parquet`. Files are written beside and renamed over, so a reader sees the old
content or the new. Nothing here needs DuckDB until rows are touched: listings and stamps are plain file
reads (docs/architecture.md).
"""

from __future__ import annotations

from edxtasks.warehouse.parquet.warehouse import ParquetWarehouse

__all__ = ["ParquetWarehouse"]
