"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from edxtasks.build.registry import read_registry
from edxtasks.table import Table


@pytest.fixture(scope="session")
def registry() -> Mapping[str, Table]:
    """All tables; to read them takes seconds."""
    return read_registry(None)
