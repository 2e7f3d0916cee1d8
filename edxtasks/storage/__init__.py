"""Storage: files that others fetch, behind one interface with two stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edxtasks.config import Settings, required
from edxtasks.storage.base import NotStoredError, Stat, Storage
from edxtasks.storage.local import LocalStorage

if TYPE_CHECKING:
    from edxtasks.storage.gcs import GcsStorage

__all__ = ["LocalStorage", "NotStoredError", "Stat", "Storage", "open_bucket", "open_storage"]


def open_storage(settings: Settings) -> Storage:
    """The storage that belongs to the engine of the settings: the bucket with BigQuery, else the folder.

    Raises `SettingsError` when the engine is BigQuery and no bucket is set. Google's libraries are
    imported only for the bucket.
    """
    if settings.warehouse.engine != "bigquery":
        return LocalStorage(settings.storage.path)
    return open_bucket(settings, required(settings, "storage.gs_bucket", str))


def open_bucket(settings: Settings, place: str) -> GcsStorage:
    """A bucket, or a folder in one (`gs://…`), with the project, key and patience of the settings."""
    from edxtasks.storage.cloud import Patience
    from edxtasks.storage.gcs import GcsStorage

    patience = Patience(deadline=settings.warehouse.retry_seconds)
    return GcsStorage(place, settings.warehouse.project_id, settings.auth_key_file, patience)
