"""edxtasks: a make for edX data."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from edxtasks.data import Data

__all__ = ["__version__", "connect", "open"]

__version__ = "0.1.0"


def connect(config: str | Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open the embedded warehouse for reading: a DuckDB connection with a view for every table.

    A dataset is a schema, a table a view in it: `SELECT * FROM MITx__2_03x__3T2013.person_course`. The day
    tables of a course are also together in the view `tracklog` of its dataset `…_logs`. Times are UTC.
    `config` is a configuration file; without it the environment variable EDXTASKS_CONFIG, else
    config/edxtasks.toml below the current folder. The views show what is there now; tables made later need
    a new connection. What cannot be read has no view, and is told by a warning. Raises `SettingsError` for a
    configuration that cannot be used or names no embedded warehouse, and where there is none.
    """
    from edxtasks.config import load_project
    from edxtasks.errors import SettingsError
    from edxtasks.scratch import scratch_of
    from edxtasks.warehouse.catalog import open_views

    settings = load_project(config)
    if settings.warehouse.engine != "duckdb":
        raise SettingsError(
            f'connect() reads the embedded warehouse; engine is "{settings.warehouse.engine}"'
        )
    connection, remarks = open_views(settings.warehouse.path, scratch_of(settings))
    for remark in remarks:
        warnings.warn(remark, stacklevel=2)
    return connection


def open(config: str | Path | None = None) -> Data:
    """The tables of a configuration, for reading, on both engines: see `edxtasks.data.Data`.

    `config` is a configuration file; without it the environment variable EDXTASKS_CONFIG, else
    config/edxtasks.toml below the current folder. Raises `SettingsError` for a configuration that cannot be
    used, and where there is none.
    """
    from edxtasks.data import open_data

    return open_data(config)
