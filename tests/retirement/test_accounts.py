"""Whom a name on the command line means."""

from __future__ import annotations

from pathlib import Path

from edxtasks.config import load_settings
from edxtasks.retired import Learner
from edxtasks.retirement.accounts import read_learners


def test_ids_that_are_no_numbers_are_passed_over(tmp_path: Path) -> None:
    """`²` is a digit to Python's `isdigit`, and a number of 5000 digits is none to its `int`."""
    folder = tmp_path / "SQL" / "UnivX__3.14x__1T2016" / "2016-05-01"
    folder.mkdir(parents=True)
    rows = ["id,username,email", "²,ana,a@x.example", f"{'9' * 5000},ana,b@x.example", "7,ana,c@x.example"]
    (folder / "users.csv").write_text("\n".join([*rows, ""]))
    settings = load_settings(tmp_path, {"course_sql_base_dir": str(tmp_path / "SQL")}, {})
    assert read_learners(["ana"], settings, set()) == [Learner("ana", 7, ("c@x.example",), False)]
