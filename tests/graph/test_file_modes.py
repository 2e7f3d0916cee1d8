"""Who may read what a run makes: every file and folder, after runs for real."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from project import Project

PLACES = ("warehouse", "storage", "state", "SQL", "TRACKING_LOGS")


def modes(project: Project) -> dict[str, set[str]]:
    """The modes of all files and folders that the run made, with one of each."""
    found: dict[str, set[str]] = {"files": set(), "folders": set()}
    for place in PLACES:
        for above, _, files in os.walk(project.folder / place):
            found["folders"].add(oct(stat.S_IMODE(Path(above).stat().st_mode)))
            found["files"] |= {oct(stat.S_IMODE(Path(above, name).stat().st_mode)) for name in files}
    return found


def test_what_a_run_makes_is_for_its_owner_alone_and_the_same_as_elsewhere(
    built_once: Project, tiny_campus: Path, tmp_path: Path
) -> None:
    """Of a project of its own: other tests write into those that are shared. A first run in another folder,
    with more tasks at once and more to make, ends with the same tables."""
    project = Project.create(tmp_path / "project", tiny_campus)
    project.doit("-n", "4", "weekly", "dashboard", "docs")
    tables, expected = project.tables(), built_once.tables()
    assert {name: tables.get(name) for name in expected} == expected
    assert all((project.folder / place).is_dir() for place in PLACES)
    assert modes(project) == {"files": {"0o600"}, "folders": {"0o700"}}


def test_a_group_may_share(tiny_campus: Path, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", tiny_campus, file_mode='"0660"')
    project.doit("split")
    found = modes(project)
    assert found["files"] <= {"0o660", "0o600"}  # scratch is never shared
    assert found["folders"] <= {"0o770", "0o700"}
    logs = project.folder / "TRACKING_LOGS"
    for shared in (logs / "META" / ".lock", next(logs.glob("*__*/tracklog-*"))):
        assert stat.S_IMODE(shared.stat().st_mode) == 0o660
        assert stat.S_IMODE(shared.parent.stat().st_mode) == 0o770
