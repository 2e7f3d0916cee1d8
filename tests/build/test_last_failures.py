"""Which tasks failed when they were last tried: kept by runs that know of each other only by the file."""

from __future__ import annotations

from pathlib import Path

from edxtasks.build.last_failures import LastFailures


def test_what_another_run_could_not_make_and_this_one_has_made_has_not_failed(tmp_path: Path) -> None:
    first = LastFailures.read(tmp_path)
    other = LastFailures.read(tmp_path)
    other.failed("campus.forum", "forum:X/1/1", "no space")
    other.failed("campus.roles", "roles:X/1/1", "no space")
    first.succeeded("campus.forum")  # begun before the other one failed
    assert {*LastFailures.read(tmp_path).found} == {"campus.roles"}
    other.failed("campus.forum", "forum:X/1/1", "no space")
    assert {*LastFailures.read(tmp_path).found} == {"campus.forum", "campus.roles"}
