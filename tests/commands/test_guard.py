"""What is raised where Python cannot raise, while a command is guarded."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
from edxtasks.commands.guard import NobodyReads, guarded

class Lost:
    def __init__(self, error):
        self.error = error
    def __del__(self):
        raise self.error

with guarded() as guard:
    guard.begin()
    Lost(NobodyReads())
    Lost(KeyboardInterrupt())
    Lost(ValueError("told"))
Lost(KeyboardInterrupt("after"))
"""


def test_an_interruption_in_a_callback_of_python_s_own_is_no_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    told = [
        line for line in ended.stderr.splitlines() if not line.startswith((" ", "Traceback", "Exception"))
    ]
    assert told == ["ValueError: told", "KeyboardInterrupt: after"]
