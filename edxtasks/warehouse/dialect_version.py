"""Which code understands and translates the models: for caches of what it makes of a text."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from pathlib import Path

from edxtasks.warehouse.base import digest

_OUTSIDE_THE_DIALECT = ("schema.py",)
"""Modules beside the dialect's that a translation depends on: names of types."""


@cache
def code_version() -> str:
    """Changes whenever the same text could be understood or translated differently: parser and rewrites.

    It stands in a module of its own, since whoever finds a result kept need not import the dialect.
    """
    folder = Path(__file__).parent
    modules = sorted(folder.rglob("dialect*/*.py")) + sorted(folder.glob("dialect*.py"))
    modules += [folder / name for name in _OUTSIDE_THE_DIALECT]
    marks = []
    for path in modules:
        status = path.stat()
        marks.append(f"{path.name}:{status.st_mtime_ns}:{status.st_size}")
    return digest(importlib.metadata.version("sqlglot"), *marks)[:16]
