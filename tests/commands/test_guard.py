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


PRESSED_AGAIN = """
import signal
from edxtasks.commands.guard import guarded

with guarded() as guard:
    guard.begin()
    for _ in range(2):  # the first is lost, as any may be that comes in a callback
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as heard:
            class Lost:
                def __del__(self):
                    raise KeyboardInterrupt
            Lost()
            print("heard")
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        signal.raise_signal(signal.SIGINT)
        print("cleaned up")
signal.raise_signal(signal.SIGINT)
print("ended")
"""


def test_ctrl_c_again_does_not_break_into_what_is_done_about_the_first() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PRESSED_AGAIN], capture_output=True, text=True, check=False, timeout=300
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("heard\nheard\ncleaned up\nended\n", "", 0)


AT_A_PROMPT = """
import signal
from edxtasks.commands.guard import guarded

with guarded() as guard:
    guard.begin()
    guard.survives_ctrl_c = True
    for _ in range(3):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            print("heard")
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("as before")
"""


def test_at_a_prompt_each_ctrl_c_is_heard() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AT_A_PROMPT], capture_output=True, text=True, check=False, timeout=300
    )
    assert (ended.stdout, ended.stderr) == ("heard\n" * 3 + "as before\n", "")
