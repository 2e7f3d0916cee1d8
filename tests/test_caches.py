"""Caches decide nothing: where they cannot be written a person is warned, and the work goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.caches import keeping_no_caches, write_cache
from edxtasks.digests import Digests


def test_a_cache_is_written_with_its_folder(tmp_path: Path) -> None:
    write_cache(tmp_path / "state" / "models.json", b"{}")
    assert (tmp_path / "state" / "models.json").read_bytes() == b"{}"


def test_a_folder_that_cannot_be_written_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    state.write_text("no folder")
    digests = Digests(state / "digests.json")
    digests(state)
    digests.save()
    write_cache(state / "models.json", b"{}")
    assert capsys.readouterr().err == (
        f"warning: {state}: cannot be read or written: File exists. It is a cache: the next run only takes "
        "longer\n"
    )


def test_a_command_that_only_looks_writes_none(tmp_path: Path) -> None:
    with keeping_no_caches():
        write_cache(tmp_path / "state" / "models.json", b"{}")
    assert list(tmp_path.iterdir()) == []
    write_cache(tmp_path / "state" / "models.json", b"{}")
    assert (tmp_path / "state" / "models.json").exists()
