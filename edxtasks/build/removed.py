"""Tables that were made by a table of the registry which is not in it any more."""

from __future__ import annotations

from collections.abc import Iterator

from edxtasks.build.context import Context
from edxtasks.errors import UserError
from edxtasks.table import DATASETS, REPORT
from edxtasks.warehouse.base import TableName

_RECIPE = "recipe"
"""The part of a stamp that every table of the registry has, and nothing else that edxtasks writes."""


def removed_tables(context: Context) -> list[TableName]:
    """The tables of the chosen courses, of their report and of all courses that a build has made, and that no
    table of the registry makes any more.

    A table that others made, a snapshot and a log day are none; nor is one whose note of what it was made
    from is lost.
    """
    found = []
    for dataset, prefix in _datasets(context).items():
        for table, state in context.warehouse.states(dataset).items():
            if state.stamp is None or _is_known(context, f"{prefix}{table}"):
                continue
            parts = context.warehouse.parts(TableName(dataset, table))
            if _RECIPE in parts and not _is_known(context, parts.get("of", "")):
                found.append(TableName(dataset, table))
    return sorted(found)


def _is_known(context: Context, name: str) -> bool:
    return name in context.registry or name in context.declared


def _datasets(context: Context) -> dict[str, str]:
    """The datasets that are looked at, and what stands before the names of their tables in queries."""
    datasets = {name: f"{name}." for name in DATASETS if name != REPORT}
    if context.courses:
        datasets[context.report_dataset()] = f"{REPORT}."
    datasets |= dict.fromkeys(_of_courses(context), "")
    return datasets


def _of_courses(context: Context) -> Iterator[str]:
    for course in context.courses:
        try:
            yield context.dataset_of_course(course)
        except UserError:
            continue  # it holds the tables of another course
