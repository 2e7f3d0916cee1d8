"""The page of the catalog, from its entries."""

from __future__ import annotations

from collections.abc import Sequence

from edxtasks.pages.catalog.columns import columns_picture
from edxtasks.pages.catalog.entries import Entry
from edxtasks.pages.catalog.lineage import lineage
from edxtasks.pages.html import render
from edxtasks.printable import quantity


def catalog_page(tables: Sequence[Entry], courses: int) -> bytes:
    """The page as one HTML file; `courses` is how many the configuration has."""
    built = sum(entry.found.there > 0 for entry in tables)
    columns = sum(len(entry.columns) for entry in tables)
    return render(
        "catalog.html",
        script_file="catalog.js",
        title="Catalog of tables",
        over="What there is, what it means, where it comes from",
        lead=(
            f"{quantity(len(tables), 'table')} with {quantity(columns, 'column')}. "
            f"{quantity(built, 'of them is', 'of them are')} built, for {quantity(courses, 'course')} "
            "of the configuration."
        ),
        tables=tables,
        lineage=lineage,
        columns_picture=columns_picture,
    )
