"""A run whose services do not answer: it ends soon, says once which and since when, and builds nothing."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from project import Project


def test_a_run_without_its_services_waits_for_each_once(
    built_once: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty tables and more fail, each of which would have waited as long as the first."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        project = built_once.copy(tmp_path / "project")
        file = project.folder / "config" / "edxtasks.toml"
        file.write_text(
            file.read_text() + '[warehouse]\nengine = "bigquery"\nproject_id = "p"\nretry_seconds = 2\n'
            f'api_endpoint = "{address}"\n[storage]\ngs_bucket = "gs://campus"\n'
        )
        outcome = project.doit("-n", "4", "weekly", "logs2gs", status=2)
    assert "Traceback" not in outcome.err and "defect" not in outcome.err
    told = re.findall(r"^FAILED  \S+: (.*?) has not answered since [\d: -]+ UTC \((.*?)\)", outcome.err, re.M)
    assert {one for one, _ in told} == {f"{name} at {address}" for name in ("BigQuery", "Cloud Storage")}
    assert {reason for _, reason in told} == {"Connection refused"}
    failed = re.search(r"0 built, .* (\d+) failed", outcome.out)
    assert failed is not None and int(failed[1]) > 50
    # The run and each of its four workers may come upon an outage before another has told of it; no task
    # after them does.
    for service in ("BigQuery", "Cloud Storage"):
        since = {*re.findall(rf"{service} at \S+ has not answered since ([\d: -]+) UTC", outcome.err)}
        assert 1 <= len(since) <= 5, service
