"""What an audit says is counted, so that one that knew nothing does not look like one that found nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import known_holes
import pytest
from known_holes import holes_of, told

SOUND = {"name": "alpha", "version": "1.0", "vulns": []}
SKIPPED = {"name": "beta", "skip_reason": "Dependency not found on PyPI and could not be audited: beta (2)"}
HOLED = {
    "name": "gamma",
    "version": "3.1",
    "vulns": [
        {"id": "PYSEC-2031-7", "fix_versions": ["3.2", "4.0"], "aliases": [], "description": "x"},
        {"id": "GHSA-aaaa", "fix_versions": [], "aliases": [], "description": "y"},
    ],
}


@pytest.mark.parametrize(
    ("packages", "message", "code"),
    [
        ([SOUND, SOUND], "known holes: none in 2 distributions", 0),
        ([SOUND, SKIPPED], "known holes: none in 1 distributions; of 1 nobody knows", 0),
        ([SKIPPED], "known holes: not looked at, the advisories know nothing of what is installed", 0),
        ([], "known holes: not looked at, the advisories know nothing of what is installed", 0),
        (
            [SKIPPED, HOLED],
            "known holes in what edxtasks needs:\n"
            "gamma 3.1: PYSEC-2031-7, mended in 3.2, 4.0\n"
            "gamma 3.1: GHSA-aaaa, mended in no version yet",
            1,
        ),
    ],
)
def test_what_is_told(packages: list[dict[str, Any]], message: str, code: int) -> None:
    assert told(holes_of({"dependencies": packages, "fixes": []})) == (message, code)


def test_without_an_audit_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyvenv.cfg").touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    assert known_holes.main([str(tmp_path)]) == 0
    assert "not looked at" in capsys.readouterr().err
    assert known_holes.main([str(tmp_path / "elsewhere")]) == 2
