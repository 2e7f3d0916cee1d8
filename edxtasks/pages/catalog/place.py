"""Where the catalog is."""

from __future__ import annotations

from edxtasks.build.context import Context
from edxtasks.pages.stored import StoredPage


def stored(context: Context) -> StoredPage:
    """The page in the storage."""
    return StoredPage(context.storage, "catalog", "catalog.html", "catalog")
