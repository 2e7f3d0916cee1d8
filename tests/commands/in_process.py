"""doit commands run for real, but in this process: a command takes milliseconds then."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from doit.doit_cmd import DoitMain

from edxtasks import scratch


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of stdout."""
        return self.out.splitlines()


Run = Callable[..., Ended]
"""Runs doit with words; fails when it does not end with `status`, 0 unless it is given."""


def runner(folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> Run:
    """What runs doit in a folder. `capture` is the fixture `capfdbinary`."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(scratch, "_current", None)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(DoitMain, "BIN_NAME", "doit")  # else that of the process that runs the tests

    def doit(*words: str, status: int = 0) -> Ended:
        capture.readouterr()
        sys.modules.pop("dodo", None)  # that of another test
        monkeypatch.setattr(sys, "argv", ["doit", *words])  # the graph is made for these words
        ended = DoitMain().run(list(words))
        out, err = capture.readouterr()
        assert ended == status, (out, err)
        return Ended(ended, out.decode(), err.decode())

    return doit
