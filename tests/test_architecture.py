"""Imports go down the floors of docs/architecture.md, never up or across."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "edxtasks"
GROUND = 1.0
"""The floor whose modules may know each other."""


def floors() -> dict[str, float]:
    """The floor of each room: a package, or a module right below `edxtasks`."""
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| (\d½?) \| (.+?) \|", page, re.MULTILINE)
    return {
        room: float(floor.replace("½", ".5"))
        for floor, rooms in rows
        for room in re.findall(r"`(\w+)(?:/|\.py)`", rooms)
    }


def imported(path: Path) -> Iterator[str]:
    """The rooms that a module imports from, at its top or in a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            room = name.removeprefix("edxtasks.").partition(".")[0]
            if room != name and ((PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file()):
                yield room


def test_imports_go_down_the_floors() -> None:
    floor_of = floors()
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for other in imported(path):
            below = floor_of[other] < floor_of[own] or floor_of[other] == floor_of[own] == GROUND
            if other != own and not below:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {other}")
    assert wrong == []
