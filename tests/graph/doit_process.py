"""doit run for real in a folder, with bytes on its standard input and an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from project import REPOSITORY, messages_of, told_all


@dataclass(frozen=True)
class Ended:
    """How a doit command ended: exit status, what it wrote."""

    status: int
    out: bytes
    err: str

    @property
    def told(self) -> list[str]:
        """The messages on stderr, without those of progress, which only a slow machine shows."""
        return messages_of(self.err)

    @property
    def lines(self) -> list[str]:
        """The lines of the standard output."""
        return self.out.decode().splitlines()


def doit(folder: Path, *words: str, stdin: bytes = b"", status: int = 0, **environment: str) -> Ended:
    """Run doit in `folder`; fails when it does not end with `status`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EDXTASKS_")}
    done = subprocess.run(
        [sys.executable, "-m", "doit", *told_all(words)],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(REPOSITORY), **environment},
        input=stdin,
        capture_output=True,
        timeout=600,
        check=False,
    )
    ended = Ended(done.returncode, done.stdout, done.stderr.decode())
    assert ended.status == status, f"{words}: status {ended.status}\n{ended.out!r}\n{ended.err}"
    return ended
