"""Who built a table, where the user has no name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from project import REPOSITORY

PROGRAM = "import os; from edxtasks.warehouse.base import user_name; os.setuid(54321); print(user_name())"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_a_user_without_a_name_is_told_by_the_number() -> None:
    nameless = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM.replace("import os; os", "import os, sys; import edxtasks.warehouse.base; os"),
        ],
        env=nameless | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "user 54321\n", done.stderr
