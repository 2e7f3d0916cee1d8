"""The graph: doit tasks made from the registry."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from edxtasks.graph.load import load_namespace

__all__ = ["load"]


def load(folder: Path) -> dict[str, Any]:
    """What a dodo.py in `folder` needs: `DOIT_CONFIG`, and the creator of all tasks."""
    return load_namespace(folder, sys.argv[1:], os.environ)
