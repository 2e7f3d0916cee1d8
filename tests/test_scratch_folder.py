"""The folder of a benchmark goes, however the benchmark ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, time
from pathlib import Path
from scratch_folder import scratch_folder

with scratch_folder(sys.argv[1]) as folder:
    (folder / "rows").write_text("of learners")
    print(folder, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def program(above: Path, seconds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(above), str(seconds)],
        cwd=Path(__file__).parent,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_folder_of_a_program_that_is_ended_goes(number: signal.Signals, tmp_path: Path) -> None:
    with program(tmp_path, 60) as ended:
        assert ended.stdout is not None
        folder = Path(ended.stdout.readline().strip())
        assert (folder / "rows").exists() and folder.stat().st_mode & 0o77 == 0
        ended.send_signal(number)
    with program(tmp_path, 0) as following:
        assert following.wait() == 0
    assert [path for path in tmp_path.rglob("*") if path.name != ".lock"] == [tmp_path / folder.parts[-3]]
