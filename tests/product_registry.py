"""The registry of the product, for tests: worked out once in a run of tests, in however many processes."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from filelock import FileLock

from edxtasks.build.registry import read_registry
from edxtasks.table import Table

VARIABLE = "EDXTASKS_TESTS_REGISTRY"
"""The environment variable that holds the folder, of this run of tests alone, where what is worked out of the
models is kept as `state` keeps it in a project. Code that was changed since has another run."""


@functools.cache
def product_registry() -> dict[str, Table]:
    """All tables of the product by name. Tests change none of it."""
    folder = Path(os.environ[VARIABLE])
    with FileLock(folder / "lock"):
        return read_registry(folder)
