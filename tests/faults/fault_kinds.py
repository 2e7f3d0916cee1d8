"""What is done to runs and their files."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from fault_points import Point
from fault_runs import Length, Started
from project import Project
from test_failures import processes_below, workers_of

UNPRIVILEGED = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
"""What takes from root the right to pass over permissions."""

AMPLE = 2**31

CLOCK = "EDXTASKS_FAULT_CLOCK"
"""Names the file that `clock.c` reads."""


def kill(one: Point, run: Started, length: Length) -> str:
    """Send the signal; says to whom, "" where nobody was there any more."""
    if not run.await_moment(one, length):
        return ""
    main, number = run.process.pid, one.signal_number
    if one.target == "group":
        os.killpg(main, number)
    elif one.target == "all":
        run.process.send_signal(signal.SIGSTOP)  # it may not see its workers end
        for process in [*processes_below(main), main]:
            _send(process, number)
        _send(main, signal.SIGCONT)
    elif one.target == "worker":
        workers = workers_of(main)
        if not workers:
            return ""
        _send(one.random().choice(sorted(workers)), number)
    else:
        run.process.send_signal(number)
    return f"{one.signal} to {one.target}"


def take_permissions(one: Point, project: Project) -> Callable[[], None]:
    """Take the permissions of a folder or file; gives what brings them back."""
    random = one.random()
    path = _chosen(project, random, folders=True)
    before = path.stat().st_mode & 0o7777
    path.chmod(random.choice((0, 0o444, 0o555)))
    print(f"    permissions of {path.relative_to(project.folder)}", flush=True)
    return lambda: path.chmod(before)


def shift_times(one: Point, project: Project) -> None:
    """Let files be of another time: all of a folder, but for rejects, which go by their age."""
    random = one.random()
    moment = random.choice((2_000_000_000, 86_400, time.time() + 3_600))
    folders = [path for path in sorted(project.folder.iterdir()) if path.is_dir()]
    folder = random.choice([path for path in folders if path.name not in {"config", "ledger"}])
    for path in (path for path in (folder, *folder.rglob("*")) if "REJECTS" not in path.parts):
        os.utime(path, (moment, moment), follow_symlinks=False)
    print(f"    times of {folder.name}: {moment}", flush=True)


def clock_library(folder: Path) -> Path:
    """`clock.c`, compiled into a folder."""
    made = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"], check=True)
    return made


def jump(one: Point, run: Started, length: Length, clock: Path) -> str:
    """Let the clock of a run, and of its workers, jump; says how far, "" where it was over. Less than
    `rejects_kept_days`: after these, rejects go as they should."""
    if not run.await_moment(one, length):
        return ""
    seconds = one.random().choice((3_600, -3_600, 86_400, -86_400, 60 * 86_400, -4_000 * 86_400))
    clock.write_text(str(seconds))
    return f"{seconds:+,} s"


def flip(one: Point, project: Project) -> Path:
    """Flip a bit of a file that the product made; its size and its times stay."""
    random = one.random()
    path = _chosen(project, random, folders=False)
    status, content = path.stat(), bytearray(path.read_bytes())
    place = random.randrange(len(content))
    content[place] ^= 1 << random.randrange(8)
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    print(f"    byte {place:,} of {len(content):,} of {path.relative_to(project.folder)}", flush=True)
    return path


def _chosen(project: Project, random: Random, folders: bool) -> Path:
    places = [project.folder / name for name in ("TRACKING_LOGS", "SQL", "warehouse", "storage", "state")]
    own = [path for place in places if place.is_dir() for path in (place, *sorted(place.rglob("*")))]
    chosen = [one for one in own if (folders and one.is_dir()) or _has_content(one)]
    return random.choice(chosen or [project.folder])  # deliveries alone: nothing of ours yet


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _send(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


@contextmanager
def disk(size: int = AMPLE) -> Iterator[Path]:
    """A file system of `size` bytes (root alone may make one)."""
    folder = Path(tempfile.mkdtemp(prefix="edxtasks-faults-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def resize(folder: Path, size: int) -> None:
    """Give the file system of `disk` another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def fill(one: Point, folder: Path, length: Length) -> str:
    """Leave less room on the disk than the run needs for what it adds; says how much."""
    random = one.random()
    left = random.choice(
        (0, 10_000, int(random.random() * length.added), int(random.random() * length.added))
    )
    status = os.statvfs(folder)
    resize(folder, (status.f_blocks - status.f_bfree) * status.f_frsize + left)
    return f"{left:,} bytes free"


def bytes_below(folder: Path) -> int:
    """What the files of a folder take of a disk, in whole pages."""
    return sum(-(-path.lstat().st_size // 4096) * 4096 for path in folder.rglob("*") if path.is_file())
