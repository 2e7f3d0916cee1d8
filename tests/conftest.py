"""Fixtures that many tests share."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "graph"))

from project import Project

from edxtasks.psychometrics.numerics import LIBRARIES
from edxtasks.simulate import simulate

# How fast an example is says something of the machine alone.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# The fits cannot be tested where the extra `edxtasks[irt]` is missing; `edxtasks[test]` brings it.
if not all(map(find_spec, LIBRARIES)):
    collect_ignore = [
        f"psychometrics/test_{name}.py"
        for name in ("graded_response", "model_rows", "reliability", "responses")
    ]


@pytest.fixture(scope="session")
def tiny_campus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a simulated campus of two courses and six days, as edX would deliver them."""
    folder = tmp_path_factory.mktemp("campus") / "data"
    simulate(folder, "tiny")
    return folder


@pytest.fixture(scope="session")
def built_once(tiny_campus: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project on the tiny campus in which `weekly` has run. Copy it before changing anything."""
    project = Project.create(tmp_path_factory.mktemp("built") / "project", tiny_campus)
    project.doit("weekly")
    return project


@pytest.fixture
def built(built_once: Project, tmp_path: Path) -> Project:
    """A copy of the built project, to be changed at will."""
    return built_once.copy(tmp_path / "project")
