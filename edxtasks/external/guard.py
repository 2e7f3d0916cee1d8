"""Runs one program and ends it with all its processes when whoever asked for it is gone.

`python guard.py LOG WORD…`: standard input is a pipe that only the one who asks holds open. Nothing of ours
is imported here. The program has LOG as output of both kinds and a session of its own. The exit status is its
own, 128 + N when signal N ended it; a line on stderr tells why it could not be started.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

PATIENCE = 5.0
"""Seconds between asking the program to end and ending it."""


def main(log: str, words: list[str]) -> int:
    """Run the program and give its exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; whoever asked decides
    with open(log, "wb") as output:  # noqa: PTH123 - nothing is imported that is not needed
        try:
            program = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            print(f"cannot run: {error.strerror}", file=sys.stderr)
            return 126
    threading.Thread(target=_end_when_alone, args=(program,), daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


def _end_when_alone(program: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 1024):
        pass
    _kill(program, signal.SIGTERM)
    time.sleep(PATIENCE)
    _kill(program, signal.SIGKILL)
    os._exit(1)


def _kill(program: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
