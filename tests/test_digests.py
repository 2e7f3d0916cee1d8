"""Digests of files, and which of them a job is told."""

from __future__ import annotations

from pathlib import Path

from edxtasks.build.context import Context
from edxtasks.build.freshness import Status
from edxtasks.config import load_settings
from edxtasks.digests import Digests
from edxtasks.steps.step import Run, Step
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.workers import Job


def test_digests_of_noted_files_alone_are_handed_on(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "sécond"
    for path in (first, second):
        path.write_text(path.name)
    digests = Digests()
    digests(first)
    with digests.noting() as outer:
        digests(second)
        with digests.noting() as inner:
            digests(first)
    digests(first)
    assert (outer, inner) == ({str(second)}, {str(first)})
    assert list(digests.known(inner | {"elsewhere"})) == [str(first)]
    assert list(digests.known()) == [str(first), str(second)]


class Reading(Step):
    """A step that is made from one file."""

    def check(self) -> tuple[Status, str]:
        self.run.context.digests(self.run.context.settings.root / self.name)
        return Status.STALE, ""

    def job(self) -> Job:
        return Job(str, (self.job_context(),))


def test_a_job_is_told_the_digests_that_its_check_asked_for(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    settings = load_settings(tmp_path, {}, {})
    run = Run(Context(settings, {}, ParquetWarehouse(tmp_path / "warehouse"), Digests()))
    steps = [Reading(run, name) for name in ("first", "second")]
    for step in steps:
        step.look()
    assert [list(step.job_context().digests) for step in steps] == [
        [str(tmp_path / "first")],
        [str(tmp_path / "second")],
    ]
