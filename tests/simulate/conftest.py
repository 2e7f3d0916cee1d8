"""One tiny campus for all tests of the simulator: a course with old keys and one with opaque ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.simulate import simulate


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny campus."""
    directory = tmp_path_factory.mktemp("campus")
    simulate(directory, "tiny")
    return directory
