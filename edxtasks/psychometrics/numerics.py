"""Whether the libraries are there that the fits need: NumPy, SciPy, threadpoolctl."""

from __future__ import annotations

from importlib.util import find_spec

from edxtasks.errors import UserError
from edxtasks.printable import are

LIBRARIES = ("numpy", "scipy", "threadpoolctl")
"""What the extra `edxtasks[irt]` installs."""


def require(table: str) -> None:
    """Raises `UserError` where a library is missing that `table` needs."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise UserError(
            f"{table} needs {', '.join(missing)}, which {are(len(missing))} not installed: "
            "pip install 'edxtasks[irt]'"
        )
