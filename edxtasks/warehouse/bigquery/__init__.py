"""BigQuery as a warehouse. Imported only where that engine is chosen: it brings Google's libraries."""

from __future__ import annotations

from edxtasks.config import Settings, required
from edxtasks.scratch import Scratch
from edxtasks.storage import open_bucket
from edxtasks.storage.cloud import Patience
from edxtasks.warehouse.bigquery.service import Service
from edxtasks.warehouse.bigquery.warehouse import BigQueryWarehouse

__all__ = ["BigQueryWarehouse", "Service", "open_bigquery"]


def open_bigquery(settings: Settings, scratch: Scratch) -> BigQueryWarehouse:
    """The warehouse that the settings name. Raises `SettingsError` when no project is set."""
    project = required(settings, "warehouse.project_id", str)
    place = settings.storage.gs_bucket
    service = Service(
        project,
        location=settings.warehouse.location,
        endpoint=settings.warehouse.api_endpoint,
        key_file=settings.auth_key_file,
        patience=Patience(deadline=settings.warehouse.retry_seconds),
        maximum_bytes_billed=settings.warehouse.maximum_bytes_billed,
        reports=settings.options.output_project_id,
        report_dataset=settings.options.output_dataset_id,
    )
    return BigQueryWarehouse(
        service,
        (lambda: open_bucket(settings, place)) if place else None,
        settings.engine.state / "locks",
        days_in_query=settings.days_per_query,
        max_bad_rows=settings.max_bad_rows,
        loads_at_once=settings.warehouse.parallel_loads,
        scratch=scratch,
    )
