"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from product_registry import product_registry

from edxtasks.table import Table


@pytest.fixture(scope="session")
def registry() -> Mapping[str, Table]:
    """All tables; to read them takes seconds."""
    return product_registry()
