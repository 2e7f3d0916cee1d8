"""The embedded engine without Google: nothing of its libraries is loaded, its commands have nothing to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from project import REPOSITORY, Project


@pytest.mark.parametrize("words", [["list"], ["plan"], ["weekly"], ["estimate"], ["adopt"]])
def test_nothing_of_google_is_loaded(built_once: Project, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "doit", *words],
        cwd=built_once.folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.MULTILINE)
    assert "edxtasks.graph.load" in loaded and len(loaded) > 300
    assert [name for name in loaded if name.startswith(("google.", "google_", "requests"))] == []


def test_the_embedded_engine_bills_nothing(built_once: Project) -> None:
    assert built_once.doit("estimate").out.startswith("nothing is billed")
    assert built_once.doit("adopt").out.startswith("nothing to adopt")
