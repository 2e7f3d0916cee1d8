"""The data from Python: the page and the notebook run as they stand, on a built campus."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from project import REPOSITORY, Project

import edxtasks
from edxtasks.errors import InputError, SettingsError

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


def test_what_is_not_there_is_told(built_once: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built_once.folder)
    course = built_once.courses[0]
    with edxtasks.open() as data:
        assert data.tracklog(str(course), "2000-01-01").columns  # text is a date, too
        with pytest.raises(SettingsError, match='expected a date YYYY-MM-DD, found "2014-10-40"'):
            data.tracklog(str(course), "2014-10-40")
        with pytest.raises(InputError, match=r"has no day tables between these dates"):
            data.tracklog(str(course), date(1999, 1, 1), date(1999, 1, 2))
        with pytest.raises(
            InputError, match=r'^there is no table person_cours of .*did you mean "person_course"\?$'
        ):
            data.table("person_cours")
        with pytest.raises(InputError, match=r"^there is no table .*\. Make it: doit person_problem_wide$"):
            data.table("person_problem_wide", course=str(course))
        with pytest.raises(InputError, match=r"^Nobody/No/Run is in no course list, and has no tables$"):
            data.table("person_course", course="Nobody/No/Run")


@pytest.mark.parametrize("opened", [edxtasks.open, edxtasks.connect])
def test_a_folder_without_a_project_is_told(
    opened: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDXTASKS_CONFIG", raising=False)
    with pytest.raises(SettingsError, match=r"there is no project in .*: expected config/edxtasks\.toml"):
        opened()
