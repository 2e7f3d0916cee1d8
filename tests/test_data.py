"""The data from Python: the page and the notebook run as they stand, on a built campus."""

from __future__ import annotations

import json
import re

import pytest
from project import REPOSITORY, Project

PAGE = (REPOSITORY / "docs" / "python.md").read_text()
NOTEBOOK = json.loads((REPOSITORY / "docs" / "first-look.ipynb").read_text())


@pytest.mark.parametrize(
    "pieces",
    [
        re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL),
        ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"],
    ],
    ids=["page", "notebook"],
)
def test_the_lines_run(
    pieces: list[str],
    built_once: Project,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(built_once.folder)
    names: dict[str, object] = {}
    assert len(pieces) > 3
    for piece in pieces:
        exec(compile(piece, "docs", "exec"), names)
    shown = capfd.readouterr().out
    assert "person_course: " in shown
    assert "one row for: user_id" in shown


def test_a_notebook_is_kept_without_what_it_printed() -> None:
    assert all(not cell.get("outputs") for cell in NOTEBOOK["cells"])
