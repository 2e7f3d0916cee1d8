"""The environment that the emulators live in: a virtual environment of their own.

bqemulator wants an older sqlglot than the product, so the two cannot share one. `python
tests/emulators/environment.py` makes the environment, `.venv-emulators` at the root of the repository,
unless it is there with the wanted versions; the tests do the same when they need it.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-emulators"
PYTHON = FOLDER / "bin" / "python"

PACKAGES = (
    "bqemulator==1.4.0",
    "gcp-storage-emulator==2026.7.19",
    "numpy>=2,<3",  # bqemulator needs it and does not say so
    "sqlglot[c]",  # compiled: three quarters of the emulator's time go into reading queries
)
_MARK = FOLDER / "packages.txt"


def ready() -> bool:
    """Whether the environment is there, with the wanted packages."""
    return PYTHON.exists() and _MARK.is_file() and _MARK.read_text().split() == list(PACKAGES)


def make() -> Path:
    """Make the environment unless it is ready; its Python is given."""
    # Tests may run in many processes. `.ci/run` calls this with a Python that has no packages.
    with Path(tempfile.gettempdir(), "edxtasks-emulators.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready():
            return PYTHON
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        _MARK.write_text("\n".join(PACKAGES))
    return PYTHON


if __name__ == "__main__":
    print(make())
