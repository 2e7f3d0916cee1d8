"""The registry as the options of a run change it: the same tables, made from something else."""

from __future__ import annotations

from collections.abc import Mapping

from edxtasks.build import geocode
from edxtasks.build.from_files import from_files
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.table import Table


def adapted(
    registry: Mapping[str, Table], settings: Settings, courses: tuple[CourseKey, ...]
) -> Mapping[str, Table]:
    """The registry for a run with these settings over these courses."""
    other = geocode.other_input(settings, courses)
    if other is not None:
        registry = geocode.with_other_input(registry, other)
    if settings.options.from_files:
        combined = from_files(registry[geocode.COMBINED], courses)
        registry = {**registry, combined.name: combined}
    return registry
