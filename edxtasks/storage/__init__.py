"""Storage: files that others fetch, behind one interface with two stores."""

from __future__ import annotations

from edxtasks.config import Settings, required
from edxtasks.storage.base import NotStoredError, Stat, Storage
from edxtasks.storage.local import LocalStorage

__all__ = ["LocalStorage", "NotStoredError", "Stat", "Storage", "open_storage"]


def open_storage(settings: Settings) -> Storage:
    """The storage that belongs to the engine of the settings: the bucket with BigQuery, else the folder.

    Raises `SettingsError` when the engine is BigQuery and no bucket is set. Google's libraries are
    imported only for the bucket.
    """
    if settings.warehouse.engine != "bigquery":
        return LocalStorage(settings.storage.path)
    from edxtasks.storage.cloud import Patience
    from edxtasks.storage.gcs import GcsStorage

    return GcsStorage(
        required(settings, "storage.gs_bucket", str),
        settings.warehouse.project_id,
        settings.auth_key_file,
        Patience(deadline=settings.warehouse.retry_seconds),
    )
